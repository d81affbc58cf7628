package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** The controller's part of a process: stands for election, and writes while it leads. */
@Singleton
class Controller {
  private static final Logger LOG = Logger.getLogger(Controller.class);

  /** Soon enough for people who look at what they have just applied. */
  private static final long PERIOD_MILLISECONDS = 1_000;

  private final Role role;
  private final String namespace;
  private final ClusterConnection connection;
  private final Instance<KubernetesClient> clients;
  private final Instance<Duty> duties;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(Cluster.daemons("controller"));

  /** Of its own: an election does not wait for a write that gets no answer. */
  private final ScheduledExecutorService elections =
      Executors.newSingleThreadScheduledExecutor(Cluster.daemons("election"));

  private final CertificateConfig certificates;
  private final ClusterConfig clusterConfig;
  private final Config properties;
  private final MeterRegistry meters;
  private volatile Leadership leadership;
  private volatile CertificateRotation rotation;

  Controller(
      @ConfigProperty(name = "holdfast.role", defaultValue = "all") Role role,
      @ConfigProperty(name = "holdfast.namespace") String namespace,
      ClusterConnection connection,
      Instance<KubernetesClient> clients,
      @Any Instance<Duty> duties,
      CertificateConfig certificates,
      ClusterConfig clusterConfig,
      Config properties,
      MeterRegistry meters) {
    this.role = role;
    this.namespace = namespace;
    this.connection = connection;
    this.clients = clients;
    this.duties = duties;
    this.certificates = certificates;
    this.clusterConfig = clusterConfig;
    this.properties = properties;
    this.meters = meters;
  }

  void start(@Observes StartupEvent event) {
    if (role == Role.WEBHOOK || connection.cluster().isEmpty()) {
      return;
    }
    KubernetesClient client = clients.get();
    leadership = new Leadership(client, namespace, identity(), elections);
    leadership.start();
    PolicyStatus status =
        new PolicyStatus(
            client,
            connection.cluster().get(),
            namespace,
            Clock.systemUTC(),
            leadership::isLeading);
    executor.scheduleWithFixedDelay(
        () -> writeIfLeading(status),
        PERIOD_MILLISECONDS,
        PERIOD_MILLISECONDS,
        TimeUnit.MILLISECONDS);
    duties.forEach(duty -> duty.begin(leadership::isLeading));
    if (isSelfManaged()) {
      rotation =
          new CertificateRotation(
              client,
              namespace,
              certificates.secret().orElseThrow(),
              certificates,
              clusterConfig.retryPeriod(),
              connection.cluster().get().outage(),
              leadership::isLeading,
              meters,
              Clock.systemUTC());
      rotation.start();
    }
  }

  /** Whether certificates are ours to make; without a Secret there is no place to keep them. */
  private boolean isSelfManaged() {
    boolean keyStore = false;
    for (String property : properties.getPropertyNames()) {
      keyStore |= property.startsWith("quarkus.tls.webhook.key-store.");
    }
    if (keyStore
        || certificates.mode() != CertificateMode.SELF_MANAGED
        || certificates.secret().isEmpty()) {
      return false;
    }
    if (certificates.service().isEmpty()) {
      throw new IllegalStateException(
          "holdfast.certs.service: expected the name of the Service that certificates are for");
    }
    return true;
  }

  private void writeIfLeading(PolicyStatus status) {
    try {
      if (leadership.isLeading()) {
        status.write();
      }
    } catch (RuntimeException e) {
      // Thrown on, it would end the controller for good, and nobody would know.
      LOG.error("writing the status of policies failed", e);
    }
  }

  /** Before the delay of a graceful stop: another shall take over while we still serve. */
  void resign(@Observes ShutdownDelayInitiatedEvent event) {
    stop();
  }

  void stop(@Observes ShutdownEvent event) {
    stop();
    CertificateRotation current = rotation;
    if (current != null) {
      current.close();
    }
    executor.shutdownNow();
    elections.shutdownNow();
  }

  private void stop() {
    Leadership current = leadership;
    if (current != null) {
      duties.forEach(Duty::end);
      current.close();
    }
  }

  private static String identity() {
    String pod = System.getenv("POD_NAME");
    if (pod != null && !pod.isBlank()) {
      return pod;
    }
    String host = "holdfast";
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      LOG.debug("this host has no name", e);
    }
    return host + "-" + UUID.randomUUID().toString().substring(0, 8);
  }
}
