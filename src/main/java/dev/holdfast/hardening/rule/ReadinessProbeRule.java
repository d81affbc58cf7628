package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Container.Port;
import dev.holdfast.hardening.pod.Probe;
import dev.holdfast.policy.PodOverrides.ProbeChoice;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import dev.holdfast.policy.RuleSettings.Evidence;
import dev.holdfast.policy.Sidecars;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Adds a readiness probe where there is evidence of what to ask.
 *
 * <p>Sets: {@code readinessProbe} of app containers, from the first evidence of the policy's list:
 * the annotation; the container's liveness target, with fewer failures than liveness tolerates, so
 * that traffic stops before the restart; the one TCP port that Services lead to; the one declared
 * TCP port. <br>
 * Unless: the container has one; the pod or container runs to completion; the liveness probe
 * tolerates a single failure, so that fewer are not possible; a mesh proxy sits in the pod (only
 * the annotation and an untouched liveness target count there). <br>
 * Never: on UDP or SCTP ports, on side ports (metrics, admin, debug, jmx, prometheus), on what
 * headless Services and those with {@code publishNotReadyAddresses} lead to. <br>
 * Why: without one a pod gets traffic from its first moment, and a rolling update replaces the old
 * pods before the new ones can serve. <br>
 * Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes".
 */
final class ReadinessProbeRule implements Rule {
  private static final String PROBE = "readinessProbe";

  @Override
  public RuleName name() {
    return RuleName.READINESS_PROBE;
  }

  @Override
  public List<String> writes() {
    return List.of("/spec/containers/*/readinessProbe");
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    for (Container container : situation.pod().apps()) {
      Optional<ProbeChoice> asked = situation.overrides().readinessProbe(container.name());
      Optional<Probe> present = container.probe(PROBE);
      if (situation.pod().runsToCompletion() || !container.alwaysRestarts()) {
        ProbeSource.tellOfCompletion(asked, container, verdict);
      } else if (present.isPresent()) {
        ProbeSource.tellOfOther(asked, present.get(), verdict);
      } else if (asked.isPresent()) {
        addAsked(asked.get(), container, situation, verdict);
      } else {
        derive(container, situation, verdict);
      }
    }
  }

  private void addAsked(
      ProbeChoice asked, Container container, Situation situation, Verdict verdict) {
    RuleSettings.ReadinessProbe settings = situation.settings().readinessProbe();
    if (asked instanceof ProbeChoice.Off) {
      return;
    }
    if (!settings.evidence().contains(Evidence.ANNOTATION)) {
      verdict.find(
          Severity.WARNING,
          "annotation-no-evidence",
          container.pointer(),
          "the annotation's probe is not added: the policy's evidence does not list"
              + " Annotation");
      return;
    }
    ProbeSource.asked(asked, container, verdict)
        .ifPresent(
            handler ->
                verdict.add(
                    container.pointer() + "/" + PROBE,
                    withSettings(handler, situation),
                    "adds the readiness probe that the annotation asks for"));
  }

  private void derive(Container container, Situation situation, Verdict verdict) {
    // Read whatever the evidence is: where nobody can read them, nothing is known for sure.
    container.ports();
    for (Evidence evidence : situation.settings().readinessProbe().evidence()) {
      Optional<Probe> liveness = container.probe("livenessProbe");
      if (evidence == Evidence.PROBE && liveness.isPresent()) {
        deriveFromLiveness(liveness.get(), container, situation, verdict);
        return;
      }
      Optional<JsonNode> port =
          switch (evidence) {
            case SERVICE -> servicePort(container, situation, verdict);
            case PORT -> declaredPort(container, situation, verdict);
            case ANNOTATION, PROBE -> Optional.empty();
          };
      if (port.isPresent()) {
        ObjectNode handler = JsonNodeFactory.instance.objectNode();
        handler.putObject("tcpSocket").set("port", port.get());
        verdict.add(
            container.pointer() + "/" + PROBE,
            withSettings(handler, situation),
            "holds traffic back until port "
                + port.get().asText()
                + (evidence == Evidence.SERVICE
                    ? ", which Services lead to, accepts connections"
                    : ", which the container declares, accepts connections"));
        return;
      }
    }
  }

