package dev.holdfast.disruption.budget;

import dev.holdfast.disruption.budget.Workload.Key;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** The names that a workload's budget may have. */
final class BudgetNames {
  /** Of a DNS subdomain, which the name of a PodDisruptionBudget is. */
  private static final int MAX_CHARACTERS = 253;

  /** 40 bits: a million workloads in one namespace collide with odds of one to two. */
  private static final int HASH_BYTES = 5;

  private static final String OURS = "-holdfast";

  private BudgetNames() {}

  /**
   * In the order they are tried: {@code NAME-KIND-holdfast}, which no other workload's can be, then
   * one with a hash, for when somebody else has taken that.
   */
  static List<String> of(Key key) {
    String kind = key.kind().toLowerCase(Locale.ROOT);
    String plain = key.name() + "-" + kind + OURS;
    String hashed = "-" + hash(key) + OURS;
    String second = cut(key.name(), hashed.length()) + hashed;
    boolean fits = plain.length() <= MAX_CHARACTERS;
    // Kinds of the same name in other groups must not meet.
    return fits && key.group().equals(Workload.APPS) ? List.of(plain, second) : List.of(second);
  }

  /** The name without what says that it is ours. */
  static String inFile(String name) {
    return name.endsWith(OURS) ? name.substring(0, name.length() - OURS.length()) : name;
  }

  private static String cut(String name, int room) {
    String cut = name.substring(0, Math.min(name.length(), MAX_CHARACTERS - room));
    // What is cut must not end in a dot or a dash, which a hyphen may not follow.
    int end = cut.length();
    while (end > 0 && !Character.isLetterOrDigit(cut.charAt(end - 1))) {
      end--;
    }
    return cut.substring(0, end);
  }

  private static String hash(Key key) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(
                  (key.group() + "/" + key.kind() + "/" + key.name())
                      .getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
