package dev.holdfast.yaml;

import dev.holdfast.yaml.Node.Entry;
import java.util.List;

/**
 * Finds places in the text around nodes. Parsers tell where values are; where a line, a comment or
 * a dash is, only the text tells.
 */
final class TextScan {
  private final String text;
  private final int first;

  TextScan(SourceText source) {
    text = source.text();
    first = source.contentStart();
  }

  String text() {
    return text;
  }

  int lineStart(int offset) {
    int at = offset;
    while (at > first && !isBreak(text.charAt(at - 1))) {
      at--;
    }
    return at;
  }

  /** Where the line break at the end of the line is, or the end of the text. */
  int lineEnd(int offset) {
    int at = offset;
    while (at < text.length() && !isBreak(text.charAt(at))) {
      at++;
    }
    return at;
  }

  /** Where the next line starts, or the end of the text. */
  int nextLine(int offset) {
    int at = lineEnd(offset);
    return at < text.length() ? at + (text.startsWith("\r\n", at) ? 2 : 1) : at;
  }

  int column(int offset) {
    return offset - lineStart(offset);
  }

  boolean sameLine(int one, int other) {
    return lineStart(one) == lineStart(other);
  }

  /** The white space that a line starts with. */
  String indentation(int offset) {
    int start = lineStart(offset);
    return text.substring(start, skipSpaces(start));
  }

  boolean isFirstOnLine(int offset) {
    return skipSpaces(lineStart(offset)) >= offset;
  }

  /** Over spaces and tabs. */
  int skipSpaces(int offset) {
    int at = offset;
    while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
      at++;
    }
    return at;
  }

  /** Over white space, line breaks and comments, to the next thing that means something. */
  int skipToContent(int offset) {
    int at = offset;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '#') {
        at = lineEnd(at);
      } else if (c == ' ' || c == '\t' || isBreak(c)) {
        at++;
      } else {
        return at;
      }
    }
    return at;
  }

  boolean isCommentLine(int lineStart) {
    return is(skipSpaces(lineStart), '#');
  }

  boolean isBlankLine(int lineStart) {
    int at = skipSpaces(lineStart);
    return at == text.length() || isBreak(text.charAt(at));
  }

  boolean is(int offset, char c) {
    return offset < text.length() && text.charAt(offset) == c;
  }

  /** Where the value itself starts, after its anchor and tag. */
  int contentStart(Node node) {
    int at = node.start();
    while (node.decorated() && (is(at, '&') || is(at, '!'))) {
      while (at < node.end() && !Character.isWhitespace(text.charAt(at))) {
        at++;
      }
      at = skipToContent(at);
    }
    return at;
  }

  /** After the colon that follows a key; the key's end if it has none ({@code {a, b}}). */
  int colonEnd(Entry entry) {
    int at = skipToContent(entry.key().end());
    return is(at, ':') ? at + 1 : entry.key().end();
  }

  /**
   * Where a value's last line ends. It is the end of the node but for block scalars, whose node
   * goes on over blank lines; those count only if the text keeps them ({@code |+}).
   */
  int contentEnd(Node node) {
    if (node instanceof Node.Scalar scalar && scalar.block()) {
      int start = contentStart(scalar);
      boolean keep = text.substring(start, lineEnd(start)).matches("[|>][1-9]?\\+.*");
      int end = scalar.end();
      if (keep) {
        return end > first && isBreak(text.charAt(end - 1)) ? breakStart(end) : end;
      }
      while (end > start && Character.isWhitespace(text.charAt(end - 1))) {
        end--;
      }
      return end;
    }
    if (node instanceof Node.Mapping mapping && !mapping.flow()) {
      return contentEnd(mapping.entries().get(mapping.entries().size() - 1));
    }
    if (node instanceof Node.Sequence sequence && !sequence.flow()) {
      List<Node> items = sequence.items();
      return contentEnd(items.get(items.size() - 1));
    }
    return node.end();
  }

  int contentEnd(Entry entry) {
    return isEmpty(entry.value()) ? colonEnd(entry) : contentEnd(entry.value());
  }

  /** Whether nothing is written: {@code key:}. */
  static boolean isEmpty(Node node) {
    return node.start() == node.end();
  }

  /** The column of a block mapping's keys. */
  int keyColumn(Node.Mapping mapping) {
    return column(mapping.entries().get(0).key().start());
  }

  /** Where each dash of a block sequence is. */
  int dash(Node.Sequence sequence, int index) {
    return index == 0
        ? contentStart(sequence)
        : skipToContent(contentEnd(sequence.items().get(index - 1)));
  }

  /**
   * Where lines at column {@code indent} go if they follow a value that ends at {@code end}: the
   * end of its line, or of the comments below that belong to the same collection. A comment that
   * stands no deeper than what comes next belongs to what comes next.
   */
  int endOfCollection(int end, int indent, int limit) {
    int at = Math.min(lineEnd(end), limit);
    if (indent == 0) {
      return at;
    }
    int next = skipToContent(at);
    int nextColumn = next >= limit || isMarker(next) ? -1 : column(next);
    for (int line = nextLine(at); line < limit && isCommentLine(line); line = nextLine(line)) {
      int column = column(skipSpaces(line));
      if (column < indent || column <= nextColumn) {
        break;
      }
      at = Math.min(lineEnd(line), limit);
    }
    return at;
  }

  private boolean isMarker(int offset) {
    return column(offset) == 0
        && (text.startsWith("---", offset) || text.startsWith("...", offset));
  }

  private int breakStart(int end) {
    return text.startsWith("\r\n", end - 2) ? end - 2 : end - 1;
  }

  private static boolean isBreak(char c) {
    return c == '\n' || c == '\r';
  }
}
