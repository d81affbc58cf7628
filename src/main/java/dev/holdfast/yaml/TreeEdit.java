package dev.holdfast.yaml;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Edits a tree by RFC 6902; to add to a null is to add to what is not written yet. */
final class TreeEdit {
  private static final String APPEND = "-";

  private TreeEdit() {}

  /** An edit whose place does not exist. */
  static final class NoSuchPlaceException extends Exception {
    private static final long serialVersionUID = 1L;

    NoSuchPlaceException() {
      super("there is no such place", null, false, false);
    }
  }

  /** Edits {@code root} (it is changed) and returns it, or what replaces it. */
  static JsonNode apply(JsonNode root, JsonPointer pointer, boolean replace, JsonNode value)
      throws NoSuchPlaceException {
    if (pointer.matches()) {
      return value.deepCopy();
    }
    JsonNode parent = root.isNull() && !replace ? emptyFor(pointer) : root;
    if (parent instanceof ObjectNode object) {
      String name = pointer.getMatchingProperty();
      if (pointer.tail().matches()) {
        if (replace && !object.has(name)) {
          throw new NoSuchPlaceException();
        }
        object.set(name, value.deepCopy());
      } else if (object.has(name)) {
        object.set(name, apply(object.get(name), pointer.tail(), replace, value));
      } else {
        throw new NoSuchPlaceException();
      }
      return object;
    }
    if (parent instanceof ArrayNode array) {
      editArray(array, pointer, replace, value);
      return array;
    }
    throw new NoSuchPlaceException();
  }

  private static void editArray(
      ArrayNode array, JsonPointer pointer, boolean replace, JsonNode value)
      throws NoSuchPlaceException {
    boolean last = pointer.tail().matches();
    int index = index(pointer, array.size(), last && !replace);
    if (!last) {
      array.set(index, apply(array.get(index), pointer.tail(), replace, value));
    } else if (replace) {
      array.set(index, value.deepCopy());
    } else {
      array.insert(index, value.deepCopy());
    }
  }

  /** The array index that a pointer starts with; one past the end only to add there. */
  static int index(JsonPointer pointer, int size, boolean add) throws NoSuchPlaceException {
    int index =
        add && pointer.getMatchingProperty().equals(APPEND) ? size : pointer.getMatchingIndex();
    if (index < 0 || index > size || index == size && !add) {
      throw new NoSuchPlaceException();
    }
    return index;
  }

  /** What a null becomes when something is added below it. */
  static JsonNode emptyFor(JsonPointer pointer) {
    return pointer.getMatchingProperty().equals(APPEND)
        ? JsonNodeFactory.instance.arrayNode()
        : JsonNodeFactory.instance.objectNode();
  }
}
