package dev.holdfast.hardening;

import static dev.holdfast.policy.RuleName.ANTI_AFFINITY;
import static dev.holdfast.policy.RuleName.TOPOLOGY_SPREAD;

import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Which rules act on a pod, and which only tell what they would do.
 *
 * @param enforced rules that change the pod
 * @param audited rules that only tell
 * @param toCome rules that an annotation asks for and that no code is there for yet
 */
public record RuleModes(Set<RuleName> enforced, Set<RuleName> audited, Set<RuleName> toCome) {
  private static final Set<RuleName> TO_COME =
      EnumSet.of(RuleName.INIT, RuleName.WAIT_FOR, RuleName.STOP_SIGNAL);

  /**
   * Decides rule by rule: the pod's {@code skip}, else the policy's own mode for the rule (which
   * can only lower the pod's), else the profile, else an annotation that asks for the rule.
   */
  static RuleModes of(Mode podMode, HardeningPolicy policy, PodOverrides overrides) {
    Set<RuleName> enforced = EnumSet.noneOf(RuleName.class);
    Set<RuleName> audited = EnumSet.noneOf(RuleName.class);
    Set<RuleName> toCome = EnumSet.noneOf(RuleName.class);
    for (RuleName rule : RuleName.values()) {
      Mode mode = modeOf(rule, podMode, policy, overrides);
      if (mode != Mode.OFF && TO_COME.contains(rule)) {
        if (overrides.asksFor(rule)) {
          toCome.add(rule);
        }
      } else if (mode == Mode.ENFORCE) {
        enforced.add(rule);
      } else if (mode == Mode.AUDIT) {
        audited.add(rule);
      }
    }
    RuleName needless = needlessSpread(policy, overrides);
    RuleName other = needless == ANTI_AFFINITY ? TOPOLOGY_SPREAD : ANTI_AFFINITY;
    if (enforced.contains(other) || audited.contains(other)) {
      enforced.remove(needless);
      audited.remove(needless);
    }
    return new RuleModes(enforced, audited, toCome);
  }

  /** All rules that act or tell. */
  Set<RuleName> enforcedAndAudited() {
    Set<RuleName> all = EnumSet.copyOf(audited);
    all.addAll(enforced);
    return all;
  }

  /** Every rule with its mode and what decided it, in the order they run. */
  static List<Explanation.RuleDecision> explain(
      Mode podMode, HardeningPolicy policy, PodOverrides overrides) {
    RuleModes modes = of(podMode, policy, overrides);
    List<Explanation.RuleDecision> decisions = new ArrayList<>();
    for (RuleName rule : RuleName.values()) {
      Mode mode =
          modes.enforced.contains(rule)
              ? Mode.ENFORCE
              : modes.audited.contains(rule) ? Mode.AUDIT : Mode.OFF;
      boolean lost = mode == Mode.OFF && modeOf(rule, podMode, policy, overrides) != Mode.OFF;
      String why = Decider.of(rule, policy, overrides).words;
      if (lost) {
        why =
            TO_COME.contains(rule)
                ? "this version does not have it"
                : "the other rule that spreads replicas takes its place";
      }
      decisions.add(new Explanation.RuleDecision(rule, mode, why));
    }
    return decisions;
  }

  /**
   * The mode of one rule.
   *
   * @param podMode what labels and policy decided
   */
  public static Mode modeOf(
      RuleName rule, Mode podMode, HardeningPolicy policy, PodOverrides overrides) {
    return switch (Decider.of(rule, policy, overrides)) {
      case SKIP, NOTHING -> Mode.OFF;
      case POLICY -> podMode.atMost(policy.ruleMode(rule).orElseThrow());
      case PROFILE, ANNOTATION -> podMode;
    };
  }

  /** What decides about a rule. */
  private enum Decider {
    SKIP("the pod's annotation skips it"),
    POLICY("the policy says so"),
    PROFILE("the profile has it"),
    ANNOTATION("an annotation of the pod asks for it"),
    NOTHING("neither profile nor annotation asks for it");

    private final String words;

    Decider(String words) {
      this.words = words;
    }

    static Decider of(RuleName rule, HardeningPolicy policy, PodOverrides overrides) {
      if (overrides.skip().contains(rule)) {
        return SKIP;
      }
      if (policy.ruleMode(rule).isPresent()) {
        return POLICY;
      }
      if (policy.profile().includes(rule)) {
        return PROFILE;
      }
      return overrides.asksFor(rule) ? ANNOTATION : NOTHING;
    }
  }

  /**
   * Which of the two rules that spread replicas gives way where both are on: never both on one pod.
   * The pod's own wish counts most, then what the policy itself switches on.
   */
  private static RuleName needlessSpread(HardeningPolicy policy, PodOverrides overrides) {
    boolean antiAffinityOnly =
        policy.ruleMode(ANTI_AFFINITY).isPresent() && policy.ruleMode(TOPOLOGY_SPREAD).isEmpty();
    return overrides.asksFor(ANTI_AFFINITY) || antiAffinityOnly ? TOPOLOGY_SPREAD : ANTI_AFFINITY;
  }
}
