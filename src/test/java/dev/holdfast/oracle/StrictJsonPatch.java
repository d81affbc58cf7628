package dev.holdfast.oracle;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * RFC 6902 as the API server applies it: a missing parent or target is a failure. Knows {@code add}
 * and {@code replace}, which is all that Holdfast may send; anything else is a failure too.
 */
public final class StrictJsonPatch {
  private StrictJsonPatch() {}

  /** The patched copy of a document. */
  public static JsonNode apply(JsonNode document, JsonNode patch) {
    JsonNode patched = document.deepCopy();
    for (JsonNode operation : patch) {
      JsonPointer path = JsonPointer.compile(operation.get("path").textValue());
      JsonNode parent = patched.at(path.head());
      JsonNode value = operation.get("value").deepCopy();
      switch (operation.get("op").textValue()) {
        case "add" -> add(parent, path, value);
        case "replace" -> replace(parent, path, value);
        default -> throw new IllegalStateException("unexpected " + operation);
      }
    }
    return patched;
  }

  private static void add(JsonNode parent, JsonPointer path, JsonNode value) {
    if (parent instanceof ObjectNode object) {
      object.set(path.last().getMatchingProperty(), value);
    } else if (parent instanceof ArrayNode array) {
      String at = path.last().getMatchingProperty();
      int index = at.equals("-") ? array.size() : path.last().getMatchingIndex();
      if (index < 0 || index > array.size()) {
        throw new IllegalStateException("no place for " + path);
      }
      array.insert(index, value);
    } else {
      throw new IllegalStateException("no parent of " + path);
    }
  }

  private static void replace(JsonNode parent, JsonPointer path, JsonNode value) {
    if (parent instanceof ObjectNode object && object.has(path.last().getMatchingProperty())) {
      object.set(path.last().getMatchingProperty(), value);
    } else if (parent instanceof ArrayNode array && array.has(path.last().getMatchingIndex())) {
      array.set(path.last().getMatchingIndex(), value);
    } else {
      throw new IllegalStateException("nothing at " + path);
    }
  }
}
