package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Asks for a namespace that no watch has brought: one request a name at a time, and none again for
 * a while, whatever the answer was. Thread-safe.
 */
final class NamespaceLookUp {
  private static final Logger LOG = Logger.getLogger(NamespaceLookUp.class);

  /** The API server waits for us two seconds in all. */
  private static final long DEADLINE_MILLISECONDS = 500;

  /** A change of a label counts within two seconds; the rest of them is for the next request. */
  private static final long FRESH_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(1_500);

  /** Longer than a review takes that has found it fresh. */
  private static final long KEPT_MILLISECONDS = 5_000;

  private final KubernetesClient client;
  private final Executor executor;
  private final Map<String, LookUp> lookUps = new ConcurrentHashMap<>();

  /**
   * @param before what serves reviews that have not waited for this one
   * @param startNanos the answer may be as old as this
   */
  private record LookUp(
      CompletableFuture<Map<String, String>> labels, Map<String, String> before, long startNanos) {
    boolean isFresh() {
      return System.nanoTime() - startNanos < FRESH_NANOSECONDS;
    }

    Map<String, String> found() {
      return labels.getNow(before);
    }
  }

  /**
   * @param executor runs the requests, which block
   */
  NamespaceLookUp(KubernetesClient client, Executor executor) {
    this.client = client;
    this.executor = executor;
  }

  /** The labels as far as a look-up has found them. */
  Map<String, String> found(String namespace) {
    LookUp lookUp = lookUps.get(namespace);
    return lookUp == null ? Map.of() : lookUp.found();
  }

  /** Completes at the deadline at the latest, and never exceptionally; empty if it is done. */
  Optional<CompletableFuture<Void>> of(String namespace) {
    LookUp lookUp =
        lookUps.compute(
            namespace,
            (name, last) ->
                last != null && last.isFresh()
                    ? last
                    : start(name, last == null ? Map.of() : last.found()));
    return lookUp.labels().isDone()
        ? Optional.empty()
        : Optional.of(lookUp.labels().thenAccept(labels -> {}));
  }

  private LookUp start(String namespace, Map<String, String> before) {
    long startNanos = System.nanoTime();
    CompletableFuture<Map<String, String>> labels =
        CompletableFuture.supplyAsync(() -> get(namespace), executor)
            .completeOnTimeout(Map.of(), DEADLINE_MILLISECONDS, TimeUnit.MILLISECONDS)
            .exceptionally(
                failure -> {
                  LOG.debugf("namespace %s cannot be read: %s", namespace, failure.getMessage());
                  return Map.of();
                });
    LookUp lookUp = new LookUp(labels, before, startNanos);
    CompletableFuture.delayedExecutor(KEPT_MILLISECONDS, TimeUnit.MILLISECONDS, executor)
        .execute(() -> lookUps.remove(namespace, lookUp));
    return lookUp;
  }

  private Map<String, String> get(String name) {
    var namespace = client.namespaces().withName(name).get();
    return namespace == null || namespace.getMetadata().getLabels() == null
        ? Map.of()
        : Map.copyOf(namespace.getMetadata().getLabels());
  }
}
