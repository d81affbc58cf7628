package dev.holdfast.policy;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many pods may be away, or must be there: one of the two fields of a PodDisruptionBudget.
 *
 * @param number of pods, or percent of them
 */
public record BudgetAmount(Field field, int number, boolean percent) {
  private static final Pattern FORM =
      Pattern.compile("(?i)(?:(maxUnavailable|minAvailable)\\s*=\\s*)?(\\d{1,6})(%?)");

  private static final int ALL_PERCENT = 100;

  /** The field that holds it. */
  public enum Field {
    MAX_UNAVAILABLE("maxUnavailable"),
    MIN_AVAILABLE("minAvailable");

    private final String word;

    Field(String word) {
      this.word = word;
    }

    /** The word as Kubernetes spells it. */
    public String word() {
      return word;
    }
  }

  /**
   * Reads what an annotation holds: {@code maxUnavailable=1}, {@code minAvailable=50%}; bare {@code
   * 2} and {@code 25%} mean maxUnavailable.
   *
   * @return empty for anything else, and for more than 100%
   */
  public static Optional<BudgetAmount> read(String value) {
    Matcher form = FORM.matcher(value.trim());
    if (!form.matches()) {
      return Optional.empty();
    }
    boolean minimum = "minAvailable".equalsIgnoreCase(form.group(1));
    BudgetAmount amount =
        new BudgetAmount(
            minimum ? Field.MIN_AVAILABLE : Field.MAX_UNAVAILABLE,
            Integer.parseInt(form.group(2)),
            !form.group(3).isEmpty());
    return Optional.of(amount).filter(read -> !read.percent || read.number <= ALL_PERCENT);
  }

  /**
   * Of a field's value as it stands in an object.
   *
   * @param value a number or a percentage
   * @return empty if it is neither
   */
  public static Optional<BudgetAmount> of(Field field, String value) {
    boolean percent = value.endsWith("%");
    try {
      int number =
          Integer.parseInt(percent ? value.substring(0, value.length() - 1) : value.trim());
      return Optional.of(new BudgetAmount(field, number, percent));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * How many of so many replicas, all of them healthy, may be evicted. Percentages round up, as the
   * disruption controller's do.
   */
  public int disruptionsOf(int replicas) {
    long pods = percent ? ((long) number * replicas + ALL_PERCENT - 1) / ALL_PERCENT : number;
    long allowed = field == Field.MAX_UNAVAILABLE ? Math.min(pods, replicas) : replicas - pods;
    return (int) Math.max(0, allowed);
  }

  /** The field's value, for example {@code 1} or {@code 25%}. */
  public String value() {
    return percent ? number + "%" : Integer.toString(number);
  }

  /** For example {@code maxUnavailable: 1}. */
  @Override
  public String toString() {
    return field.word() + ": " + value();
  }
}
