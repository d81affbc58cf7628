package dev.holdfast.hardening;

import java.util.regex.Pattern;

/** Values that users wrote, made fit for messages: short, on one line, and without secrets. */
public final class Quoted {
  /** Enough to recognise a value by. */
  private static final int MAX_CHARACTERS = 40;

  private static final Pattern USER_INFORMATION = Pattern.compile("(?<=://)[^/?#\\s]*@");

  private Quoted() {}

  /** The value in quotes; what is no printable ASCII stands as {@code ?}. */
  public static String of(String value) {
    // Long values first, as the pattern's time grows with them; no address is that long.
    String bounded = value.length() > 2048 ? value.substring(0, 2048) : value;
    String plain = USER_INFORMATION.matcher(bounded).replaceAll("");
    StringBuilder quoted = new StringBuilder(MAX_CHARACTERS + 5).append('"');
    for (int i = 0; i < Math.min(plain.length(), MAX_CHARACTERS); i++) {
      char c = plain.charAt(i);
      quoted.append(c < ' ' || c > '~' ? '?' : c);
    }
    return quoted.append(plain.length() > MAX_CHARACTERS ? "...\"" : "\"").toString();
  }
}
