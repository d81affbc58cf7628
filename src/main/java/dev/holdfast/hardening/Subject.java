package dev.holdfast.hardening;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.pod.Metadata;
import dev.holdfast.hardening.pod.PodView;
import dev.holdfast.hardening.rule.Situation;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.Sidecars;
import java.util.Set;

/**
 * What one decision is about, the same for every rule.
 *
 * @param pod the pod as it came
 * @param view the same, with all its containers
 */
record Subject(
    ObjectNode pod,
    Metadata metadata,
    PodView view,
    HardeningPolicy policy,
    PodOverrides overrides,
    ClusterFacts facts) {

  /** What the first rule sees. */
  Situation situation(Set<RuleName> active) {
    return new Situation(view.without(this::isLeftAlone), policy, overrides, facts, active);
  }

  private boolean isLeftAlone(String container) {
    return Sidecars.isKnown(container, policy.sidecars())
        || overrides.excludeContainers().contains(container);
  }
}
