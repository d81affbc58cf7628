package dev.holdfast.hardening.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads fields as the API server decodes them: {@code null} is absent, a wrong type is an error.
 */
final class Fields {
  private static final ObjectNode EMPTY_OBJECT = JsonNodeFactory.instance.objectNode();
  private static final ArrayNode EMPTY_ARRAY = JsonNodeFactory.instance.arrayNode();

  private Fields() {}

  /** The member, or a missing node where it is absent or null. */
  static JsonNode member(ObjectNode parent, String key) {
    JsonNode value = parent.get(key);
    return value == null || value instanceof NullNode ? MissingNode.getInstance() : value;
  }

  /** An empty object where it is absent. */
  static ObjectNode object(ObjectNode parent, String pointer, String key) {
    return object(parent, pointer, "", key);
  }

  /**
   * The same, for parents further below.
   *
   * @param within leads from the pointer to the parent; joined only where something is wrong, as
   *     pointers are made for each field of each container otherwise
   */
  static ObjectNode object(ObjectNode parent, String pointer, String within, String key) {
    JsonNode value = member(parent, key);
    if (value instanceof ObjectNode object) {
      return object;
    }
    if (value.isMissingNode()) {
      return EMPTY_OBJECT;
    }
    throw unreadable(pointer, within, key, "an object");
  }

  /** An empty list where it is absent. */
  static ArrayNode array(ObjectNode parent, String pointer, String key) {
    JsonNode value = member(parent, key);
    if (value instanceof ArrayNode array) {
      return array;
    }
    if (value.isMissingNode()) {
      return EMPTY_ARRAY;
    }
    throw new UnreadableField(pointer + "/" + key, "a list");
  }

  /** An element of a list. */
  static ObjectNode element(ArrayNode array, String pointer, int index) {
    if (array.get(index) instanceof ObjectNode object) {
      return object;
    }
    throw new UnreadableField(pointer + "/" + index, "an object");
  }

  /** "" where it is absent. */
  static String text(ObjectNode parent, String pointer, String key) {
    JsonNode value = member(parent, key);
    if (value instanceof TextNode text) {
      return text.textValue();
    }
    if (value.isMissingNode()) {
      return "";
    }
    throw new UnreadableField(pointer + "/" + key, "a string");
  }

  /** Absent means false. */
  static boolean flag(ObjectNode parent, String pointer, String key) {
    JsonNode value = member(parent, key);
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isMissingNode()) {
      return false;
    }
    throw new UnreadableField(pointer + "/" + key, "true or false");
  }

  /** An int64. */
  static OptionalLong integer(ObjectNode parent, String pointer, String key) {
    return integer(parent, pointer, "", key);
  }

  /** An int64; see {@link #object(ObjectNode, String, String, String)}. */
  static OptionalLong integer(ObjectNode parent, String pointer, String within, String key) {
    JsonNode value = member(parent, key);
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      return OptionalLong.of(value.longValue());
    }
    if (value.isMissingNode()) {
      return OptionalLong.empty();
    }
    throw unreadable(pointer, within, key, "a whole number");
  }

  private static UnreadableField unreadable(
      String pointer, String within, String key, String expected) {
    return new UnreadableField(
        pointer + (within.isEmpty() ? "" : "/" + within) + "/" + key, expected);
  }

  /**
   * A map of strings, such as labels.
   *
   * @return empty if some value is no string
   */
  static Optional<Map<String, String>> strings(ObjectNode object) {
    if (object.isEmpty()) {
      return Optional.of(Map.of());
    }
    Map<String, String> strings = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      JsonNode value = member.getValue();
      if (!value.isTextual() && !value.isNull()) {
        return Optional.empty();
      }
      strings.put(member.getKey(), value.isNull() ? "" : value.textValue());
    }
    return Optional.of(strings);
  }
}
