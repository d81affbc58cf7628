package dev.holdfast.hardening.rule;

import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Probe;
import dev.holdfast.policy.RuleName;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Reports liveness probes that can kill what is merely slow.
 *
 * <p>Finds, in app containers: the same target as the readiness probe with no more tolerance; a
 * large {@code initialDelaySeconds} in place of a startup probe; a path that by its name asks other
 * services, whose failure then restarts every pod that depends on them. <br>
 * Never: sets anything. A missing liveness probe is no finding, and none is ever invented. <br>
 * Why: a restart does not help an overloaded process, and takes its share of the load to the
 * others. <br>
 * Source: Kubernetes, "Liveness, Readiness, and Startup Probes" (caution).
 */
final class LivenessProbeRule implements Rule {
  /** Half a minute without any check is more than a slip; defaults and habits stay below. */
  private static final int LARGE_DELAY_SECONDS = 30;

  /** Whole path segments that mean "and all that I depend on". */
  private static final Set<String> CHAIN =
      Set.of(
          "ready",
          "readyz",
          "readiness",
          "deep",
          "deepcheck",
          "full",
          "dependencies",
          "downstream",
          "upstream",
          "db",
          "database",
          "redis",
          "kafka",
          "rabbitmq",
          "elasticsearch");

  /** Spring Boot's overall health, which includes databases and brokers by default. */
  private static final String ACTUATOR = "/actuator/health";

  @Override
  public RuleName name() {
    return RuleName.LIVENESS_PROBE;
  }

  @Override
  public List<String> writes() {
    return List.of();
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    for (Container container : situation.pod().apps()) {
      Optional<Probe> liveness = container.probe("livenessProbe");
      if (liveness.isPresent()) {
        compareWithReadiness(liveness.get(), container, verdict);
        compareWithStartup(liveness.get(), container, verdict);
        judgePath(liveness.get(), verdict);
      }
    }
  }

  private static void compareWithReadiness(Probe liveness, Container container, Verdict verdict) {
    Optional<Probe> readiness = container.probe("readinessProbe");
    if (readiness.isPresent()
        && liveness.asksTheSameAs(readiness.get())
        && liveness.toleranceSeconds() <= readiness.get().toleranceSeconds()) {
      verdict.find(
          Severity.WARNING,
          "same-as-readiness",
          liveness.pointer(),
          "restarts the container no later than the readiness probe stops its traffic: both ask the"
              + " same");
    }
  }

  private static void compareWithStartup(Probe liveness, Container container, Verdict verdict) {
    if (liveness.initialDelaySeconds() < LARGE_DELAY_SECONDS) {
      return;
    }
    Optional<Probe> startup = container.probe("startupProbe");
    if (startup.isEmpty()) {
      verdict.find(
          Severity.WARNING,
          "delay-in-place-of-startup-probe",
          liveness.pointer() + "/initialDelaySeconds",
          "kills a start after "
              + liveness.initialDelaySeconds()
              + " s and notices no hang sooner: a startup probe does better");
    } else if (startup.get().asksTheSameAs(liveness)) {
      verdict.find(
          Severity.INFO,
          "delay-beside-startup-probe",
          liveness.pointer() + "/initialDelaySeconds",
          "the startup probe makes the delay of "
              + liveness.initialDelaySeconds()
              + " s needless: it only hides hangs");
    }
  }

  private static void judgePath(Probe liveness, Verdict verdict) {
    String path = liveness.path();
    int query = path.indexOf('?');
    String plain = (query < 0 ? path : path.substring(0, query)).toLowerCase(Locale.ROOT);
    boolean chain = plain.equals(ACTUATOR) || plain.equals(ACTUATOR + "/");
    for (String segment : plain.split("/")) {
      chain |= CHAIN.contains(segment);
    }
    if (chain) {
      verdict.find(
          Severity.WARNING,
          "asks-other-services",
          liveness.pointer() + "/httpGet/path",
          "by its name, this path depends on other services: when one fails, every pod restarts");
    }
  }
}
