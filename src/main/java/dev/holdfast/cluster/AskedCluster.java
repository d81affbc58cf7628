package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.certs.ClientFailures;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.policy.PolicySet;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * A cluster that a command asks once. It knows what the webhook knows, read by the same watches, so
 * that both answer the same; it only reads.
 */
public final class AskedCluster implements AutoCloseable {
  /** Long enough to list a large cluster over a slow line. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final long LOOK_MILLISECONDS = 10;

  /** By default the client tries for half a minute where nobody listens. */
  private static final int RETRIES = 1;

  /** A call asks once: what is refused is not tried again. */
  private static final Duration NEVER = Duration.ofDays(1);

  private final KubernetesClient client;
  private final Cluster cluster;
  private final String url;

  private AskedCluster(
      KubernetesClient client, String url, BiConsumer<Cluster, KubernetesClient> prepare) {
    this.client = client;
    this.url = url;
    cluster = new Cluster(client, NEVER, NEVER);
    prepare.accept(cluster, client);
  }

  /**
   * Whether the environment names a cluster: in a pod, or by {@code KUBECONFIG}, even where the
   * file is not there, which {@link #ask} tells.
   */
  public static boolean isNamed(Map<String, String> environment) {
    return ClusterFinder.isPlain(environment) || ClusterFinder.mistake(environment).isPresent();
  }

  /**
   * Asks the cluster that kubectl would ask.
   *
   * @param environment the process's
   * @throws UnreachableException if it does not answer, or not to us
   */
  public static AskedCluster ask(Map<String, String> environment) throws UnreachableException {
    return ask(environment, (cluster, client) -> {});
  }

  /**
   * Asks the cluster that kubectl would ask.
   *
   * @param environment the process's
   * @param prepare gets the cluster before anything is asked, to follow more of it
   * @throws UnreachableException if it does not answer, or not to us
   */
  public static AskedCluster ask(
      Map<String, String> environment, BiConsumer<Cluster, KubernetesClient> prepare)
      throws UnreachableException {
    Config config;
    try {
      config = ClusterFinder.find(environment);
    } catch (RuntimeException e) {
      throw new UnreachableException("the kubeconfig cannot be read: " + ClientFailures.words(e));
    }
    config.setRequestRetryBackoffLimit(RETRIES);
    AskedCluster asked =
        new AskedCluster(
            new KubernetesClientBuilder().withConfig(config).build(),
            config.getMasterUrl(),
            prepare);
    try {
      asked.read();
    } catch (RuntimeException | UnreachableException e) {
      asked.close();
      throw e instanceof UnreachableException known
          ? known
          : new UnreachableException(
              "the cluster at " + asked.url + " does not answer: " + ClientFailures.words(e));
    }
    return asked;
  }

  private void read() throws UnreachableException {
    // fails at once where nobody listens
    client.getKubernetesVersion();
    cluster.start();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!cluster.isSynced()) {
      if (System.nanoTime() > deadline) {
        throw new UnreachableException("the cluster at " + url + " does not say all that it knows");
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new UnreachableException("interrupted");
      }
    }
  }

  /** The API server's address. */
  public String url() {
    return url;
  }

  /** The policies that there are; empty where the cluster does not know the custom resource. */
  public Optional<PolicySet> policies() {
    return cluster.policies();
  }

  /** What is wrong with policies that cannot be used, by their names. */
  public Map<String, String> badPolicies() {
    Map<String, String> bad = new LinkedHashMap<>();
    cluster
        .policyObjects()
        .all()
        .forEach(
            (name, policy) -> {
              if (!policy.problem().isEmpty()) {
                bad.put(name, policy.problem());
              }
            });
    return bad;
  }

  /** What could not be read, by the plural name of the kind, and why. */
  public Map<String, String> problems() {
    return cluster.problems();
  }

  /** The facts about one pod, as the webhook has them. */
  public ClusterFacts facts(String namespace, ObjectNode pod) {
    cluster.lookUp(namespace).ifPresent(stage -> stage.toCompletableFuture().join());
    return cluster.facts(namespace, pod);
  }

  @Override
  public void close() {
    cluster.close();
    client.close();
  }

  /** The cluster cannot be asked; the message says which and why. */
  public static final class UnreachableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** With what is to be told. */
    public UnreachableException(String message) {
      super(message);
    }
  }
}
