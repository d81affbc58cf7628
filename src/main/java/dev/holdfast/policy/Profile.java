package dev.holdfast.policy;

import static dev.holdfast.policy.RuleName.*;

import java.util.Set;

/** PLACEHOLDER while the loader is written: the built-in profiles are resources. */
public enum Profile {
  MINIMAL,
  STANDARD,
  FULL;

  /** Whether the profile has the rule on. */
  public boolean includes(RuleName rule) {
    Set<RuleName> min = Set.of(PRE_STOP, TERMINATION_GRACE);
    if (this == MINIMAL) {
      return min.contains(rule);
    }
    if (this == STANDARD) {
      return !Set.of(INIT, STOP_SIGNAL, WAIT_FOR, TOPOLOGY_SPREAD).contains(rule);
    }
    return rule != ANTI_AFFINITY && rule != WAIT_FOR;
  }
}
