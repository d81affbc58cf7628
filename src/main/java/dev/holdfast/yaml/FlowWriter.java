package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;

/** Writes values in flow style: {@code {a: [b]}}, or JSON. */
final class FlowWriter {
  private final Style style;
  private final StringBuilder out = new StringBuilder();

  private FlowWriter(Style style) {
    this.style = style;
  }

  /**
   * How flow style is laid out.
   *
   * @param quote around keys and texts
   * @param separator between elements on one line: {@code ", "} or {@code ","}
   * @param colon {@code ": "} or {@code ":"}
   * @param unit by what every level is indented, if elements stand on lines of their own; null if
   *     they stand on one
   */
  record Style(
      char keyQuote, char quote, String separator, String colon, String unit, String lineBreak) {
    boolean multiLine() {
      return unit != null;
    }

    Style onOneLine() {
      return new Style(keyQuote, quote, separator, colon, null, lineBreak);
    }
  }

  /** A value whose line is indented by {@code indentation}. */
  static String value(JsonNode value, Style style, String indentation) {
    FlowWriter writer = new FlowWriter(style);
    writer.write(value, indentation);
    return writer.out.toString();
  }

  static String member(String name, JsonNode value, Style style, String indentation) {
    FlowWriter writer = new FlowWriter(style);
    writer.writeMember(name, value, indentation);
    return writer.out.toString();
  }

  private void write(JsonNode value, String indentation) {
    if (value.isObject()) {
      out.append('{');
      Iterator<Map.Entry<String, JsonNode>> members = value.properties().iterator();
      while (members.hasNext()) {
        Map.Entry<String, JsonNode> member = members.next();
        startElement(indentation);
        writeMember(member.getKey(), member.getValue(), deeper(indentation));
        endElement(members.hasNext(), indentation);
      }
      out.append('}');
    } else if (value.isArray()) {
      out.append('[');
      Iterator<JsonNode> items = value.iterator();
      while (items.hasNext()) {
        startElement(indentation);
        write(items.next(), deeper(indentation));
        endElement(items.hasNext(), indentation);
      }
      out.append(']');
    } else {
      out.append(Quoting.scalar(value, style.quote(), true));
    }
  }

  private void writeMember(String name, JsonNode value, String indentation) {
    out.append(Quoting.text(name, style.keyQuote(), true)).append(style.colon());
    write(value, indentation);
  }

  private void startElement(String indentation) {
    if (style.multiLine()) {
      out.append(style.lineBreak()).append(deeper(indentation));
    }
  }

  private void endElement(boolean more, String indentation) {
    if (more) {
      out.append(style.multiLine() ? "," : style.separator());
    } else if (style.multiLine()) {
      out.append(style.lineBreak()).append(indentation);
    }
  }

  private String deeper(String indentation) {
    return style.multiLine() ? indentation + style.unit() : indentation;
  }
}
