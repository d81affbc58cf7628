package dev.holdfast.yaml;

/** Parsers' messages and quoted input, made fit for one plain line. */
final class Plain {
  private static final int MAX_QUOTED = 120;

  private Plain() {}

  /** The text on one line, without control characters, cut to what a message can carry. */
  static String words(String text) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < text.length() && line.length() <= MAX_QUOTED; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
    }
    return line.length() > MAX_QUOTED ? line.substring(0, MAX_QUOTED) + "…" : line.toString();
  }

  /**
   * What SnakeYAML found wrong, in words for somebody who writes manifests.
   *
   * @param context what it was doing, or null
   * @param problem what it stumbled over
   */
  static String problem(String context, String problem) {
    String doing = context == null ? "" : context;
    String found = problem == null ? "" : problem;
    if (found.contains("(TAB)")) {
      return "a tab where YAML wants spaces";
    }
    if (found.contains("that cannot start any token")) {
      return "a value cannot start with this character; quote it";
    }
    if (found.startsWith("mapping values are not allowed")) {
      return "a ':' where no key can stand; quote the text, or check the indentation";
    }
    if (found.contains("unexpected end of stream") && doing.contains("quoted")) {
      return "a quoted text has no closing quote";
    }
    if (found.contains("unexpected document separator")) {
      return "a quoted text has no closing quote before the end of the document";
    }
    if (found.startsWith("could not find expected ':'")) {
      return "a key without a ':' behind it";
    }
    if (found.startsWith("expected <block end>")) {
      return doing.contains("mapping")
          ? "no key of the mapping; check the indentation here and in the line above"
          : "no item of the list; check the indentation here and in the line above";
    }
    if (found.startsWith("expected ',' or '}'")) {
      return "a ',' or the closing '}' is missing";
    }
    if (found.startsWith("expected ',' or ']'")) {
      return "a ',' or the closing ']' is missing";
    }
    if (found.startsWith("expected '<document start>'")) {
      return "text after the end of the document; another document starts with '---'";
    }
    if (found.startsWith("sequence entries are not allowed")) {
      return "a list item cannot stand here; check the indentation";
    }
    if (found.isEmpty()) {
      return "this is no YAML";
    }
    return words((doing.isEmpty() ? "" : doing + ": ") + found);
  }
}
