package dev.holdfast.cluster;

import dev.holdfast.certs.Secrets;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/** Follows the one Secret that holds the webhook's certificate, and no other. */
public final class CertificateSecret implements AutoCloseable {
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "certificate-secret");
            thread.setDaemon(true);
            return thread;
          });
  private final WatchedKind<Secret> watch;

  /**
   * @param client closed by the caller
   * @param changed gets what the Secret holds whenever that changes, empty when it is gone; never
   *     two calls at the same time
   */
  CertificateSecret(
      KubernetesClient client,
      String namespace,
      String name,
      Duration retryPeriod,
      Outage outage,
      Consumer<Map<String, byte[]>> changed) {
    KubernetesClient impatient = FewRetries.of(client);
    watch =
        new WatchedKind<>(
            "secrets",
            "the certificate is not renewed",
            () -> impatient.secrets().inNamespace(namespace).withName(name),
            () ->
                new FactStore<>(
                    (key, secret) -> {
                      changed.accept(Secrets.data(secret));
                      secret.setData(null);
                    },
                    key -> changed.accept(Map.of())),
            retryPeriod,
            executor,
            outage,
            () -> {});
  }

  /** Begins to follow; returns at once. */
  public void start() {
    watch.start();
  }

  /** Why it cannot be followed; "" if it can. */
  public String problem() {
    return watch.problem();
  }

  @Override
  public void close() {
    watch.close();
    executor.shutdownNow();
  }
}
