package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.yaml.YamlDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pod, or a pod template of a workload, in a document.
 *
 * @param file the file's name
 * @param document the document it is in
 * @param object JSON pointer to the object; "" unless it is an item of a List
 * @param below JSON pointer from the object to the pod; "" for a Pod
 * @param kind of the object
 * @param namespace as written, empty if it is not
 * @param name of the object, "" if it has none
 * @param pod the pod or template
 */
record PodPlace(
    String file,
    YamlDocument document,
    String object,
    String below,
    String kind,
    Optional<String> namespace,
    String name,
    ObjectNode pod) {

  /** Where the pod is, by {@code apiVersion/kind}; for each the pointer from the object. */
  private static final Map<String, String> TEMPLATES =
      Map.of(
          "v1/Pod", "",
          "v1/ReplicationController", "/spec/template",
          "apps/v1/Deployment", "/spec/template",
          "apps/v1/StatefulSet", "/spec/template",
          "apps/v1/DaemonSet", "/spec/template",
          "apps/v1/ReplicaSet", "/spec/template",
          "batch/v1/Job", "/spec/template",
          "batch/v1/CronJob", "/spec/jobTemplate/spec/template");

  /** Lists in lists do not exist; this only bounds what hostile input can do. */
  private static final int MAX_DEPTH = 3;

  /** All pods and templates of a document, in order. */
  static List<PodPlace> in(String file, YamlDocument document) {
    List<PodPlace> places = new ArrayList<>();
    find(file, document, "", document.content(), MAX_DEPTH, places);
    return places;
  }

  private static void find(
      String file,
      YamlDocument document,
      String pointer,
      JsonNode object,
      int depth,
      List<PodPlace> places) {
    String kind = object.path("kind").asText();
    if (kind.endsWith("List") && object.path("items").isArray() && depth > 0) {
      for (int i = 0; i < object.path("items").size(); i++) {
        find(
            file,
            document,
            pointer + "/items/" + i,
            object.path("items").get(i),
            depth - 1,
            places);
      }
      return;
    }
    String below = TEMPLATES.get(object.path("apiVersion").asText() + "/" + kind);
    if (below != null && object.at(below) instanceof ObjectNode pod) {
      JsonNode namespace = object.at("/metadata/namespace");
      places.add(
          new PodPlace(
              file,
              document,
              pointer,
              below,
              kind,
              namespace.isTextual() ? Optional.of(namespace.textValue()) : Optional.empty(),
              object.at("/metadata/name").asText(),
              pod));
    }
  }

  /** JSON pointer from the document to something in the pod. */
  String pointer(String inPod) {
    return object + below + inPod;
  }

  /** The object that the pod belongs to; empty for a Pod of its own. */
  Optional<Workload> workload() {
    if (below.isEmpty()) {
      return Optional.empty();
    }
    JsonNode spec = document.content().at(object).path("spec");
    return Optional.of(
        new Workload(kind, name, LabelSelector.read(spec.path("selector")), replicas(spec)));
  }

  private Optional<Integer> replicas(JsonNode spec) {
    return switch (kind) {
      case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController" ->
          spec.path("replicas").isInt()
              ? Optional.of(spec.path("replicas").intValue())
              // The API server's default.
              : spec.path("replicas").isMissingNode() ? Optional.of(1) : Optional.empty();
      default -> Optional.empty();
    };
  }
}
