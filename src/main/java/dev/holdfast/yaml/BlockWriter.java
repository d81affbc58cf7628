package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;

/**
 * Writes values in block style. The first line is written without its indentation, the last without
 * its line break: the caller knows what stands there.
 */
final class BlockWriter {
  /** YAML readers look no further than 1,024 characters for the colon behind a key. */
  private static final int LONGEST_SIMPLE_KEY = 1000;

  private final Layout layout;
  private final StringBuilder out = new StringBuilder();

  BlockWriter(Layout layout) {
    this.layout = layout;
  }

  @Override
  public String toString() {
    return out.toString();
  }

  /** Whether a value takes lines of its own below its key. */
  boolean isBlock(JsonNode value) {
    return value.isContainerNode() ? !value.isEmpty() : literalHeader(value) != null;
  }

  /** A member of a mapping whose keys stand at column {@code indent}. */
  BlockWriter member(int indent, String name, JsonNode value, char keyQuote) {
    String key = Quoting.text(name, keyQuote, false);
    if (key.length() > LONGEST_SIMPLE_KEY) {
      out.append("? ").append(key);
      line(indent);
    } else {
      out.append(key);
    }
    out.append(':');
    if (isBlock(value)) {
      out.append(header(value));
      lines(indent, value);
    } else {
      out.append(' ').append(inline(value, Quoting.AS_NEEDED));
    }
    return this;
  }

  /** What stands behind the colon if the value's lines follow below: empty, or {@code " |-"}. */
  String header(JsonNode value) {
    String header = literalHeader(value);
    return header == null ? "" : " " + header;
  }

  /** The lines below a key at column {@code indent}, each with a line break in front. */
  BlockWriter lines(int indent, JsonNode value) {
    if (value.isObject()) {
      line(indent + layout.mappingStep());
      members(indent + layout.mappingStep(), value);
    } else if (value.isArray()) {
      line(indent + layout.sequenceStep());
      items(indent + layout.sequenceStep(), value);
    } else {
      literal(indent + layout.mappingStep(), value.textValue());
    }
    return this;
  }

  /** An item of a sequence whose dashes stand at column {@code indent}. */
  BlockWriter item(int indent, JsonNode value, char quote) {
    out.append("- ");
    return value(indent + 2, value, quote);
  }

  /** A value that starts at column {@code indent}, where a key is not in the way. */
  BlockWriter value(int indent, JsonNode value, char quote) {
    if (!isBlock(value)) {
      out.append(inline(value, quote));
    } else if (value.isObject()) {
      members(indent, value);
    } else if (value.isArray()) {
      items(indent, value);
    } else {
      out.append(literalHeader(value));
      literal(Math.max(indent, layout.mappingStep()), value.textValue());
    }
    return this;
  }

  static String inline(JsonNode value, char quote) {
    if (value.isContainerNode()) {
      return value.isObject() ? "{}" : "[]";
    }
    return Quoting.scalar(value, quote, false);
  }

  private void members(int indent, JsonNode object) {
    Iterator<Map.Entry<String, JsonNode>> members = object.properties().iterator();
    while (members.hasNext()) {
      Map.Entry<String, JsonNode> member = members.next();
      member(indent, member.getKey(), member.getValue(), Quoting.AS_NEEDED);
      if (members.hasNext()) {
        line(indent);
      }
    }
  }

  private void items(int indent, JsonNode array) {
    for (int i = 0; i < array.size(); i++) {
      if (i > 0) {
        line(indent);
      }
      item(indent, array.get(i), Quoting.AS_NEEDED);
    }
  }

  private String literalHeader(JsonNode value) {
    if (!value.isTextual() || !Quoting.isLiteral(value.textValue())) {
      return null;
    }
    String text = value.textValue();
    if (!text.endsWith("\n")) {
      return "|-";
    }
    if (!text.endsWith("\n\n")) {
      return "|";
    }
    return layout.keepsLastBlankLines() ? "|+" : null;
  }

  private void literal(int indent, String text) {
    String content = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    for (String line : content.split("\n", -1)) {
      line(line.isEmpty() ? 0 : indent);
      out.append(line);
    }
  }

  private void line(int indent) {
    out.append(layout.lineBreak()).append(" ".repeat(indent));
  }
}
