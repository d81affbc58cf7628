package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.yaml.Position;
import dev.holdfast.yaml.YamlDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One object of a file: a document, or an item of a list.
 *
 * @param file where it is from
 * @param document the document that it is, or is in
 * @param pointer JSON pointer to it in the document, "" if it is the document
 * @param content its tree, not to be changed
 * @param apiVersion its own, or that of the list it is in; "" if it has none
 * @param kind likewise
 */
record KubernetesObject(
    ManifestFile file,
    YamlDocument document,
    String pointer,
    ObjectNode content,
    String apiVersion,
    String kind) {

  /** Kinds with pods in them, by version, and where in the object the pod is. */
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

  private static final String LIST = "List";

  /** All objects of a file, items of lists (and of lists in lists) one by one, in their order. */
  static List<KubernetesObject> of(ManifestFile file) {
    List<KubernetesObject> objects = new ArrayList<>();
    for (YamlDocument document : file.documents()) {
      add(objects, file, document, "", document.content(), "", "");
    }
    return objects;
  }

  // items of a typed list (PodList) have no apiVersion and kind in what an API server answers
  private static void add(
      List<KubernetesObject> objects,
      ManifestFile file,
      YamlDocument document,
      String pointer,
      JsonNode node,
      String listVersion,
      String listedKind) {
    if (!(node instanceof ObjectNode content)) {
      return;
    }
    String version = content.path("apiVersion").asText(listVersion);
    String kind = content.path("kind").asText(listedKind);
    if (isList(version, kind)) {
      String itemKind = kind.substring(0, kind.length() - LIST.length());
      JsonNode items = content.path("items");
      for (int i = 0; i < items.size() && items.isArray(); i++) {
        String item = pointer + "/items/" + i;
        add(objects, file, document, item, items.get(i), version, itemKind);
      }
    } else {
      objects.add(new KubernetesObject(file, document, pointer, content, version, kind));
    }
  }

  private static boolean isList(String version, String kind) {
    if (!kind.endsWith(LIST)) {
      return false;
    }
    String item = kind.substring(0, kind.length() - LIST.length());
    return version.equals("v1") && (item.isEmpty() || isFact(item))
        || TEMPLATES.containsKey(version + "/" + item)
        || version.startsWith("autoscaling/") && item.equals("HorizontalPodAutoscaler")
        || version.equals("policy/v1") && item.equals("PodDisruptionBudget");
  }

  private static boolean isFact(String kind) {
    return kind.equals("Service") || kind.equals("Namespace");
  }

  /** {@code metadata.name}; "" if it has none. */
  String name() {
    return text("/metadata/name");
  }

  /** Its name for people, such as {@code web-?} where the API server makes the rest of it. */
  String givenName() {
    return name().isEmpty() ? text("/metadata/generateName") + "?" : name();
  }

  /** {@code metadata.namespace}, else the given one. */
  String namespace(String otherwise) {
    String namespace = text("/metadata/namespace");
    return namespace.isEmpty() ? otherwise : namespace;
  }

  private String text(String pointer) {
    JsonNode node = content.at(pointer);
    return node.isTextual() ? node.textValue() : "";
  }

  /** JSON pointer in this object to its Pod or pod template; empty if it has none. */
  Optional<String> podPointer() {
    return Optional.ofNullable(TEMPLATES.get(apiVersion + "/" + kind))
        .filter(pod -> content.at(pod).isObject());
  }

  /** The Pod or pod template that {@link #podPointer} leads to. */
  ObjectNode pod(String podPointer) {
    return (ObjectNode) content.at(podPointer);
  }

  /** Where something in this object stands in its file; the nearest thing around it, if absent. */
  Position position(String pointerInObject) {
    return document.keyPosition(pointer + pointerInObject);
  }

  /** For messages, for example {@code Deployment shop/web}. */
  String label(String namespaceOtherwise) {
    return Style.plain(kind + " " + namespace(namespaceOtherwise) + "/" + givenName());
  }
}
