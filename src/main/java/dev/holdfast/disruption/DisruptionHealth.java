package dev.holdfast.disruption;

import jakarta.inject.Singleton;
import java.util.Map;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Tells what is done about disruption budgets, and what is in the way; always up. */
@Readiness
@Singleton
class DisruptionHealth implements HealthCheck {
  private final Disruption disruption;

  DisruptionHealth(Disruption disruption) {
    this.disruption = disruption;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("disruption-budgets");
    Map<String, String> problems = disruption.problems();
    problems.forEach(response::withData);
    return response.up().withData("state", disruption.state()).build();
  }
}
