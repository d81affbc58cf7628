package dev.holdfast.hardening;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.patch.Pointers;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.policy.RuleName;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The last word on a patch: the API server's validation rules that our edits can touch, and our own
 * promise to add and raise only. A rule whose edit fails here loses all of them; a patched pod that
 * the API server refuses would be worse than none, and {@code failurePolicy: Ignore} does not
 * protect from it.
 *
 * <p>Source: Kubernetes 1.34, {@code pkg/apis/core/validation}.
 */
final class SafetyCheck {
  /** An older API server drops the {@code sleep} and refuses the empty {@code preStop}. */
  private static final int NATIVE_SLEEP = 30;

  private static final long DEFAULT_GRACE_SECONDS = 30;
  private static final int DEFAULT_PERIOD_SECONDS = 10;
  private static final List<String> HOOKS = List.of("exec", "httpGet", "tcpSocket", "sleep");
  private static final List<String> PROBES = List.of("exec", "httpGet", "tcpSocket", "grpc");
  private static final List<String> PROBE_NUMBERS =
      List.of("periodSeconds", "timeoutSeconds", "failureThreshold");

  private final ObjectNode before;
  private final ObjectNode after;
  private final ClusterFacts facts;

  /**
   * @param before the pod as it came
   * @param after the pod with all edits
   * @param facts what is known of the place where it will run
   */
  SafetyCheck(ObjectNode before, ObjectNode after, ClusterFacts facts) {
    this.before = before;
    this.after = after;
    this.facts = facts;
  }

  /** An edit that must not be sent, and why. */
  record Violation(RuleName rule, String path, String problem) {}

  /** The first edit that must not be sent; empty if all may. */
  Optional<Violation> firstViolation(List<Edit> edits, List<Rule> rules) {
    RuleName rule = null;
    List<String> writes = List.of();
    for (Edit edit : edits) {
      if (edit.rule() != rule) {
        rule = edit.rule();
        writes = writes(rule, rules);
      }
      String problem = isOneOf(writes, edit.path()) ? problem(edit) : "another rule's field";
      if (!problem.isEmpty()) {
        return Optional.of(new Violation(rule, edit.path(), problem));
      }
    }
    return Optional.empty();
  }

  private static List<String> writes(RuleName name, List<Rule> rules) {
    for (Rule rule : rules) {
      if (rule.name() == name) {
        return rule.writes();
      }
    }
    return List.of();
  }

