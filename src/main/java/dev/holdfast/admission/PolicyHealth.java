package dev.holdfast.admission;

import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Shows what is wrong with the policy file. Always up: the last good policies serve. */
@Readiness
@Singleton
class PolicyHealth implements HealthCheck {
  private final ActivePolicies policies;

  PolicyHealth(ActivePolicies policies) {
    this.policies = policies;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("policy").up();
    return policies.problem().isEmpty()
        ? response.build()
        : response.withData("problem", policies.problem()).build();
  }
}
