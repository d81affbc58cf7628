package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.IntNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.policy.RuleName;
import java.util.List;

/**
 * Raises {@code terminationGracePeriodSeconds} so that the preStop pause and the app's own shutdown
 * both fit.
 *
 * <p>Sets: {@code spec.terminationGracePeriodSeconds}, to at most the policy's {@code
 * maximumSeconds}. <br>
 * Unless: it is 0 (immediate kill was asked for), negative, or already large enough. A 30 that the
 * API server filled in cannot be told from one that was written; only raising makes that harmless.
 * <br>
 * Why: the pause and SIGTERM share one budget; the kubelet kills at its end. <br>
 * Source: Kubernetes, "Pod Lifecycle: Termination of Pods".
 */
final class TerminationGraceRule implements Rule {
  private static final String PATH = "/spec/terminationGracePeriodSeconds";

  @Override
  public RuleName name() {
    return RuleName.TERMINATION_GRACE;
  }

  @Override
  public List<String> writes() {
    return List.of(PATH);
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    StopTime time = new StopTime(situation);
    long grace = time.graceSeconds();
    long needed = 0;
    long pause = 0;
    for (Container container : situation.pod().apps()) {
      long containersPause = time.pauseSeconds(container);
      long containersNeed = time.neededSeconds(container, containersPause);
      if (containersNeed > needed) {
        needed = containersNeed;
        pause = containersPause;
      }
    }
    if (grace <= 0 || grace >= needed) {
      return;
    }
    long raised = time.graceFor(needed);
    if (raised > grace) {
      // At most maximumSeconds, so it is an int.
      String reason =
          "raises the grace period from "
              + grace
              + " s to "
              + raised
              + " s: "
              + pause
              + " s pause, "
              + (needed - pause)
              + " s shutdown";
      if (situation.pod().terminationGracePeriodSeconds().isPresent()) {
        verdict.replace(PATH, IntNode.valueOf((int) raised), reason);
      } else {
        verdict.add(PATH, IntNode.valueOf((int) raised), reason);
      }
    }
    if (raised < needed) {
      verdict.find(
          Severity.WARNING,
          "maximum-reached",
          PATH,
          "the pod needs "
              + needed
              + " s to stop, the policy's maximumSeconds allows "
              + situation.settings().terminationGrace().maximumSeconds()
              + " s");
    }
  }
}
