package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.PodOverrides.AntiAffinityChoice;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import dev.holdfast.policy.RuleSettings.Strength;
import java.util.List;
import java.util.Optional;

/**
 * Keeps the replicas of a workload apart, so that one node or zone does not take them all.
 *
 * <p>Sets: {@code spec.affinity.podAntiAffinity}: one term a topology key, preferred with falling
 * weight. {@code Required} makes a condition of the term for {@code kubernetes.io/hostname} and
 * leaves the others preferred, as API servers may forbid required terms for any other key
 * (admission plug-in LimitPodHardAntiAffinityTopology). <br>
 * Unless: the user wrote any podAntiAffinity or topologySpreadConstraints; the pod is bare, pinned
 * to nodes, of a Job, DaemonSet or Node, or runs to completion; it has no label but those of one
 * revision. <br>
 * Why: the scheduler alone weighs other things too; all replicas on one node fall with it. <br>
 * Source: Kubernetes, "Assigning Pods to Nodes"; KEP-3633 for {@code matchLabelKeys}.
 */
final class AntiAffinityRule implements Rule {
  /** {@code matchLabelKeys} in affinity terms is on by default since then. */
  private static final int MATCH_LABEL_KEYS = 31;

  private static final String HOSTNAME = "kubernetes.io/hostname";
  private static final int FIRST_WEIGHT = 100;
  private static final int NEXT_WEIGHT = 50;

  @Override
  public RuleName name() {
    return RuleName.ANTI_AFFINITY;
  }

  @Override
  public List<String> writes() {
    return List.of("/spec/affinity/podAntiAffinity");
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    Optional<AntiAffinityChoice> asked = situation.overrides().antiAffinity();
    if (asked.equals(Optional.of(AntiAffinityChoice.OFF)) || !Replication.mayBeSpread(situation)) {
      return;
    }
    Optional<ObjectNode> selector = Replication.selector(situation, verdict);
    if (selector.isEmpty()) {
      return;
    }
    RuleSettings.AntiAffinity settings = situation.settings().antiAffinity();
    boolean required =
        asked
            .map(choice -> choice == AntiAffinityChoice.REQUIRED)
            .orElse(settings.strength() == Strength.REQUIRED);
    ArrayNode conditions = JsonNodeFactory.instance.arrayNode();
    ArrayNode wishes = JsonNodeFactory.instance.arrayNode();
    for (String topologyKey : settings.topologyKeys()) {
      ObjectNode term = JsonNodeFactory.instance.objectNode();
      term.set("labelSelector", selector.get());
      term.put("topologyKey", topologyKey);
      if (situation.facts().everywhereAtLeast(MATCH_LABEL_KEYS)) {
        Replication.putMatchLabelKeys(term, situation);
      }
      if (required && topologyKey.equals(HOSTNAME)) {
        conditions.add(term);
      } else {
        wishes
            .addObject()
            .put("weight", conditions.isEmpty() && wishes.size() == 1 ? FIRST_WEIGHT : NEXT_WEIGHT)
            .set("podAffinityTerm", term);
      }
    }
    ObjectNode antiAffinity = JsonNodeFactory.instance.objectNode();
    if (!conditions.isEmpty()) {
      antiAffinity.set("requiredDuringSchedulingIgnoredDuringExecution", conditions);
    }
    if (!wishes.isEmpty()) {
      antiAffinity.set("preferredDuringSchedulingIgnoredDuringExecution", wishes);
    }
    verdict.add(
        "/spec/affinity/podAntiAffinity",
        antiAffinity,
        (conditions.isEmpty() ? "prefers" : "requires")
            + " other nodes than those of the workload's other replicas");
  }
}
