package dev.holdfast.hardening.rule;

import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.PodView;
import dev.holdfast.policy.RuleName;
import java.util.List;

/**
 * Reports pods without a priority.
 *
 * <p>Finds: neither {@code priorityClassName} nor a {@code priority} other than 0. <br>
 * Never: sets anything. The API server has computed the priority before a webhook is asked, and
 * refuses a pod whose class says otherwise. <br>
 * Why: under pressure the scheduler preempts, and the kubelet evicts, the lowest priority first.
 * <br>
 * Source: Kubernetes, "Pod Priority and Preemption".
 */
final class PriorityClassRule implements Rule {
  @Override
  public RuleName name() {
    return RuleName.PRIORITY_CLASS;
  }

  @Override
  public List<String> writes() {
    return List.of();
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    PodView pod = situation.pod();
    if (pod.priorityClassName().isEmpty() && pod.priority().orElse(0) == 0) {
      verdict.find(
          Severity.INFO,
          "none",
          "/spec",
          "the pod has no priority class: under pressure it goes first");
    }
  }
}
