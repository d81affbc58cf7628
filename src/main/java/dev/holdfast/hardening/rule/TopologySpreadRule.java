package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import dev.holdfast.policy.RuleSettings.WhenUnsatisfiable;
import java.util.List;
import java.util.Optional;

/**
 * Spreads the replicas of a workload evenly over nodes and zones.
 *
 * <p>Sets: {@code spec.topologySpreadConstraints}: one a topology key, as the policy says how
 * strictly. <br>
 * Unless: the user wrote any topologySpreadConstraints or podAntiAffinity; the pod is bare, pinned
 * to nodes, of a Job, DaemonSet or Node, or runs to completion; it has no label but those of one
 * revision. <br>
 * Why: a zone that fails takes its share of the replicas, and no more. <br>
 * Source: Kubernetes, "Pod Topology Spread Constraints"; KEP-3243 for {@code matchLabelKeys},
 * KEP-3094 for {@code nodeTaintsPolicy}.
 */
final class TopologySpreadRule implements Rule {
  /** {@code matchLabelKeys} in spread constraints is on by default since then. */
  private static final int MATCH_LABEL_KEYS = 27;

  /** {@code nodeTaintsPolicy} is on by default since then. */
  private static final int NODE_TAINTS_POLICY = 26;

  @Override
  public RuleName name() {
    return RuleName.TOPOLOGY_SPREAD;
  }

  @Override
  public List<String> writes() {
    return List.of("/spec/topologySpreadConstraints");
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    if (!Replication.mayBeSpread(situation)) {
      return;
    }
    Optional<ObjectNode> selector = Replication.selector(situation, verdict);
    if (selector.isEmpty()) {
      return;
    }
    RuleSettings.TopologySpread settings = situation.settings().topologySpread();
    ArrayNode constraints = JsonNodeFactory.instance.arrayNode();
    for (String topologyKey : settings.topologyKeys()) {
      ObjectNode constraint = constraints.addObject();
      constraint.put("maxSkew", settings.maxSkew());
      constraint.put("topologyKey", topologyKey);
      constraint.put("whenUnsatisfiable", settings.whenUnsatisfiable().word());
      constraint.set("labelSelector", selector.get());
      if (settings.whenUnsatisfiable() == WhenUnsatisfiable.DO_NOT_SCHEDULE
          && situation.facts().everywhereAtLeast(NODE_TAINTS_POLICY)) {
        // Else nodes that the pod cannot run on count as empty, and it waits for ever.
        constraint.put("nodeTaintsPolicy", "Honor");
      }
      if (situation.facts().everywhereAtLeast(MATCH_LABEL_KEYS)) {
        Replication.putMatchLabelKeys(constraint, situation);
      }
    }
    verdict.add(
        "/spec/topologySpreadConstraints",
        constraints,
        "spreads the workload's replicas over " + String.join(" and ", settings.topologyKeys()));
  }
}
