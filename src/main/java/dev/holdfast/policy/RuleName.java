package dev.holdfast.policy;

import java.util.Locale;
import java.util.Optional;

/**
 * The names of all rules: as users write them in annotations, and as keys of {@code spec.rules}.
 */
public enum RuleName {
  INIT("init", "init"),
  WAIT_FOR("wait-for", "waitFor"),
  STOP_SIGNAL("stop-signal", "stopSignal"),
  PRE_STOP("pre-stop", "preStop"),
  TERMINATION_GRACE("termination-grace", "terminationGrace"),
  READINESS_PROBE("readiness-probe", "readinessProbe"),
  STARTUP_PROBE("startup-probe", "startupProbe"),
  PROBE_TIMEOUT("probe-timeout", "probeTimeout"),
  ANTI_AFFINITY("anti-affinity", "antiAffinity"),
  TOPOLOGY_SPREAD("topology-spread", "topologySpread"),
  DISRUPTION_BUDGET("disruption-budget", "disruptionBudget"),
  LIVENESS_PROBE("liveness-probe", "livenessProbe"),
  MEMORY_LIMIT("memory-limit", "memoryLimit"),
  REPLICAS("replicas", "replicas"),
  PRIORITY_CLASS("priority-class", "priorityClass");

  private static final String DOCUMENTATION = "https://holdfast.dev/rules/";

  private final String id;
  private final String key;

  RuleName(String id, String key) {
    this.id = id;
    this.key = key;
  }

  /** The name that users see, for example {@code pre-stop}. */
  public String id() {
    return id;
  }

  /** The key below {@code spec.rules} of a HardeningPolicy, for example {@code preStop}. */
  public String key() {
    return key;
  }

  /** The address of the rule's documentation page. */
  public String documentation() {
    return DOCUMENTATION + id;
  }

  /** Finds a rule by its key below {@code spec.rules}. */
  static RuleName ofKey(String key) {
    for (RuleName rule : values()) {
      if (rule.key.equals(key)) {
        return rule;
      }
    }
    throw new IllegalArgumentException(key);
  }

  /** Finds a rule by the name that users write. Trimmed and case-insensitive. */
  public static Optional<RuleName> of(String value) {
    String wanted = value.trim().toLowerCase(Locale.ROOT);
    for (RuleName rule : values()) {
      if (rule.id.equals(wanted)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return id;
  }
}
