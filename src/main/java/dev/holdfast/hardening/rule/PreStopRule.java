package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.policy.PodOverrides.Pause;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import dev.holdfast.policy.Sidecars;
import java.util.List;
import java.util.Optional;

/**
 * Adds a pause before SIGTERM, so that load balancers and proxies have stopped sending new requests
 * when the app begins to stop.
 *
 * <p>Sets: {@code lifecycle.preStop} of app containers: {@code sleep} where the API server and
 * every kubelet are 1.30 or newer; else {@code exec} of {@code /bin/sh}, if the policy allows a
 * shell. <br>
 * Unless: the container has any {@code preStop}; the grace period is 0 or negative (immediate kill
 * was asked for); the pause would not fit into the grace period. <br>
 * Never: init containers and native sidecars, which outlive the app containers anyway. <br>
 * Why: endpoints are withdrawn at the same moment as SIGTERM is sent, and take seconds to reach
 * every proxy. <br>
 * Source: Kubernetes, "Pod Lifecycle: Termination of Pods"; KEP-3960 for {@code sleep}.
 */
final class PreStopRule implements Rule {
  /** {@code preStop.sleep} is on by default since then; an older kubelet skips to SIGTERM. */
  private static final int NATIVE_SLEEP = 30;

  @Override
  public RuleName name() {
    return RuleName.PRE_STOP;
  }

  @Override
  public List<String> writes() {
    return List.of("/spec/containers/*/lifecycle/preStop");
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    StopTime time = new StopTime(situation);
    if (time.graceSeconds() <= 0) {
      return;
    }
    Hook hook = hook(situation);
    boolean draining = false;
    boolean sleepless = false;
    boolean paused = false;
    for (Container container : situation.pod().apps()) {
      Optional<Pause> asked = situation.overrides().preStop(container.name());
      if (asked.isPresent()
          ? asked.get() instanceof Pause.Off
          : !isPauseWanted(container, situation)) {
        continue;
      }
      int seconds = seconds(asked, situation);
      Optional<ObjectNode> present = container.preStop();
      Optional<ObjectNode> wanted = handler(hook, seconds);
      if (present.isPresent() && !present.equals(wanted)) {
        paused = true;
        if (asked.isPresent()) {
          verdict.find(
              Severity.WARNING,
              "existing-pre-stop",
              container.pointer() + "/lifecycle/preStop",
              "the pause that the annotation asks for is not added: the container has a preStop");
        }
        continue;
      }
      draining |= isDrain(asked, situation);
      if (wanted.isEmpty()) {
        sleepless = true;
      } else if (present.isPresent()) {
        paused = true;
      } else if (seconds < time.graceFor(time.neededSeconds(container, seconds))) {
        paused = true;
        verdict.add(
            container.pointer() + "/lifecycle/preStop",
            wanted.get(),
            "pauses " + seconds + " s before SIGTERM, while traffic moves to other pods");
      } else {
        verdict.find(
            Severity.WARNING,
            "pause-too-long",
            container.pointer(),
            "a pause of "
                + seconds
                + " s does not fit into the grace period of "
                + time.graceFor(time.neededSeconds(container, seconds))
                + " s");
      }
    }
    if (draining) {
      tellOfDrain(verdict, situation);
    }
    if (sleepless) {
      tellOfMissingSleep(verdict, situation);
    }
    if (paused) {
      tellOfMeshProxies(verdict, situation);
    }
  }

  private static boolean isPauseWanted(Container container, Situation situation) {
    return situation.settings().preStop().applyTo() == RuleSettings.ApplyTo.EVERY
        || ServicePorts.of(situation).mayServe(container);
  }

  private static int seconds(Optional<Pause> asked, Situation situation) {
    return asked.isPresent() && asked.get() instanceof Pause.Sleep sleep
        ? sleep.seconds()
        : situation.settings().preStop().sleepSeconds();
  }

  private static boolean isDrain(Optional<Pause> asked, Situation situation) {
    return asked.isPresent()
        ? asked.get() instanceof Pause.Drain
        : situation.settings().preStop().strategy() == RuleSettings.Strategy.DRAIN;
  }

  private enum Hook {
    SLEEP,
    SHELL,
    NONE
  }

  private static Hook hook(Situation situation) {
    if (situation.facts().everywhereAtLeast(NATIVE_SLEEP)) {
      return Hook.SLEEP;
    }
    return situation.settings().preStop().shell() == RuleSettings.Shell.ALLOWED
            && !situation.pod().isWindows()
        ? Hook.SHELL
        : Hook.NONE;
  }

  private static Optional<ObjectNode> handler(Hook hook, int seconds) {
    ObjectNode handler = JsonNodeFactory.instance.objectNode();
    switch (hook) {
      case SLEEP -> handler.putObject("sleep").put("seconds", seconds);
      case SHELL ->
          handler
              .putObject("exec")
              .putArray("command")
              .add("/bin/sh")
              .add("-c")
              .add("sleep " + seconds);
      case NONE -> {
        return Optional.empty();
      }
    }
    return Optional.of(handler);
  }

  /** Stands as long as there is no init process to drain with; on Windows that is by design. */
  private static void tellOfDrain(Verdict verdict, Situation situation) {
    if (!situation.pod().isWindows()) {
      verdict.find(
          Severity.INFO,
          "no-drain",
          "/spec",
          "drain needs the init process, which this version does not bring; a sleep takes its"
              + " place");
    }
  }

  private static void tellOfMissingSleep(Verdict verdict, Situation situation) {
    ClusterFacts facts = situation.facts();
    verdict.find(
        Severity.WARNING,
        "no-native-sleep",
        "/spec",
        "no pause: preStop.sleep needs Kubernetes 1.30; the API server has "
            + facts.apiServer()
            + ", the oldest kubelet "
            + facts.oldestKubelet());
  }

  /** A proxy among the containers gets SIGTERM at once, while the app behind it still pauses. */
  private static void tellOfMeshProxies(Verdict verdict, Situation situation) {
    for (Container proxy : situation.pod().containers()) {
      if (Sidecars.MESH_PROXIES.contains(proxy.name()) && proxy.preStop().isEmpty()) {
        verdict.find(
            Severity.WARNING,
            "mesh-proxy-stops-first",
            proxy.pointer(),
            proxy.name().equals("linkerd-proxy")
                ? "the proxy stops while the app pauses: set"
                    + " config.alpha.linkerd.io/proxy-wait-before-exit-seconds"
                : "the proxy stops while the app pauses: set terminationDrainDuration in"
                    + " proxy.istio.io/config");
      }
    }
  }
}
