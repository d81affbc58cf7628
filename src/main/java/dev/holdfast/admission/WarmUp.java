package dev.holdfast.admission;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Answers reviews before any traffic comes. The API server waits two seconds at most, and the first
 * review of a cold process takes a good part of one; readiness is up when these are done.
 */
@Readiness
@Singleton
class WarmUp implements HealthCheck {
  /** Enough for the first compiler to have been at every method of the path. */
  private static final int REVIEWS = 300;

  private final ReviewHandler handler;
  private volatile boolean done;

  WarmUp(ActivePolicies policies, HoldfastConfig config) {
    handler =
        new ReviewHandler(
            (pod, namespace, known) -> policies.hardener().harden(pod, namespace, known),
            AdmissionRoutes.noCluster(config),
            ReviewObserver.NONE);
  }

  void start(@Observes StartupEvent event) {
    Thread thread = new Thread(this::run, "warm-up");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    byte[] review = sample();
    for (int i = 0; i < REVIEWS; i++) {
      Answer answer = handler.review("application/json", review);
      if (answer.status() != 200) {
        throw new IllegalStateException("the sample review is refused");
      }
    }
    done = true;
  }

  private static byte[] sample() {
    try (InputStream in = WarmUp.class.getResourceAsStream("warm-up.json")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("warm-up").status(done).build();
  }
}
