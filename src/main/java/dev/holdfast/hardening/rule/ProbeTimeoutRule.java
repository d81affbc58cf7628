package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.IntNode;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Probe;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.Sidecars;
import java.util.List;
import java.util.Optional;

/**
 * Raises the timeout of probes from the default of one second, which a garbage collection or a busy
 * node exceeds.
 *
 * <p>Sets: {@code timeoutSeconds} of the probes of app containers and native sidecars, to the
 * policy's minimum, never beyond the probe's {@code periodSeconds}. <br>
 * Unless: it is anything else than absent, 0 (the default) or 1. <br>
 * Why: a probe that times out under load restarts or withdraws a pod exactly when it is needed.
 * <br>
 * Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes" (defaults).
 */
final class ProbeTimeoutRule implements Rule {
  private static final List<String> PROBES =
      List.of("livenessProbe", "readinessProbe", "startupProbe");

  @Override
  public RuleName name() {
    return RuleName.PROBE_TIMEOUT;
  }

  @Override
  public List<String> writes() {
    return List.of(
        "/spec/containers/*/livenessProbe/timeoutSeconds",
        "/spec/containers/*/readinessProbe/timeoutSeconds",
        "/spec/containers/*/startupProbe/timeoutSeconds",
        "/spec/initContainers/*/livenessProbe/timeoutSeconds",
        "/spec/initContainers/*/readinessProbe/timeoutSeconds",
        "/spec/initContainers/*/startupProbe/timeoutSeconds");
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    for (Container container : situation.pod().apps()) {
      raise(container, situation, verdict);
    }
    for (Container sidecar : situation.pod().nativeSidecars()) {
      if (!Sidecars.isKnown(sidecar.name(), situation.policy().sidecars())
          && !situation.overrides().excludeContainers().contains(sidecar.name())) {
        raise(sidecar, situation, verdict);
      }
    }
  }

  private static void raise(Container container, Situation situation, Verdict verdict) {
    for (String key : PROBES) {
      Optional<Probe> present = container.probe(key);
      if (present.isEmpty() || present.get().timeoutSeconds() > 1) {
        continue;
      }
      Probe probe = present.get();
      int minimum = situation.settings().probeTimeout().minimumSeconds();
      int raised = Math.min(minimum, probe.periodSeconds());
      if (raised <= 1) {
        continue;
      }
      String path = probe.pointer() + "/timeoutSeconds";
      String reason = "raises the timeout from 1 s to " + raised + " s";
      if (probe.hasTimeoutSeconds()) {
        verdict.replace(path, IntNode.valueOf(raised), reason);
      } else {
        verdict.add(path, IntNode.valueOf(raised), reason);
      }
    }
  }
}
