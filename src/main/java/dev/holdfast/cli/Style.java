package dev.holdfast.cli;

/**
 * Colours for terminals, or none at all.
 *
 * @param coloured whether the reader is a terminal that wants colours
 */
record Style(boolean coloured) {
  private static final String RESET = "\u001b[0m";

  String bold(String text) {
    return in("\u001b[1m", text);
  }

  String faint(String text) {
    return in("\u001b[2m", text);
  }

  String red(String text) {
    return in("\u001b[31m", text);
  }

  String green(String text) {
    return in("\u001b[32m", text);
  }

  String yellow(String text) {
    return in("\u001b[33m", text);
  }

  String cyan(String text) {
    return in("\u001b[36m", text);
  }

  private String in(String colour, String text) {
    return coloured && !text.isEmpty() ? colour + text + RESET : text;
  }

  /** One line without control characters: names in files must not move a terminal's cursor. */
  static String plain(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      plain.append(Character.isISOControl(c) ? '?' : c);
    }
    return plain.toString();
  }
}
