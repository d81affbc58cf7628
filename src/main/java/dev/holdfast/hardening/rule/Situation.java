package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.pod.PodView;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import java.util.Set;

/**
 * What a rule decides from.
 *
 * @param pod the pod, with the edits of the rules before
 * @param policy the policy that applies
 * @param overrides what the pod's annotations ask for
 * @param facts what is known of the place where the pod will run
 * @param active the rules that act on this pod
 */
public record Situation(
    PodView pod,
    HardeningPolicy policy,
    PodOverrides overrides,
    ClusterFacts facts,
    Set<RuleName> active) {

  /** The same, when the pod has become this. */
  public Situation after(ObjectNode changed) {
    return new Situation(pod.after(changed), policy, overrides, facts, active);
  }

  /** The settings of all rules. */
  RuleSettings settings() {
    return policy.rules();
  }
}
