package dev.holdfast.hardening;

import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.policy.HardeningPolicy;
import java.util.List;

/** The engine with other rules than those that are built in, for tests of other packages. */
public final class TestHardener {
  private TestHardener() {}

  /** An engine that runs these rules, in this order. */
  public static Hardener of(List<HardeningPolicy> policies, String ownNamespace, List<Rule> rules) {
    return new Hardener(policies, ownNamespace, rules);
  }
}
