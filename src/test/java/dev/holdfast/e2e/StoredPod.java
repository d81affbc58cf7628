package dev.holdfast.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What an API server stored, compared with what was sent to it. */
final class StoredPod {
  private static final List<String> OF_THE_SERVER =
      List.of(
          "uid",
          "creationTimestamp",
          "resourceVersion",
          "generation",
          "managedFields",
          "namespace");

  private StoredPod() {}

  /**
   * A stored pod without what differs between two pods that were sent as the same: identity, status
   * and the random name of the volume with the token of its service account.
   */
  static ObjectNode withoutIdentity(JsonNode stored) {
    ObjectNode pod = stored.deepCopy();
    ObjectNode metadata = pod.withObject("/metadata");
    metadata.remove(OF_THE_SERVER);
    if (metadata.has("generateName")) {
      metadata.remove("name");
    }
    pod.remove("status");
    renameTokenVolume(pod.path("spec"));
    return pod;
  }

  private static void renameTokenVolume(JsonNode node) {
    if (node.isObject() && node.path("name").asText().startsWith("kube-api-access-")) {
      ((ObjectNode) node).put("name", "kube-api-access");
    }
    node.forEach(StoredPod::renameTokenVolume);
  }

  /**
   * Where a stored object lacks something that was sent, or has another value: what an API server
   * adds, in maps and at the end of lists, does not count.
   */
  static List<String> missing(JsonNode sent, JsonNode stored) {
    List<String> missing = new ArrayList<>();
    compare("", sent, stored, missing);
    return missing;
  }

  private static void compare(String path, JsonNode sent, JsonNode stored, List<String> missing) {
    if (sent.isNull() || sent.isContainerNode() && sent.isEmpty()) {
      return;
    }
    if (sent.isObject()) {
      for (Map.Entry<String, JsonNode> entry : sent.properties()) {
        compare(
            path + "/" + entry.getKey(), entry.getValue(), stored.path(entry.getKey()), missing);
      }
    } else if (sent instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        compare(path + "/" + i, array.get(i), stored.path(i), missing);
      }
    } else if (!sent.equals(stored)
        && !isSameQuantity(path, sent, stored)
        && !isSameGrace(path, sent, stored)) {
      missing.add(path + ": " + sent + " became " + stored);
    }
  }

  /** The API server makes 1 s of a negative grace. */
  private static boolean isSameGrace(String path, JsonNode sent, JsonNode stored) {
    return path.endsWith("/terminationGracePeriodSeconds")
        && sent.asInt() < 0
        && stored.asInt() == 1;
  }

  /** The API server writes quantities in its own way. */
  private static boolean isSameQuantity(String path, JsonNode sent, JsonNode stored) {
    return path.contains("/resources/")
        && stored.isValueNode()
        && new Quantity(sent.asText())
                .getNumericalAmount()
                .compareTo(new Quantity(stored.asText()).getNumericalAmount())
            == 0;
  }
}
