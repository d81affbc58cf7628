package dev.holdfast.policy;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the known word that a user most likely meant. */
public final class Nearest {
  /** Two slips of the pen: with more, the guess says more about us than about the user. */
  private static final int MAX_SLIPS = 2;

  /** No word of ours is nearly as long; the comparison's time grows with the length. */
  private static final int MAX_LENGTH = 64;

  private Nearest() {}

  /** The nearest of the known words; empty if none is near. */
  public static Optional<String> of(String word, Collection<String> known) {
    if (word.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    Optional<String> nearest = Optional.empty();
    int fewest = MAX_SLIPS + 1;
    for (String candidate : known) {
      int slips = slips(word.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (slips < fewest && slips < candidate.length()) {
        fewest = slips;
        nearest = Optional.of(candidate);
      }
    }
    return nearest;
  }

  /** The Levenshtein distance. */
  private static int slips(String one, String other) {
    int[] row = new int[other.length() + 1];
    for (int j = 0; j <= other.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int substitution = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitution, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[other.length()];
  }
}
