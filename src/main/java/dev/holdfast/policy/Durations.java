package dev.holdfast.policy;

import java.math.BigDecimal;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations as annotations give them. */
final class Durations {
  /** A pause or shutdown of more than an hour is a slip of the pen. */
  private static final int MAX_SECONDS = 3600;

  /** Longer than any duration that means something. */
  private static final int MAX_LENGTH = 32;

  private static final Pattern PART = Pattern.compile("(\\d{1,10}(?:\\.\\d{1,10})?)(ms|s|m|h)");

  private static final Map<String, BigDecimal> UNITS =
      Map.of(
          "ms",
          new BigDecimal("0.001"),
          "s",
          BigDecimal.ONE,
          "m",
          BigDecimal.valueOf(60),
          "h",
          BigDecimal.valueOf(3600));

  private Durations() {}

  /**
   * Whole seconds ({@code 15}) or a Go duration of whole seconds ({@code 15s}, {@code 1m30s}).
   *
   * @return 0 to 3600; empty for anything else
   */
  static OptionalInt seconds(String value) {
    String text = value.trim();
    if (text.isEmpty() || text.length() > MAX_LENGTH) {
      return OptionalInt.empty();
    }
    BigDecimal seconds = BigDecimal.ZERO;
    if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      seconds = new BigDecimal(text);
    } else {
      Matcher part = PART.matcher(text);
      int end = 0;
      while (end < text.length() && part.find(end) && part.start() == end) {
        seconds = seconds.add(new BigDecimal(part.group(1)).multiply(UNITS.get(part.group(2))));
        end = part.end();
      }
      if (end < text.length()) {
        return OptionalInt.empty();
      }
    }
    return seconds.compareTo(BigDecimal.valueOf(MAX_SECONDS)) > 0
            || seconds.stripTrailingZeros().scale() > 0
        ? OptionalInt.empty()
        : OptionalInt.of(seconds.intValue());
  }
}