  private static boolean isOneOf(List<String> patterns, String pointer) {
    for (String pattern : patterns) {
      if (matches(pattern, pointer)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a pointer is of a pattern, in which {@code *} stands for an index. */
  static boolean matches(String pattern, String pointer) {
    int at = 0;
    for (int i = 0; i < pattern.length(); i++) {
      if (pattern.charAt(i) != '*') {
        if (at >= pointer.length() || pointer.charAt(at++) != pattern.charAt(i)) {
          return false;
        }
      } else {
        int start = at;
        while (at < pointer.length() && Character.isDigit(pointer.charAt(at))) {
          at++;
        }
        if (at == start) {
          return false;
        }
      }
    }
    return at == pointer.length();
  }

  /** "" if the edit may be sent. */
  private String problem(Edit edit) {
    JsonNode value = edit.value();
    return switch (edit.path().substring(edit.path().lastIndexOf('/') + 1)) {
      case "preStop" -> ofPreStop(value);
      case "terminationGracePeriodSeconds" -> ofRaise(edit, DEFAULT_GRACE_SECONDS);
      case "readinessProbe", "startupProbe" -> ofProbe(value);
      case "timeoutSeconds" -> ofTimeout(edit);
      case "podAntiAffinity" -> ofAntiAffinity(value);
      case "topologySpreadConstraints" -> ofSpread(value);
      default -> "a field that no validation is known for";
    };
  }

  private String ofPreStop(JsonNode hook) {
    if (!hasOne(hook, HOOKS)) {
      return "a hook must have one handler";
    }
    if (hook.has("exec") && hook.path("exec").path("command").isEmpty()) {
      return "a command must not be empty";
    }
    if (!hook.has("sleep")) {
      return "";
    }
    if (!facts.everywhereAtLeast(NATIVE_SLEEP)) {
      return "sleep is not known everywhere";
    }
    long seconds = hook.path("sleep").path("seconds").asLong();
    JsonNode grace = after.path("spec").path("terminationGracePeriodSeconds");
    long most = grace.isIntegralNumber() ? grace.longValue() : DEFAULT_GRACE_SECONDS;
    return seconds < 1 || seconds > most ? "a sleep must end within the grace period" : "";
  }

  private String ofRaise(Edit edit, long defaultValue) {
    JsonNode old = Pointers.at(before, edit.path());
    long from = old.isIntegralNumber() && old.longValue() != 0 ? old.longValue() : defaultValue;
    return edit.value().isIntegralNumber() && edit.value().longValue() > from
        ? ""
        : "nothing is ever lowered";
  }

  private static String ofProbe(JsonNode probe) {
    if (!hasOne(probe, PROBES)) {
      return "a probe must have one handler";
    }
    for (String number : PROBE_NUMBERS) {
      JsonNode value = probe.path(number);
      if (!value.isInt() || value.intValue() < 1) {
        return number + " must be a positive int32";
      }
    }
    if (probe.path("timeoutSeconds").intValue() > probe.path("periodSeconds").intValue()) {
      return "a timeout must not exceed the period";
    }
    for (String handler : PROBES) {
      if (probe.path(handler).has("host")) {
        return "a probe must not name a host";
      }
    }
    // Of these the API server allows one value or none, depending on the kind of probe.
    return probe.has("successThreshold") || probe.has("terminationGracePeriodSeconds")
        ? "a field that not every probe may have"
        : "";
  }

  private String ofTimeout(Edit edit) {
    JsonNode probe = Pointers.at(before, edit.path().substring(0, edit.path().lastIndexOf('/')));
    int period = probe.path("periodSeconds").asInt();
    return edit.value().asInt() > (period == 0 ? DEFAULT_PERIOD_SECONDS : period)
        ? "a timeout must not exceed the period"
        : ofRaise(edit, 1);
  }

  private static String ofAntiAffinity(JsonNode antiAffinity) {
    for (JsonNode term : antiAffinity.path("requiredDuringSchedulingIgnoredDuringExecution")) {
      if (!isSound(term)) {
        return "a term must select some pods over some topology";
      }
    }
    for (JsonNode wish : antiAffinity.path("preferredDuringSchedulingIgnoredDuringExecution")) {
      int weight = wish.path("weight").asInt();
      if (weight < 1 || weight > 100) {
        return "a weight must be from 1 to 100";
      }
      if (!isSound(wish.path("podAffinityTerm"))) {
        return "a term must select some pods over some topology";
      }
    }
    return antiAffinity.isEmpty() ? "an anti-affinity must have a term" : "";
  }

  private static String ofSpread(JsonNode constraints) {
    Set<String> pairs = new HashSet<>();
    for (JsonNode constraint : constraints) {
      if (!isSound(constraint) || constraint.path("maxSkew").asInt() < 1) {
        return "a constraint must select some pods over some topology, with a skew of at least 1";
      }
      if (!pairs.add(
          constraint.path("topologyKey").asText() + ' ' + constraint.path("whenUnsatisfiable"))) {
        return "constraints must differ in topologyKey or whenUnsatisfiable";
      }
    }
    return pairs.isEmpty() ? "there must be a constraint" : "";
  }

  private static boolean isSound(JsonNode term) {
    JsonNode selector = term.path("labelSelector");
    for (JsonNode key : term.path("matchLabelKeys")) {
      if (selector.path("matchLabels").has(key.asText())) {
        return false;
      }
    }
    return !term.path("topologyKey").asText().isBlank()
        && (!selector.path("matchLabels").isEmpty()
            || !selector.path("matchExpressions").isEmpty());
  }

  private static boolean hasOne(JsonNode node, List<String> keys) {
    int count = 0;
    for (String key : keys) {
      count += node.has(key) ? 1 : 0;
    }
    return count == 1;
  }
}
