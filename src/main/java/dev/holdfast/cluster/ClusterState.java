package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.KubernetesVersion;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The facts about the cluster, as the watches bring them. Values are immutable and replaced whole;
 * reading takes no lock. Thread-safe.
 */
final class ClusterState {
  private final Map<String, Map<String, String>> namespaces = new ConcurrentHashMap<>();
  private final Map<String, Services> services = new ConcurrentHashMap<>();
  private final Map<Key, Controller> controllers = new ConcurrentHashMap<>();
  private final Map<String, KubernetesVersion> kubelets = new ConcurrentHashMap<>();
  private volatile Optional<KubernetesVersion> oldestKubelet = Optional.empty();
  private volatile KubernetesVersion apiServer = KubernetesVersion.UNKNOWN;

  /** What a {@code controller: true} owner reference names. */
  record Key(String namespace, String kind, String name) {}

  /**
   * An object that controls pods, or controls what controls them.
   *
   * @param uid tells it from an older object of the same name
   * @param owner its own controller
   */
  record Controller(String uid, Workload workload, Optional<Reference> owner) {}

  /** One owner reference. */
  record Reference(String kind, String name, String uid) {}

  private record Services(Map<String, Service> byName, List<Service> all) {
    static final Services NONE = new Services(Map.of(), List.of());

    static Services of(Map<String, Service> byName) {
      return new Services(byName, List.copyOf(byName.values()));
    }
  }

  /**
   * @param found labels of the namespace as far as it was looked up; count where it is not known
   * @param nodesKnown whether the nodes are listed; else any kubelet may be there
   */
  ClusterFacts facts(
      String namespace, Map<String, String> found, boolean nodesKnown, ObjectNode pod) {
    return new ClusterFacts(
        apiServer,
        nodesKnown ? oldestKubelet.orElse(apiServer) : KubernetesVersion.UNKNOWN,
        namespaces.getOrDefault(namespace, found),
        services.getOrDefault(namespace, Services.NONE).all,
        workload(namespace, pod));
  }

  /** The top of the chain of controllers, as far as it is known. */
  private Optional<Workload> workload(String namespace, ObjectNode pod) {
    Optional<Reference> owner = controllerOf(pod.path("metadata").path("ownerReferences"));
    Optional<Workload> found = Optional.empty();
    Set<Key> seen = new HashSet<>();
    while (owner.isPresent()) {
      Key key = new Key(namespace, owner.get().kind(), owner.get().name());
      Controller controller = controllers.get(key);
      if (controller == null || !controller.uid().equals(owner.get().uid()) || !seen.add(key)) {
        return found;
      }
      found = Optional.of(controller.workload());
      owner = controller.owner();
    }
    return found;
  }

  private static Optional<Reference> controllerOf(JsonNode owners) {
    for (JsonNode owner : owners) {
      if (owner.path("controller").asBoolean()) {
        return Optional.of(
            new Reference(
                owner.path("kind").asText(),
                owner.path("name").asText(),
                owner.path("uid").asText()));
      }
    }
    return Optional.empty();
  }

  boolean knowsNamespace(String name) {
    return namespaces.containsKey(name);
  }

  /** The labels of every namespace that is known; a view. */
  Map<String, Map<String, String>> namespaces() {
    return Collections.unmodifiableMap(namespaces);
  }

  void putNamespace(String name, Map<String, String> labels) {
    namespaces.put(name, Map.copyOf(labels));
  }

  void removeNamespace(String name) {
    namespaces.remove(name);
  }

  void putService(String namespace, Service service) {
    services.compute(
        namespace,
        (key, before) -> {
          Map<String, Service> byName = copy(before);
          byName.put(service.name(), service);
          return Services.of(byName);
        });
  }

  void removeService(String namespace, String name) {
    services.computeIfPresent(
        namespace,
        (key, before) -> {
          Map<String, Service> byName = copy(before);
          byName.remove(name);
          return byName.isEmpty() ? null : Services.of(byName);
        });
  }

  private static Map<String, Service> copy(Services services) {
    return services == null ? new LinkedHashMap<>() : new LinkedHashMap<>(services.byName);
  }

  void putController(Key key, Controller controller) {
    controllers.put(key, controller);
  }

  void removeController(Key key) {
    controllers.remove(key);
  }

  /**
   * @param kubelet empty if the node does not say, or nothing that can be read
   */
  void putNode(String name, Optional<KubernetesVersion> kubelet) {
    KubernetesVersion before =
        kubelet.isPresent() ? kubelets.put(name, kubelet.get()) : kubelets.remove(name);
    if (!Optional.ofNullable(before).equals(kubelet)) {
      oldestKubelet = kubelets.values().stream().min(KubernetesVersion::compareTo);
    }
  }

  void removeNode(String name) {
    putNode(name, Optional.empty());
  }

  void setApiServer(KubernetesVersion version) {
    apiServer = version;
  }

  KubernetesVersion apiServer() {
    return apiServer;
  }

  boolean knowsApiServer() {
    return apiServer != KubernetesVersion.UNKNOWN;
  }
}
