package dev.holdfast.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * RFC 6902 as the API server applies it: a missing parent or target, a malformed pointer or a
 * malformed operation is a failure. Knows {@code add}, {@code replace}, {@code remove} and {@code
 * test}; {@code move} and {@code copy} are failures, as no Kubernetes webhook needs them.
 *
 * <p>Has its own JSON pointers (RFC 6901), as it must not share mistakes with the code it judges.
 */
public final class StrictJsonPatch {
  private StrictJsonPatch() {}

  /**
   * The patched copy of a document.
   *
   * @throws IllegalStateException naming the operation that cannot be applied
   */
  public static JsonNode apply(JsonNode document, JsonNode patch) {
    if (!patch.isArray()) {
      throw new IllegalStateException("a patch is an array, not " + patch);
    }
    JsonNode patched = document.deepCopy();
    for (JsonNode operation : patch) {
      try {
        patched = applied(patched, operation);
      } catch (IllegalStateException e) {
        throw new IllegalStateException(e.getMessage() + " in " + operation, e);
      }
    }
    return patched;
  }

  /**
   * What a JSON pointer points at; a missing node if it points at nothing.
   *
   * @throws IllegalStateException if it is no JSON pointer
   */
  public static JsonNode at(JsonNode document, String pointer) {
    JsonNode node = document;
    for (String token : tokens(pointer)) {
      if (node.isArray()) {
        node = isIndex(token) ? node.path(Integer.parseInt(token)) : node.path("");
      } else {
        node = node.path(token);
      }
    }
    return node;
  }

  private static JsonNode applied(JsonNode document, JsonNode operation) {
    String op = text(operation, "op");
    List<String> path = tokens(text(operation, "path"));
    JsonNode value = operation.get("value");
    if (value == null && !op.equals("remove")) {
      throw new IllegalStateException("no value");
    }
    if (path.isEmpty()) {
      return switch (op) {
        case "add", "replace" -> value.deepCopy();
        case "test" -> tested(document, value, document);
        default -> throw new IllegalStateException("cannot " + op + " the whole document");
      };
    }
    JsonNode parent = parent(document, path);
    String last = path.get(path.size() - 1);
    switch (op) {
      case "add" -> add(parent, last, value.deepCopy());
      case "replace" -> {
        target(parent, last);
        put(parent, last, value.deepCopy());
      }
      case "remove" -> {
        target(parent, last);
        remove(parent, last);
      }
      case "test" -> tested(target(parent, last), value, document);
      default -> throw new IllegalStateException("unknown op");
    }
    return document;
  }

  private static String text(JsonNode operation, String field) {
    JsonNode text = operation.path(field);
    if (!text.isTextual()) {
      throw new IllegalStateException("no " + field);
    }
    return text.textValue();
  }

  private static List<String> tokens(String pointer) {
    List<String> tokens = new ArrayList<>();
    if (pointer.isEmpty()) {
      return tokens;
    }
    if (!pointer.startsWith("/")) {
      throw new IllegalStateException("no JSON pointer: " + pointer);
    }
    for (String token : pointer.substring(1).split("/", -1)) {
      if (token.matches("(?s).*~([^01].*|)")) {
        throw new IllegalStateException("no JSON pointer: " + pointer);
      }
      tokens.add(token.replace("~1", "/").replace("~0", "~"));
    }
    return tokens;
  }

  private static JsonNode parent(JsonNode document, List<String> path) {
    JsonNode node = document;
    for (String token : path.subList(0, path.size() - 1)) {
      node = target(node, token);
    }
    return node;
  }

  private static JsonNode target(JsonNode parent, String token) {
    if (parent instanceof ObjectNode object && object.has(token)) {
      return object.get(token);
    }
    if (parent instanceof ArrayNode array && isIndex(token)) {
      int index = Integer.parseInt(token);
      if (index < array.size()) {
        return array.get(index);
      }
    }
    throw new IllegalStateException("nothing at '" + token + "'");
  }

  private static void add(JsonNode parent, String token, JsonNode value) {
    if (parent instanceof ObjectNode object) {
      object.set(token, value);
      return;
    }
    if (parent instanceof ArrayNode array) {
      if (token.equals("-")) {
        array.add(value);
        return;
      }
      if (isIndex(token) && Integer.parseInt(token) <= array.size()) {
        array.insert(Integer.parseInt(token), value);
        return;
      }
    }
    throw new IllegalStateException("no place for '" + token + "'");
  }

  private static void put(JsonNode parent, String token, JsonNode value) {
    if (parent instanceof ObjectNode object) {
      object.set(token, value);
    } else if (parent instanceof ArrayNode array) {
      array.set(Integer.parseInt(token), value);
    }
  }

  private static void remove(JsonNode parent, String token) {
    if (parent instanceof ObjectNode object) {
      object.remove(token);
    } else if (parent instanceof ArrayNode array) {
      array.remove(Integer.parseInt(token));
    }
  }

  private static JsonNode tested(JsonNode actual, JsonNode expected, JsonNode document) {
    if (!same(actual, expected)) {
      throw new IllegalStateException("it is " + actual);
    }
    return document;
  }

  /** RFC 6902 §4.6: numbers by their value, objects in any order. */
  private static boolean same(JsonNode left, JsonNode right) {
    if (left.isNumber() && right.isNumber()) {
      return left.decimalValue().compareTo(right.decimalValue()) == 0;
    }
    if (left.getNodeType() != right.getNodeType() || left.size() != right.size()) {
      return false;
    }
    if (left.isObject()) {
      for (Iterator<String> names = left.fieldNames(); names.hasNext(); ) {
        String name = names.next();
        if (!right.has(name) || !same(left.get(name), right.get(name))) {
          return false;
        }
      }
      return true;
    }
    if (left.isArray()) {
      for (int i = 0; i < left.size(); i++) {
        if (!same(left.get(i), right.get(i))) {
          return false;
        }
      }
      return true;
    }
    return left.equals(right);
  }

  private static boolean isIndex(String token) {
    return token.matches("0|[1-9][0-9]{0,8}");
  }
}
