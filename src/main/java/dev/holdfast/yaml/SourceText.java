package dev.holdfast.yaml;

import java.util.Arrays;

/**
 * A file's text and the places in it. All offsets are in {@code char}s from the start of the file,
 * a byte order mark included.
 */
final class SourceText {
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private final String name;
  private final String text;
  private int[] lineStarts;

  SourceText(String name, String text) {
    this.name = name;
    this.text = text;
  }

  String name() {
    return name;
  }

  String text() {
    return text;
  }

  int length() {
    return text.length();
  }

  /** Where the content starts: after the byte order mark, if there is one. */
  int contentStart() {
    return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
  }

  synchronized Position position(int offset) {
    int at = Math.max(0, Math.min(offset, text.length()));
    if (lineStarts == null) {
      lineStarts = findLineStarts();
    }
    int found = Arrays.binarySearch(lineStarts, at);
    int line = found >= 0 ? found : -found - 2;
    int lineStart = Math.max(lineStarts[line], Math.min(at, contentStart()));
    return new Position(line + 1, text.codePointCount(lineStart, at) + 1);
  }

  YamlException error(int offset, String problem) {
    return new YamlException(name, position(offset), problem);
  }

  // Lines as editors count them. YAML 1.1 also breaks lines at U+0085, U+2028 and U+2029; editors
  // do not, and a user looks for the line in an editor.
  private int[] findLineStarts() {
    int[] starts = new int[Math.max(16, text.length() / 24)];
    int count = 1;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean lineEnds =
          c == '\n' || c == '\r' && (i + 1 == text.length() || text.charAt(i + 1) != '\n');
      if (lineEnds) {
        if (count == starts.length) {
          starts = Arrays.copyOf(starts, count * 2);
        }
        starts[count++] = i + 1;
      }
    }
    return Arrays.copyOf(starts, count);
  }
}
