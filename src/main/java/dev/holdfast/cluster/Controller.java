package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
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
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "controller");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Leadership leadership;

  Controller(
      @ConfigProperty(name = "holdfast.role", defaultValue = "all") Role role,
      @ConfigProperty(name = "holdfast.namespace") String namespace,
      ClusterConnection connection,
      Instance<KubernetesClient> clients,
      @Any Instance<Duty> duties) {
    this.role = role;
    this.namespace = namespace;
    this.connection = connection;
    this.clients = clients;
    this.duties = duties;
  }

  void start(@Observes StartupEvent event) {
    if (role == Role.WEBHOOK || connection.cluster().isEmpty()) {
      return;
    }
    KubernetesClient client = clients.get();
    leadership = new Leadership(client, namespace, identity(), executor);
    leadership.start();
    PolicyStatus status =
        new PolicyStatus(client, connection.cluster().get(), namespace, Clock.systemUTC());
    executor.scheduleWithFixedDelay(
        () -> writeIfLeading(status),
        PERIOD_MILLISECONDS,
        PERIOD_MILLISECONDS,
        TimeUnit.MILLISECONDS);
    duties.forEach(duty -> duty.begin(leadership::isLeading));
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
    executor.shutdownNow();
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
