package dev.holdfast.promises;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.RuleName;
import java.util.List;

/** Writes HardeningPolicies, with every setting anywhere in its range. */
final class Policies {
  private final Dice dice;

  Policies(Dice dice) {
    this.dice = dice;
  }

  /** A policy of nothing but a name: the profile {@code standard}. */
  static ObjectNode named(String name) {
    ObjectNode policy = Dice.object();
    policy.put("apiVersion", "holdfast.dev/v1alpha1").put("kind", "HardeningPolicy");
    policy.putObject("metadata").put("name", name);
    policy.putObject("spec");
    return policy;
  }

  /** A rule's settings in a policy's {@code spec}, to change. */
  static ObjectNode rule(ObjectNode spec, RuleName rule) {
    return spec.withObject("/rules").withObject("/" + rule.key());
  }

  ObjectNode policy(String name) {
    ObjectNode policy = named(name);
    ObjectNode spec = policy.withObject("/spec");
    dice.maybe(70, spec, "profile", dice.one("minimal", "standard", "full", "full"));
    dice.maybe(25, spec, "mode", dice.one("Enforce", "Enforce", "Audit", "Off"));
    dice.maybe(6, spec, "scope", dice.one("Cluster", "OptIn"));
    dice.maybe(20, spec, "priority", dice.between(-3, 3));
    dice.maybe(6, spec, "namespaceSelector", dice.json("{}", "{'matchLabels':{'team':'blue'}}"));
    dice.maybe(
        8,
        spec,
        "podSelector",
        dice.json(
            "{}",
            "{'matchLabels':{'app':'web'}}",
            "{'matchExpressions':[{'key':'app','operator':'NotIn','values':['db']}]}"));
    dice.maybe(5, spec, "excludeNamespaces", dice.json("['shop']", "[]", "['default']"));
    dice.maybe(8, spec, "overrides", dice.one("Allowed", "Denied"));
    dice.maybe(20, spec, "sidecars", dice.json("['log-shipper']", "[]", "['worker','metrics']"));
    if (dice.chance(70)) {
      rules(spec.putObject("rules"));
    }
    return policy;
  }

  private void rules(ObjectNode rules) {
    if (dice.chance(45)) {
      ObjectNode rule = rule(rules, "preStop");
      dice.maybe(15, rule, "strategy", dice.one("Sleep", "Drain"));
      dice.maybe(60, rule, "sleepSeconds", seconds());
      dice.maybe(30, rule, "applyTo", dice.one("Every", "Serving"));
      dice.maybe(40, rule, "shell", dice.one("Denied", "Allowed"));
    }
    if (dice.chance(40)) {
      ObjectNode rule = rule(rules, "terminationGrace");
      int shutdown = seconds();
      dice.maybe(50, rule, "maximumSeconds", Math.max(shutdown, 30 + dice.upTo(600)));
      if (!rule.has("maximumSeconds")) {
        shutdown = Math.min(shutdown, 600);
      }
      dice.maybe(60, rule, "shutdownSeconds", shutdown);
    }
    if (dice.chance(40)) {
      ObjectNode rule = rule(rules, "readinessProbe");
      dice.maybe(
          50,
          rule,
          "evidence",
          dice.json(
              "['Port']", "['Annotation','Probe','Service','Port']", "['Service','Probe']", "[]"));
      times(rule);
    }
    if (dice.chance(40)) {
      ObjectNode rule = rule(rules, "startupProbe");
      dice.maybe(
          50, rule, "from", dice.json("['Readiness']", "['Liveness','Readiness']", "['Liveness']"));
      dice.maybe(50, rule, "periodSeconds", dice.one(List.of(1, 2, 7, 60, 3600)));
      dice.maybe(50, rule, "budgetSeconds", seconds());
    }
    if (dice.chance(30)) {
      dice.maybe(80, rule(rules, "probeTimeout"), "minimumSeconds", seconds());
    }
    if (dice.chance(40)) {
      ObjectNode rule = rule(rules, "antiAffinity");
      dice.maybe(50, rule, "strength", dice.one("Preferred", "Required"));
      dice.maybe(40, rule, "topologyKeys", topologyKeys());
    }
    if (dice.chance(40)) {
      ObjectNode rule = rule(rules, "topologySpread");
      dice.maybe(40, rule, "maxSkew", dice.between(1, 5));
      dice.maybe(40, rule, "whenUnsatisfiable", dice.one("DoNotSchedule", "ScheduleAnyway"));
      dice.maybe(40, rule, "topologyKeys", topologyKeys());
    }
    for (String reporting : new String[] {"livenessProbe", "memoryLimit", "priorityClass"}) {
      if (dice.chance(15)) {
        rule(rules, reporting);
      }
    }
    if (dice.chance(15)) {
      dice.maybe(60, rule(rules, "replicas"), "minimum", dice.between(1, 5));
    }
  }

  private ObjectNode rule(ObjectNode rules, String key) {
    ObjectNode rule = rules.putObject(key);
    dice.maybe(35, rule, "mode", dice.one("Enforce", "Enforce", "Audit", "Off"));
    return rule;
  }

  private void times(ObjectNode rule) {
    int timeout = dice.one(List.of(1, 2, 3, 5, 100));
    if (dice.chance(50)) {
      rule.put("timeoutSeconds", timeout);
      rule.put("periodSeconds", timeout + dice.upTo(10));
    }
    dice.maybe(40, rule, "failureThreshold", dice.one(List.of(1, 2, 3, 10, 1000)));
  }

  private int seconds() {
    return dice.chance(70) ? dice.between(1, 60) : dice.one(List.of(1, 2, 300, 600, 3600));
  }

  private JsonNode topologyKeys() {
    return dice.json(
        "['kubernetes.io/hostname']",
        "['topology.kubernetes.io/zone','kubernetes.io/hostname']",
        "['example.com/rack']");
  }
}
