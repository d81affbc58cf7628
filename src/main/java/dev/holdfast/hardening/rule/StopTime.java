package dev.holdfast.hardening.rule;

import dev.holdfast.hardening.pod.Container;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import java.util.OptionalLong;

/**
 * How long a pod's containers take to stop, in seconds. The pause before SIGTERM and the app's own
 * shutdown share {@code terminationGracePeriodSeconds}; at its end the kubelet kills (Kubernetes,
 * "Pod Lifecycle: Termination of Pods").
 */
final class StopTime {
  /** What the API server writes into pods that have none. */
  private static final long DEFAULT_GRACE_SECONDS = 30;

  private final Situation situation;

  StopTime(Situation situation) {
    this.situation = situation;
  }

  /** The grace period that the pod has now. */
  long graceSeconds() {
    OptionalLong grace = situation.pod().terminationGracePeriodSeconds();
    return grace.isPresent() ? grace.getAsLong() : DEFAULT_GRACE_SECONDS;
  }

  /** What a container needs in all if this is its pause. */
  long neededSeconds(Container container, long pauseSeconds) {
    RuleSettings.TerminationGrace settings = situation.settings().terminationGrace();
    return pauseSeconds
        + situation
            .overrides()
            .shutdownSeconds(container.name())
            .orElse(settings.shutdownSeconds());
  }

  /** The pause of a container as it stands: a hook that is no sleep counts as long as ours. */
  long pauseSeconds(Container container) {
    if (container.preStop().isEmpty()) {
      return 0;
    }
    OptionalLong sleep = container.preStopSleepSeconds();
    return sleep.isPresent()
        ? Math.max(0, sleep.getAsLong())
        : situation.settings().preStop().sleepSeconds();
  }

  /** The grace period after the raise that a need leads to; the present one where none does. */
  long graceFor(long neededSeconds) {
    long grace = graceSeconds();
    if (grace <= 0 || !situation.active().contains(RuleName.TERMINATION_GRACE)) {
      return grace;
    }
    long most = situation.settings().terminationGrace().maximumSeconds();
    return Math.max(grace, Math.min(neededSeconds, most));
  }
}
