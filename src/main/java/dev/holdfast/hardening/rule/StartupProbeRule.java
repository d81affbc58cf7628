package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Probe;
import dev.holdfast.policy.PodOverrides.ProbeChoice;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import dev.holdfast.policy.RuleSettings.Source;
import java.util.List;
import java.util.Optional;

/**
 * Adds a startup probe, so that a slow start no longer means a restart.
 *
 * <p>Sets: {@code startupProbe} of app containers: what the annotation asks for; else what the
 * liveness probe asks (what the readiness probe asks only if the policy lists {@code Readiness}).
 * It allows at least {@code budgetSeconds} and at least what liveness allowed until now, without an
 * initial delay. <br>
 * Unless: the container has one, or nothing to derive it from; the pod or container runs to
 * completion; the target is rewritten by a mesh, names a host or is none that we know. <br>
 * Why: until it succeeds the kubelet asks no other probe, so that liveness can be strict without
 * killing what is still starting. <br>
 * Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes"; KEP-950.
 */
final class StartupProbeRule implements Rule {
  private static final String PROBE = "startupProbe";

  @Override
  public RuleName name() {
    return RuleName.STARTUP_PROBE;
  }

  @Override
  public List<String> writes() {
    return List.of("/spec/containers/*/startupProbe");
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    for (Container container : situation.pod().apps()) {
      Optional<ProbeChoice> asked = situation.overrides().startupProbe(container.name());
      Optional<Probe> present = container.probe(PROBE);
      if (situation.pod().runsToCompletion() || !container.alwaysRestarts()) {
        ProbeSource.tellOfCompletion(asked, container, verdict);
      } else if (present.isPresent()) {
        ProbeSource.tellOfOther(asked, present.get(), verdict);
      } else if (asked.isPresent()) {
        ProbeSource.asked(asked.get(), container, verdict)
            .ifPresent(
                handler ->
                    add(
                        container,
                        handler,
                        1,
                        "adds the startup probe that the annotation asks for",
                        situation,
                        verdict));
      } else {
        derive(container, situation, verdict);
      }
    }
  }

  private static void derive(Container container, Situation situation, Verdict verdict) {
    for (Source source : situation.settings().startupProbe().from()) {
      String key = source == Source.LIVENESS ? "livenessProbe" : "readinessProbe";
      Optional<Probe> probe = container.probe(key);
      if (probe.isPresent()) {
        ProbeSource.copyOf(probe.get(), verdict)
            .ifPresent(
                handler ->
                    add(
                        container,
                        handler,
                        probe.get().timeoutSeconds(),
                        source == Source.LIVENESS
                            ? "asks what the liveness probe asks, so that a slow start means no"
                                + " restart"
                            : "asks what the readiness probe asks, as the policy wants",
                        situation,
                        verdict));
        return;
      }
    }
  }

  private static void add(
      Container container,
      ObjectNode handler,
      int leastTimeoutSeconds,
      String reason,
      Situation situation,
      Verdict verdict) {
    RuleSettings.StartupProbe settings = situation.settings().startupProbe();
    int timeout =
        Math.max(leastTimeoutSeconds, situation.settings().probeTimeout().minimumSeconds());
    int period = Math.max(settings.periodSeconds(), timeout);
    long budget = Math.max(settings.budgetSeconds(), livenessAllows(container));
    long failureThreshold = (budget + period - 1) / period;
    if (failureThreshold > Integer.MAX_VALUE) {
      verdict.find(
          Severity.WARNING,
          "out-of-range",
          container.pointer(),
          "no startup probe is added: it could not allow the "
              + budget
              + " s that liveness allows");
      return;
    }
    handler.put("periodSeconds", period);
    handler.put("timeoutSeconds", timeout);
    handler.put("failureThreshold", (int) failureThreshold);
    verdict.add(container.pointer() + "/" + PROBE, handler, reason);
  }

  /** The seconds that the container has had until now to get alive. */
  private static long livenessAllows(Container container) {
    return container
        .probe("livenessProbe")
        .map(
            liveness ->
                liveness.initialDelaySeconds()
                    + (long) liveness.periodSeconds() * liveness.failureThreshold())
        .orElse(0L);
  }
}
