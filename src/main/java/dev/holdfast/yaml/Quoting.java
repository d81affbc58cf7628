package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.resolver.Resolver;

/** Scalars as text that every YAML reader, of version 1.1 or 1.2, reads as the same value. */
final class Quoting {
  /** No wish for quotes; otherwise {@code '"'} or {@code '\''}. */
  static final char AS_NEEDED = ' ';

  private static final String NOT_FIRST = ",[]{}#&*!|>'\"%@`?:";
  private static final String NOT_IN_FLOW = ",[]{}";

  private static final Resolver YAML_1_1 = new Resolver();

  private Quoting() {}

  /** A scalar on one line. */
  static String scalar(JsonNode value, char quote, boolean flow) {
    if (value.isNumber() && Double.isFinite(value.doubleValue())) {
      return value.asText();
    }
    if (value.isNumber() && (value.isBigInteger() || value.isBigDecimal())) {
      return value.asText(); // beyond a double, not infinite
    }
    return value.isBoolean() || value.isNull() ? value.asText() : text(value.asText(), quote, flow);
  }

  /** A text on one line: as it is if it can be, or in quotes. */
  static String text(String text, char quote, boolean flow) {
    boolean printable = isPrintable(text);
    if (quote == '"' || !printable || text.isEmpty()) {
      return inDoubleQuotes(text);
    }
    if (quote == '\'') {
      return inSingleQuotes(text);
    }
    if (!isPlain(text, flow)) {
      return inSingleQuotes(text);
    }
    return isAlwaysText(text) ? text : inDoubleQuotes(text); // as kubectl: "yes", but '*'
  }

  /** In double quotes, with escapes that JSON has too. */
  static String inDoubleQuotes(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (isPrintable(c)) {
            out.appendCodePoint(c);
          } else {
            // half a surrogate pair has no encoding: what every encoder would write in its place
            boolean half = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
            out.append(String.format("\\u%04x", half ? 0xFFFD : c));
          }
        }
      }
    }
    return out.append('"').toString();
  }

  /** Whether a text can stand as it is on lines of its own, below a {@code |}. */
  static boolean isLiteral(String text) {
    if (text.indexOf('\n') < 0 || text.isBlank() || Character.isWhitespace(text.charAt(0))) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean lineEnds = i + 1 == text.length() || text.charAt(i + 1) == '\n';
      if ((c == ' ' || c == '\t') && lineEnds) {
        return false; // white space that nobody sees, and that editors remove
      }
    }
    return isPrintable(text.replace("\n", "").replace("\t", ""));
  }

  private static String inSingleQuotes(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static boolean isPlain(String text, boolean flow) {
    char first = text.charAt(0);
    char last = text.charAt(text.length() - 1);
    if (first == ' ' || last == ' ' || last == ':' || NOT_FIRST.indexOf(first) >= 0) {
      return false;
    }
    if (first == '-' && (text.length() == 1 || text.charAt(1) == ' ' || flow)) {
      return false;
    }
    if (text.startsWith("---") || text.startsWith("...")) {
      return false;
    }
    if (text.contains(": ") || text.contains(" #")) {
      return false;
    }
    return !flow || text.chars().noneMatch(c -> NOT_IN_FLOW.indexOf(c) >= 0);
  }

  // kubectl's rules, SnakeYAML's (YAML 1.1: dates, base 60, …), and numbers of any size
  private static boolean isAlwaysText(String text) {
    return Scalars.isText(text)
        && !text.equals("=") // YAML 1.1 has a type for it, which PyYAML cannot read
        && !Scalars.looksNumeric(text)
        && Tag.STR.equals(YAML_1_1.resolve(NodeId.scalar, text, true));
  }

  private static boolean isPrintable(String text) {
    return text.codePoints().allMatch(Quoting::isPrintable);
  }

  private static boolean isPrintable(int c) {
    return c >= ' ' && c < 0x7F
        || c >= 0xA0 && c < 0x2028
        || c > 0x2029 && c < Character.MIN_SURROGATE
        || c > Character.MAX_SURROGATE && c < 0xFFFE && c != 0xFEFF
        || c > 0xFFFF;
  }
}
