package dev.holdfast.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Optional;

/**
 * Reads an object of any built-in kind as strictly as {@link TypedPod} reads pods: a field that
 * Kubernetes does not have, or a value of another type, is an error.
 */
public final class TypedObject {
  private static final KubernetesSerialization KINDS = new KubernetesSerialization();

  private TypedObject() {}

  /** What is wrong with the object, with its place; empty if nothing is. */
  public static Optional<String> error(JsonNode object) {
    String version = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    Class<?> type = KINDS.getRegisteredKubernetesResource(version, kind);
    return type == null
        ? Optional.of("no such kind: " + version + " " + kind)
        : TypedPod.error(object, type);
  }
}
