package dev.holdfast.docs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** JSON for readers: what fits stands on one line, anything longer is broken. */
final class CompactJson {
  private static final int LINE = 110;

  private CompactJson() {}

  static String of(JsonNode node) {
    return lines(node, "");
  }

  private static String lines(JsonNode node, String indent) {
    String line = line(node);
    if (!node.isContainerNode() || indent.length() + line.length() <= LINE && !indent.isEmpty()) {
      return line;
    }
    List<String> parts = new ArrayList<>();
    String deeper = indent + "  ";
    if (node.isArray()) {
      node.forEach(element -> parts.add(deeper + lines(element, deeper)));
    } else {
      node.properties()
          .forEach(
              field ->
                  parts.add(
                      deeper + '"' + field.getKey() + "\": " + lines(field.getValue(), deeper)));
    }
    String body = "\n" + String.join(",\n", parts) + "\n" + indent;
    return node.isArray() ? "[" + body + "]" : "{" + body + "}";
  }

  private static String line(JsonNode node) {
    List<String> parts = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(element -> parts.add(line(element)));
      return "[" + String.join(", ", parts) + "]";
    }
    if (node.isObject()) {
      node.properties()
          .forEach(field -> parts.add('"' + field.getKey() + "\": " + line(field.getValue())));
      return "{" + String.join(", ", parts) + "}";
    }
    return node.toString();
  }
}
