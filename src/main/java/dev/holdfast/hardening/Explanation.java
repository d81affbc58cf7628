package dev.holdfast.hardening;

import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.RuleName;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What decides about a pod, before any rule has looked at it.
 *
 * @param policy the policy that applies; empty if none does
 * @param mode the pod's mode, {@link Mode#OFF} if the pod is left alone altogether
 * @param why which label, setting or property of the pod decided that
 * @param rules every rule, in the order they run; empty if the pod is left alone altogether
 * @param annotations the pod's annotations that are ours, in their order
 * @param problems labels and annotations that are not followed
 */
public record Explanation(
    Optional<HardeningPolicy> policy,
    Mode mode,
    String why,
    List<RuleDecision> rules,
    Map<String, String> annotations,
    List<PodOverrides.Problem> problems) {

  /**
   * Whether one rule acts on the pod.
   *
   * @param why what decided that, a few words
   */
  public record RuleDecision(RuleName rule, Mode mode, String why) {}
}
