package dev.holdfast.policy;

import static dev.holdfast.policy.RuleName.ANTI_AFFINITY;

import java.util.Set;

/** PLACEHOLDER while the loader is written: the built-in profiles are resources. */
public enum Profile {
  MINIMAL,
  STANDARD,
  FULL;

  /** Whether the profile has the rule on. */
  public boolean includes(RuleName rule) {
    return Set.of(ANTI_AFFINITY).contains(rule);
  }
}
