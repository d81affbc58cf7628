package dev.holdfast.admission;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Looks at the files that may change while we serve: one thread, never the event loop's. */
@Singleton
class Watcher {
  private static final Logger LOG = Logger.getLogger(Watcher.class);

  private final ActivePolicies policies;
  private final Certificates certificates;
  private final HoldfastConfig config;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "watcher");
            thread.setDaemon(true);
            return thread;
          });

  Watcher(ActivePolicies policies, Certificates certificates, HoldfastConfig config) {
    this.policies = policies;
    this.certificates = certificates;
    this.config = config;
  }

  void start(@Observes StartupEvent event) {
    certificates.start();
    every("holdfast.policy-reload-period", config.policyReloadPeriod(), policies::refresh);
    every(
        "holdfast.certificate-reload-period",
        config.certificateReloadPeriod(),
        certificates::refresh);
  }

  void stop(@Observes ShutdownEvent event) {
    executor.shutdownNow();
  }

  private void every(String property, Duration period, Runnable look) {
    if (period.toMillis() < 1) {
      throw new IllegalArgumentException(property + ": must be at least 1ms");
    }
    executor.scheduleWithFixedDelay(
        () -> {
          try {
            look.run();
          } catch (RuntimeException | Error e) {
            // Thrown on, it would end the watch for good, and nobody would know.
            LOG.error("looking at files failed", e);
          }
        },
        period.toMillis(),
        period.toMillis(),
        TimeUnit.MILLISECONDS);
  }
}
