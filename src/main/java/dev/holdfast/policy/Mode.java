package dev.holdfast.policy;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;
import java.util.Optional;

/** How far Holdfast goes with a pod or with one rule. Ordered: {@code OFF < AUDIT < ENFORCE}. */
public enum Mode {
  /** Nothing is computed. */
  @JsonProperty("Off")
  OFF("Off"),
  /** Everything is computed and reported, nothing is changed. */
  @JsonProperty("Audit")
  AUDIT("Audit"),
  /** The pod is changed. */
  @JsonProperty("Enforce")
  ENFORCE("Enforce");

  private final String word;

  Mode(String word) {
    this.word = word;
  }

  /** The word as a HardeningPolicy spells it, for example {@code Enforce}. */
  public String word() {
    return word;
  }

  /** The lower of the two: a rule's own mode can only lower what the pod's mode is. */
  public Mode atMost(Mode limit) {
    return compareTo(limit) <= 0 ? this : limit;
  }

  /**
   * Reads a label's value. Trimmed and case-insensitive, as users write {@code Enforce} and {@code
   * enforce} alike.
   *
   * @return empty for anything but the three words
   */
  public static Optional<Mode> of(String value) {
    return switch (value.trim().toLowerCase(Locale.ROOT)) {
      case "off" -> Optional.of(OFF);
      case "audit" -> Optional.of(AUDIT);
      case "enforce" -> Optional.of(ENFORCE);
      default -> Optional.empty();
    };
  }
}
