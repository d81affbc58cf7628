package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** The cluster that this process works for, if there is one. */
@Singleton
public class ClusterConnection {
  private static final Logger LOG = Logger.getLogger(ClusterConnection.class);

  private final Optional<Cluster> cluster;
  private final ClusterConfig config;
  private final String namespace;
  private final Instance<KubernetesClient> clients;

  ClusterConnection(
      ClusterConfig config,
      @ConfigProperty(name = "holdfast.namespace") String namespace,
      Instance<KubernetesClient> clients,
      MeterRegistry meters) {
    this.config = config;
    this.namespace = namespace;
    this.clients = clients;
    boolean enabled = config.enabled().orElseGet(() -> ClusterFinder.isPlain(System.getenv()));
    cluster =
        enabled
            ? Optional.of(new Cluster(clients.get(), config.retryPeriod(), config.versionPeriod()))
            : Optional.empty();
    cluster.ifPresent(live -> measure(live, meters));
  }

  private static void measure(Cluster cluster, MeterRegistry meters) {
    for (String kind : cluster.kinds()) {
      Gauge.builder("holdfast.cluster.degraded", () -> cluster.problems().containsKey(kind) ? 1 : 0)
          .description("1 while a kind of objects cannot be followed, and what is known serves")
          .tag("kind", kind)
          .register(meters);
    }
    Gauge.builder("holdfast.cluster.synced", () -> cluster.isSynced() ? 1 : 0)
        .description("1 once all that is to be known of the cluster is known")
        .register(meters);
    Gauge.builder("holdfast.policies.invalid", () -> cluster.policyObjects().invalid())
        .description("HardeningPolicies that cannot be used as they are now")
        .register(meters);
  }

  void start(@Observes StartupEvent event) {
    ClusterFinder.mistake(System.getenv()).ifPresent(LOG::warn);
    cluster.ifPresent(Cluster::start);
    if (cluster.isEmpty()) {
      LOG.info("no cluster is asked: namespaces have no labels, and no Services are known");
    }
  }

  void stop(@Observes ShutdownEvent event) {
    cluster.ifPresent(Cluster::close);
  }

  /**
   * Follows the Secret of our namespace that holds the webhook's certificate; where a cluster is
   * asked only.
   *
   * @param changed gets what it holds whenever that changes, empty when it is gone; must not throw
   */
  public CertificateSecret followSecret(String name, Consumer<Map<String, byte[]>> changed) {
    CertificateSecret secret =
        new CertificateSecret(
            clients.get(),
            namespace,
            name,
            config.retryPeriod(),
            cluster.orElseThrow().outage(),
            changed);
    secret.start();
    return secret;
  }

  /** Empty where no cluster is asked. */
  public Optional<Cluster> cluster() {
    return cluster;
  }
}
