package dev.holdfast.hardening;

import dev.holdfast.policy.LabelSelector;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of the place where one pod will run. The webhook fills it from its caches, the
 * command line from options and from the files at hand. Immutable.
 *
 * @param apiServer the version of the API server
 * @param oldestKubelet the oldest kubelet that may run the pod; the API server's version where
 *     nodes are not known
 * @param namespaceLabels labels of the pod's namespace; empty where not known
 * @param services Services of the pod's namespace, whether they select the pod or not
 * @param workload the workload that the pod belongs to; empty where not known
 */
public record ClusterFacts(
    KubernetesVersion apiServer,
    KubernetesVersion oldestKubelet,
    Map<String, String> namespaceLabels,
    List<Service> services,
    Optional<Workload> workload) {

  /** Assumed where there is no cluster to ask. */
  public static final KubernetesVersion DEFAULT_VERSION = new KubernetesVersion(1, 34);

  public ClusterFacts {
    namespaceLabels = Map.copyOf(namespaceLabels);
    services = List.copyOf(services);
  }

  /** Nothing is known but the version. */
  public static ClusterFacts of(KubernetesVersion version) {
    return new ClusterFacts(version, version, Map.of(), List.of(), Optional.empty());
  }

  /** Whether the API server and every kubelet are {@code 1.minor} or newer. */
  public boolean everywhereAtLeast(int minor) {
    return apiServer.isAtLeast(minor) && oldestKubelet.isAtLeast(minor);
  }

  /**
   * A Service, as far as it says where traffic goes.
   *
   * @param selector {@code spec.selector}; empty for Services without one, which select nothing
   * @param headless {@code clusterIP: None}
   * @param publishNotReadyAddresses as in the spec
   */
  public record Service(
      String name,
      Map<String, String> selector,
      boolean headless,
      boolean publishNotReadyAddresses,
      List<ServicePort> ports) {
    public Service {
      selector = Map.copyOf(selector);
      ports = List.copyOf(ports);
    }
  }

  /**
   * One port of a Service.
   *
   * @param name the port's name, empty where it has none
   * @param protocol {@code TCP}, {@code UDP} or {@code SCTP}
   * @param targetPort a number or a container port's name
   */
  public record ServicePort(String name, String protocol, String targetPort) {}

  /**
   * The workload that a pod belongs to.
   *
   * @param kind for example {@code Deployment}
   * @param selector {@code spec.selector}; empty where not known
   * @param replicas the fewest replicas that will run (an autoscaler's minimum, else {@code
   *     spec.replicas}); empty where not known
   */
  public record Workload(
      String kind, String name, Optional<LabelSelector> selector, Optional<Integer> replicas) {}
}
