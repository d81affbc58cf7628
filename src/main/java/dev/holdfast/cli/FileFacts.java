package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.ServicePort;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.yaml.YamlDocument;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the manifests themselves tell of the cluster that they are for: their Services, Namespaces
 * and autoscalers. Objects that make no sense are passed over; the API server will say so.
 */
final class FileFacts {
  private final KubernetesVersion version;
  private final String defaultNamespace;
  private final Map<String, String> givenLabels;
  private final Map<String, List<Service>> services = new HashMap<>();
  private final Map<String, Map<String, String>> namespaceLabels = new HashMap<>();
  private final Map<String, Integer> minimumReplicas = new HashMap<>();

  /**
   * @param defaultNamespace of objects that name none
   * @param givenLabels labels that every namespace has beside its own, and that win over them
   */
  FileFacts(KubernetesVersion version, String defaultNamespace, Map<String, String> givenLabels) {
    this.version = version;
    this.defaultNamespace = defaultNamespace;
    this.givenLabels = givenLabels;
  }

  /** Learns from a file. */
  void learn(ManifestFile file) {
    for (YamlDocument document : file.documents()) {
      learn(document.content(), 3);
    }
  }

  private void learn(JsonNode object, int depth) {
    String kind = object.path("kind").asText();
    if (kind.endsWith("List") && object.path("items").isArray() && depth > 0) {
      object.path("items").forEach(item -> learn(item, depth - 1));
      return;
    }
    switch (kind) {
      case "Service" ->
          services
              .computeIfAbsent(namespace(object), key -> new ArrayList<>())
              .add(service(object));
      case "Namespace" ->
          namespaceLabels.put(
              object.at("/metadata/name").asText(), strings(object.at("/metadata/labels")));
      case "HorizontalPodAutoscaler" -> {
        JsonNode target = object.at("/spec/scaleTargetRef");
        JsonNode minimum = object.at("/spec/minReplicas");
        minimumReplicas.put(
            key(namespace(object), target.path("kind").asText(), target.path("name").asText()),
            minimum.isInt() ? minimum.intValue() : 1);
      }
      default -> {}
    }
  }

  /** The namespace of a pod. */
  String namespace(PodPlace place) {
    return place.namespace().orElse(defaultNamespace);
  }

  /** What is known where a pod will run. */
  ClusterFacts of(PodPlace place) {
    String namespace = namespace(place);
    Map<String, String> labels =
        new LinkedHashMap<>(namespaceLabels.getOrDefault(namespace, Map.of()));
    labels.putAll(givenLabels);
    return new ClusterFacts(
        version,
        version,
        labels,
        services.getOrDefault(namespace, List.of()),
        place.workload().map(workload -> withAutoscaler(namespace, workload)));
  }

  private Workload withAutoscaler(String namespace, Workload workload) {
    Integer minimum = minimumReplicas.get(key(namespace, workload.kind(), workload.name()));
    return minimum == null
        ? workload
        : new Workload(workload.kind(), workload.name(), workload.selector(), Optional.of(minimum));
  }

  private String namespace(JsonNode object) {
    JsonNode namespace = object.at("/metadata/namespace");
    return namespace.isTextual() ? namespace.textValue() : defaultNamespace;
  }

  private static String key(String namespace, String kind, String name) {
    return namespace + "/" + kind + "/" + name;
  }

  private static Service service(JsonNode object) {
    JsonNode spec = object.path("spec");
    List<ServicePort> ports = new ArrayList<>();
    for (JsonNode port : spec.path("ports")) {
      JsonNode target = port.path("targetPort");
      ports.add(
          new ServicePort(
              port.path("name").asText(),
              port.path("protocol").asText("TCP"),
              (target.isMissingNode() || target.isNull() ? port.path("port") : target).asText()));
    }
    return new Service(
        object.at("/metadata/name").asText(),
        strings(spec.path("selector")),
        spec.path("clusterIP").asText().equals("None"),
        spec.path("publishNotReadyAddresses").asBoolean(),
        ports);
  }

  private static Map<String, String> strings(JsonNode node) {
    Map<String, String> strings = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      if (member.getValue().isTextual()) {
        strings.put(member.getKey(), member.getValue().textValue());
      }
    }
    return strings;
  }
}
