package dev.holdfast.e2e;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Creations of pods at a steady rate, through the API server as dry runs: they are admitted as any
 * other, and leave nothing behind.
 */
final class PodLoad implements AutoCloseable {
  private static final int AT_ONCE = 32;

  private final ApiServer api;
  private final String namespace;
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final ExecutorService senders = Executors.newFixedThreadPool(AT_ONCE);
  private final AtomicInteger sent = new AtomicInteger();
  private final AtomicInteger answered = new AtomicInteger();
  private final List<String> failures = new CopyOnWriteArrayList<>();

  private PodLoad(ApiServer api, String namespace) {
    this.api = api;
    this.namespace = namespace;
  }

  static PodLoad start(ApiServer api, String namespace, int perSecond) {
    PodLoad load = new PodLoad(api, namespace);
    load.clock.scheduleAtFixedRate(
        () -> load.senders.execute(load::send), 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
    return load;
  }

  private void send() {
    ObjectNode pod = ApiServer.pod(namespace, "load-" + sent.getAndIncrement());
    try {
      ApiServer.Answer answer = api.dryRun(pod);
      if (!answer.isAccepted()) {
        failures.add(Instant.now() + " " + answer.body().path("message").asText());
      } else if (ApiServer.pauseOf(answer.body()) == 0) {
        failures.add(Instant.now() + " not hardened");
      }
    } catch (RuntimeException e) {
      failures.add(Instant.now() + " " + e.getCause());
    }
    answered.incrementAndGet();
  }

  /** How many have been answered so far. */
  int answered() {
    return answered.get();
  }

  /** Those that were refused, or came back as they were. */
  List<String> failures() {
    return failures;
  }

  /** Sends no more, and waits for the answers. */
  void finish() {
    clock.shutdownNow();
    senders.shutdown();
    try {
      senders.awaitTermination(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    finish();
  }
}
