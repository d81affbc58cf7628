package dev.holdfast.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.disruption.budget.LivePod;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Reads the metadata of pods; of a label that many have there is one text only. */
final class Labels {
  private final Map<String, String> texts = new HashMap<>();

  /** What counts of a pod; empty if it is being deleted, as evictions then ask for no budget. */
  Optional<LivePod> pod(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    if (!metadata.path("deletionTimestamp").asText().isEmpty()) {
      return Optional.empty();
    }
    String ownerKind = "";
    String ownerUid = "";
    for (JsonNode owner : metadata.path("ownerReferences")) {
      if (owner.path("controller").asBoolean()) {
        ownerKind = owner.path("kind").asText();
        ownerUid = owner.path("uid").asText();
      }
    }
    Map<String, String> labels = new HashMap<>();
    metadata
        .path("labels")
        .properties()
        .forEach(label -> labels.put(one(label.getKey()), one(label.getValue().asText())));
    return Optional.of(new LivePod(one(ownerKind), one(ownerUid), labels));
  }

  private String one(String text) {
    return texts.computeIfAbsent(text, same -> same);
  }
}
