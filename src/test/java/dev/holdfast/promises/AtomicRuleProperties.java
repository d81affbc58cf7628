package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.TestHardener;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.hardening.rule.Situation;
import dev.holdfast.hardening.rule.Verdict;
import dev.holdfast.oracle.PodValidation;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * A rule that throws, before or after it has decided something, costs its own edits and nobody
 * else's. Each property tries 600 pods.
 */
class AtomicRuleProperties {
  @Property
  void a_rule_that_throws_loses_its_edits_and_the_others_keep_theirs(
      @ForAll(supplier = Cases.Valid.class) Case c,
      @ForAll @IntRange(max = 10) int which,
      @ForAll boolean late) {
    Rule failing = Rules.ALL.get(which);
    Outcome outcome = harden(c, withRule(failing, new Throwing(failing, late)));
    Outcome without =
        c.withPolicies(spec -> Policies.rule(spec, failing.name()).put("mode", "Off")).harden();
    // Where a policy has one of the two off, the other may take its place.
    Set<RuleName> either = EnumSet.of(RuleName.ANTI_AFFINITY, RuleName.TOPOLOGY_SPREAD);
    Set<RuleName> leftOut = either.contains(failing.name()) ? either : EnumSet.of(failing.name());
    assertThat(outcome.edits()).noneMatch(edit -> edit.rule() == failing.name());
    assertThat(Case.texts(outcome.edits(), leftOut))
        .isEqualTo(Case.texts(without.edits(), leftOut));
    assertThat(Case.texts(outcome.auditEdits(), leftOut))
        .isEqualTo(Case.texts(without.auditEdits(), leftOut));
    assertThat(PodValidation.errors(c.patched(outcome), c.minor())).isEmpty();
    outcome.findings().stream()
        .filter(finding -> finding.severity() == Severity.ERROR)
        .forEach(finding -> assertThat(finding.rule()).contains(failing.name()));
  }

  private static Outcome harden(Case c, List<Rule> rules) {
    return TestHardener.of(c.policies(), Case.OWN_NAMESPACE, rules)
        .harden(c.pod(), c.namespace(), c.facts());
  }

  private static List<Rule> withRule(Rule old, Rule other) {
    List<Rule> rules = new ArrayList<>(Rules.ALL);
    rules.set(rules.indexOf(old), other);
    return rules;
  }

  /** Throws at once, or when all is decided. */
  private record Throwing(Rule rule, boolean late) implements Rule {
    @Override
    public RuleName name() {
      return rule.name();
    }

    @Override
    public List<String> writes() {
      return rule.writes();
    }

    @Override
    public void apply(Situation situation, Verdict verdict) {
      if (late) {
        rule.apply(situation, verdict);
      }
      throw new IllegalStateException("thrown\nby a test");
    }
  }
}
