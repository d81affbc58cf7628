package dev.holdfast.admission;

import dev.holdfast.certs.Handshake;
import dev.holdfast.cluster.Role;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpsServerStart;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Answers reviews and a handshake before any traffic comes. The API server waits two seconds at
 * most, and the first of either takes a cold process a good part of one; readiness is up when these
 * are done.
 */
@Readiness
@Singleton
class WarmUp implements HealthCheck {
  /** Enough for the first compiler to have been at every method of the path. */
  private static final int REVIEWS = 300;

  private final ReviewHandler handler;
  private volatile boolean reviewed;
  private volatile boolean called;

  WarmUp(ActivePolicies policies, HoldfastConfig config) {
    handler =
        new ReviewHandler(
            (pod, namespace, known) -> policies.hardener().harden(pod, namespace, known),
            AdmissionRoutes.noCluster(config),
            ReviewObserver.NONE);
    called = config.role() == Role.CONTROLLER;
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
    reviewed = true;
  }

  /**
   * Calls ourselves once; before there is a certificate that fails, but has loaded all the same.
   */
  void call(@ObservesAsync HttpsServerStart event) {
    String host = event.options().getHost();
    int port = event.options().getPort();
    // 0 and less stand for any port, and this one is not told.
    if (!called && port > 0) {
      InetSocketAddress bound = new InetSocketAddress(host, port);
      InetAddress address =
          bound.getAddress() == null || bound.getAddress().isAnyLocalAddress()
              ? InetAddress.getLoopbackAddress()
              : bound.getAddress();
      Handshake.shown(new InetSocketAddress(address, port), "localhost");
    }
    called = true;
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
    return HealthCheckResponse.named("warm-up").status(reviewed && called).build();
  }
}
