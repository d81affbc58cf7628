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
 * Asks for a namespace that no watch has brought yet: one request a name at a time, and none again
 * for a while, whatever the answer was. Thread-safe.
 */
final class NamespaceLookUp {
  private static final Logger LOG = Logger.getLogger(NamespaceLookUp.class);

  /** The API server waits for us two seconds in all. */
  private static final long DEADLINE_MILLISECONDS = 500;

  /** By then the watch knows better; so long a refused look-up is not tried again. */
  private static final long KEPT_MILLISECONDS = 5_000;

  private final KubernetesClient client;
  private final Executor executor;
  private final Map<String, CompletableFuture<Map<String, String>>> lookUps =
      new ConcurrentHashMap<>();

  /**
   * @param executor runs the requests, which block
   */
  NamespaceLookUp(KubernetesClient client, Executor executor) {
    this.client = client;
    this.executor = executor;
  }

  /** The labels as far as a look-up has found them. */
  Map<String, String> found(String namespace) {
    CompletableFuture<Map<String, String>> lookUp = lookUps.get(namespace);
    return lookUp == null ? Map.of() : lookUp.getNow(Map.of());
  }

  /** Completes at the deadline at the latest, and never exceptionally; empty if it is done. */
  Optional<CompletableFuture<Void>> of(String namespace) {
    CompletableFuture<Map<String, String>> lookUp = lookUps.computeIfAbsent(namespace, this::start);
    return lookUp.isDone() ? Optional.empty() : Optional.of(lookUp.thenAccept(labels -> {}));
  }

  private CompletableFuture<Map<String, String>> start(String namespace) {
    CompletableFuture<Map<String, String>> lookUp =
        CompletableFuture.supplyAsync(() -> get(namespace), executor)
            .completeOnTimeout(Map.of(), DEADLINE_MILLISECONDS, TimeUnit.MILLISECONDS)
            .exceptionally(
                failure -> {
                  LOG.debugf("namespace %s cannot be read: %s", namespace, failure.getMessage());
                  return Map.of();
                });
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