  private void deriveFromLiveness(
      Probe liveness, Container container, Situation situation, Verdict verdict) {
    RuleSettings.ReadinessProbe settings = situation.settings().readinessProbe();
    Optional<ObjectNode> handler = ProbeSource.copyOf(liveness, verdict);
    if (handler.isEmpty()) {
      return;
    }
    if (liveness.failureThreshold() <= 1) {
      verdict.find(
          Severity.WARNING,
          "liveness-tolerates-nothing",
          liveness.pointer(),
          "none is derived: the liveness probe restarts at its first failure, traffic cannot stop"
              + " before");
      return;
    }
    // As patient as liveness in one try, or else a slow answer would keep a healthy pod from ever
    // getting ready; no less frequent than liveness, so that it fails first.
    int timeout =
        Math.max(
            Math.min(minimumTimeout(situation), liveness.periodSeconds()),
            liveness.timeoutSeconds());
    int period = Math.max(Math.min(settings.periodSeconds(), liveness.periodSeconds()), timeout);
    ObjectNode probe = handler.get();
    probe.put("periodSeconds", period);
    probe.put("timeoutSeconds", timeout);
    probe.put(
        "failureThreshold", Math.min(settings.failureThreshold(), liveness.failureThreshold() - 1));
    verdict.add(
        container.pointer() + "/" + PROBE,
        probe,
        "asks what the liveness probe asks, so that traffic stops before the restart");
  }

  private static Optional<JsonNode> servicePort(
      Container container, Situation situation, Verdict verdict) {
    Set<ServicePorts.Target> targets = ServicePorts.of(situation).targets();
    if (targets.stream().noneMatch(target -> target.container().equals(container.name()))
        || isBehindMesh(situation, container, verdict)) {
      return Optional.empty();
    }
    if (targets.size() > 1) {
      verdict.find(
          Severity.INFO,
          "several-service-ports",
          container.pointer(),
          "none is derived: Services lead to "
              + targets.size()
              + " ports of this pod, and nothing says which one counts");
      return Optional.empty();
    }
    return Optional.of(targets.iterator().next().port());
  }

  private static Optional<JsonNode> declaredPort(
      Container container, Situation situation, Verdict verdict) {
    List<Port> ports =
        container.ports().stream()
            .filter(port -> port.isTcp() && !port.isSide() && Port.isValid(port.number()))
            .toList();
    return ports.size() != 1 || isBehindMesh(situation, container, verdict)
        ? Optional.empty()
        : Optional.of(IntNode.valueOf((int) ports.get(0).number()));
  }

  /** A proxy answers for the app: connecting to it says nothing, or fails for want of a key. */
  private static boolean isBehindMesh(Situation situation, Container container, Verdict verdict) {
    for (Container proxy : situation.pod().containers()) {
      if (Sidecars.MESH_PROXIES.contains(proxy.name())) {
        return tellOfMesh(container, verdict);
      }
    }
    for (Container proxy : situation.pod().nativeSidecars()) {
      if (Sidecars.MESH_PROXIES.contains(proxy.name())) {
        return tellOfMesh(container, verdict);
      }
    }
    return false;
  }

  private static boolean tellOfMesh(Container container, Verdict verdict) {
    verdict.find(
        Severity.INFO,
        "behind-mesh",
        container.pointer(),
        "none is derived from a port: the mesh proxy would answer for the app");
    return true;
  }

  private static ObjectNode withSettings(ObjectNode handler, Situation situation) {
    RuleSettings.ReadinessProbe settings = situation.settings().readinessProbe();
    handler.put("periodSeconds", settings.periodSeconds());
    handler.put("timeoutSeconds", Math.min(minimumTimeout(situation), settings.periodSeconds()));
    handler.put("failureThreshold", settings.failureThreshold());
    return handler;
  }

  private static int minimumTimeout(Situation situation) {
    return Math.max(
        situation.settings().readinessProbe().timeoutSeconds(),
        situation.settings().probeTimeout().minimumSeconds());
  }
}
