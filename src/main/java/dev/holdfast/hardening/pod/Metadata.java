package dev.holdfast.hardening.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;

/**
 * The part of {@code metadata} that decides about a pod as a whole. It must be readable as a whole:
 * without it nobody knows what the user asked for.
 */
public final class Metadata {
  private final ObjectNode node;
  private final Map<String, String> labels;
  private final Map<String, String> annotations;

  private Metadata(ObjectNode node, Map<String, String> labels, Map<String, String> annotations) {
    this.node = node;
    this.labels = labels;
    this.annotations = annotations;
  }

  /**
   * Reads it.
   *
   * @throws UnreadableField if metadata, labels or annotations are of a wrong type
   */
  public static Metadata of(ObjectNode pod) {
    ObjectNode node = Fields.object(pod, "", "metadata");
    return new Metadata(node, strings(node, "labels"), strings(node, "annotations"));
  }

  private static Map<String, String> strings(ObjectNode metadata, String key) {
    return Fields.strings(Fields.object(metadata, "/metadata", key))
        .orElseThrow(() -> new UnreadableField("/metadata/" + key, "a map of strings"));
  }

  /** The labels, in order. */
  public Map<String, String> labels() {
    return labels;
  }

  /** The annotations, in order. */
  public Map<String, String> annotations() {
    return annotations;
  }

  /** The kind of the owner with {@code controller: true}; empty if there is none. */
  Optional<String> controllerKind() {
    ArrayNode owners = Fields.array(node, "/metadata", "ownerReferences");
    for (int i = 0; i < owners.size(); i++) {
      ObjectNode owner = Fields.element(owners, "/metadata/ownerReferences", i);
      String pointer = "/metadata/ownerReferences/" + i;
      if (Fields.flag(owner, pointer, "controller")) {
        return Optional.of(Fields.text(owner, pointer, "kind"));
      }
    }
    return Optional.empty();
  }
}
