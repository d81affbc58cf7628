package dev.holdfast.admission;

import dev.holdfast.certs.ServingPair;
import dev.holdfast.cluster.Role;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Down before there is a certificate, and when the one that is served has expired: no client would
 * accept it. Anything else that is wrong is only told.
 */
@Readiness
@Singleton
class CertificateHealth implements HealthCheck {
  private final Certificates certificates;
  private final HoldfastConfig config;
  private final Clock clock = Clock.systemUTC();

  CertificateHealth(Certificates certificates, HoldfastConfig config) {
    this.certificates = certificates;
    this.config = config;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("certificate");
    if (config.role() == Role.CONTROLLER) {
      return response.up().build();
    }
    Optional<Instant> expiry = certificates.served().map(ServingPair::expiry);
    expiry.ifPresent(until -> response.withData("validUntil", until.toString()));
    if (!certificates.problem().isEmpty()) {
      response.withData("problem", certificates.problem());
    }
    return response.status(expiry.filter(clock.instant()::isBefore).isPresent()).build();
  }
}
