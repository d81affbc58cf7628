package dev.holdfast.hardening.rule;

import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.RuleName;
import java.util.List;
import java.util.Optional;

/**
 * Reports workloads with too few replicas to survive the loss of one.
 *
 * <p>Finds: fewer replicas, by an autoscaler's minimum or the workload itself, than the policy's
 * {@code minimum}. None at all is a choice, and no finding. <br>
 * Never: sets anything. Unless the workload is known, there is nothing to tell. <br>
 * Why: with one replica every drain and every node failure is an outage. <br>
 * Source: Kubernetes, "Disruptions".
 */
final class ReplicasRule implements Rule {
  @Override
  public RuleName name() {
    return RuleName.REPLICAS;
  }

  @Override
  public List<String> writes() {
    return List.of();
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    Optional<Workload> workload = situation.facts().workload();
    int minimum = situation.settings().replicas().minimum();
    int replicas = workload.flatMap(Workload::replicas).orElse(minimum);
    if (replicas > 0 && replicas < minimum) {
      verdict.find(
          Severity.INFO,
          "too-few",
          "",
          workload.get().kind()
              + " "
              + workload.get().name()
              + " runs "
              + replicas
              + (replicas == 1 ? " replica" : " replicas")
              + "; "
              + minimum
              + " survive the loss of a node");
    }
  }
}
