package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.ServicePort;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.policy.LabelSelector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the files of one call tell of the cluster that they are for: Services, labels of Namespaces,
 * replicas that autoscalers keep. What cannot be read is as if it were not there: the API server
 * refuses it, and not we.
 */
final class FileFacts {
  private static final Set<String> WITH_REPLICAS =
      Set.of("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController");

  private final KubernetesVersion version;
  private final String defaultNamespace;
  private final Map<String, String> givenLabels;
  private final Map<String, List<Service>> services = new HashMap<>();
  private final Map<String, Map<String, String>> namespaceLabels = new HashMap<>();
  private final Map<String, Integer> leastReplicas = new HashMap<>();

  /**
   * @param defaultNamespace the namespace of objects that name none
   * @param givenLabels labels of every namespace, which win over those in the files
   */
  FileFacts(KubernetesVersion version, String defaultNamespace, Map<String, String> givenLabels) {
    this.version = version;
    this.defaultNamespace = defaultNamespace;
    this.givenLabels = givenLabels;
  }

  /** Learns what an object tells, if it tells anything. */
  void learn(KubernetesObject object) {
    if (object.apiVersion().equals("v1") && object.kind().equals("Service")) {
      services
          .computeIfAbsent(object.namespace(defaultNamespace), namespace -> new ArrayList<>())
          .add(service(object));
    } else if (object.apiVersion().equals("v1") && object.kind().equals("Namespace")) {
      namespaceLabels.put(object.name(), strings(object.content().at("/metadata/labels")));
    } else if (object.apiVersion().startsWith("autoscaling/")
        && object.kind().equals("HorizontalPodAutoscaler")) {
      JsonNode target = object.content().at("/spec/scaleTargetRef");
      leastReplicas.put(
          target(
              object.namespace(defaultNamespace),
              target.path("kind").asText(),
              target.path("name").asText()),
          replicas(object.content().at("/spec/minReplicas")));
    }
  }

  /** What is known of the place where an object's pods will run. */
  ClusterFacts of(KubernetesObject object) {
    String namespace = object.namespace(defaultNamespace);
    Map<String, String> labels = new HashMap<>(namespaceLabels.getOrDefault(namespace, Map.of()));
    labels.putAll(givenLabels);
    return new ClusterFacts(
        version,
        version,
        labels,
        services.getOrDefault(namespace, List.of()),
        object.kind().equals("Pod") ? Optional.empty() : Optional.of(workload(object, namespace)));
  }

  private Workload workload(KubernetesObject object, String namespace) {
    JsonNode spec = object.content().path("spec");
    Optional<LabelSelector> selector =
        object.kind().equals("ReplicationController")
            ? Optional.of(new LabelSelector(selector(spec), List.of()))
            : LabelSelector.read(spec.path("selector"));
    Optional<Integer> replicas = Optional.empty();
    if (WITH_REPLICAS.contains(object.kind())) {
      Integer autoscaled = leastReplicas.get(target(namespace, object.kind(), object.name()));
      replicas = Optional.of(autoscaled != null ? autoscaled : replicas(spec.path("replicas")));
    }
    return new Workload(
        object.kind(), object.name(), selector.filter(FileFacts::selects), replicas);
  }

  // a workload's empty selector is refused by the API server; the pods' labels serve instead
  private static boolean selects(LabelSelector selector) {
    return !selector.matchLabels().isEmpty() || !selector.matchExpressions().isEmpty();
  }

  // 1 is what the API server writes where there is none
  private static int replicas(JsonNode replicas) {
    return replicas.isInt() && replicas.intValue() >= 0 ? replicas.intValue() : 1;
  }

  private static String target(String namespace, String kind, String name) {
    return namespace + "/" + kind + "/" + name;
  }

  private static Service service(KubernetesObject object) {
    JsonNode spec = object.content().path("spec");
    List<ServicePort> ports = new ArrayList<>();
    for (JsonNode port : spec.path("ports")) {
      String number = port.path("port").asText();
      JsonNode target = port.path("targetPort");
      ports.add(
          new ServicePort(
              port.path("name").asText(""),
              port.path("protocol").asText("TCP"),
              target.isMissingNode() || target.isNull() ? number : target.asText()));
    }
    return new Service(
        object.name(),
        selector(spec),
        spec.path("clusterIP").asText().equals("None"),
        spec.path("publishNotReadyAddresses").asBoolean(),
        ports);
  }

  // all of it or nothing: with a part of its labels it would select more than it does
  private static Map<String, String> selector(JsonNode spec) {
    Map<String, String> labels = strings(spec.path("selector"));
    return labels.size() == spec.path("selector").size() ? labels : Map.of();
  }

  private static Map<String, String> strings(JsonNode node) {
    Map<String, String> strings = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (entry.getValue().isTextual()) {
        strings.put(entry.getKey(), entry.getValue().textValue());
      }
    }
    return strings;
  }
}
