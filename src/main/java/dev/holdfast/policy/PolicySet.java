package dev.holdfast.policy;

import java.util.List;

/**
 * All policies of a place.
 *
 * @param serving those that may apply
 * @param unusable names of those that cannot be read and have no last good version; each counts as
 *     absent, and as nobody knows which pods it was meant for, every pod's answer says so
 */
public record PolicySet(List<HardeningPolicy> serving, List<String> unusable) {
  /** Copies. */
  public PolicySet {
    serving = List.copyOf(serving);
    unusable = List.copyOf(unusable);
  }

  /** Policies that can all be read. */
  public static PolicySet of(List<HardeningPolicy> serving) {
    return new PolicySet(serving, List.of());
  }
}
