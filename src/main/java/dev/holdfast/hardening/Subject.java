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
 */
record Subject(
    ObjectNode pod,
    Metadata metadata,
    HardeningPolicy policy,
    PodOverrides overrides,
    ClusterFacts facts) {

  /** What a rule sees when the pod looks like this. */
  Situation situation(ObjectNode now, Set<RuleName> active) {
    return new Situation(
        PodView.of(now, metadata, this::isLeftAlone), policy, overrides, facts, active);
  }

  private boolean isLeftAlone(String container) {
    return Sidecars.isKnown(container, policy.sidecars())
        || overrides.excludeContainers().contains(container);
  }
}
