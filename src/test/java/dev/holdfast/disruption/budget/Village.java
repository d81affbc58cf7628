package dev.holdfast.disruption.budget;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A neighbourhood made of manifests, and the decisions in it, for tests. */
final class Village {
  static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  static final Duration CALM = Duration.ofSeconds(30);
  private static final YAMLMapper YAML = new YAMLMapper();

  final Neighbourhood neighbourhood = new Neighbourhood("shop");
  final Calm calm = new Calm();
  List<HardeningPolicy> policies = List.of(PolicyLoader.embedded());
  Map<String, String> namespaceLabels = Map.of();
  boolean terminating;
  boolean givesWay;
  boolean unhealthyPolicyKnown = true;
  Instant now = NOW;

  static JsonNode yaml(String text) {
    try {
      return YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Village policy(String spec) {
    String document =
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: {name: p}\nspec: "
            + spec;
    try {
      policies = PolicyLoader.load("policy", document.getBytes(StandardCharsets.UTF_8));
    } catch (PolicyException e) {
      throw new IllegalArgumentException(e);
    }
    return this;
  }

  /** A Deployment that was created long ago, with {@code app: NAME} as selector and label. */
  static ObjectNode deployment(String name, int replicas) {
    return (ObjectNode)
        yaml(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: NAME, namespace: shop, uid: uid-NAME, creationTimestamp: "2026-01-01T00:00:00Z"}
            spec:
              replicas: REPLICAS
              selector: {matchLabels: {app: NAME}}
              template: {metadata: {labels: {app: NAME}}}
            """
                .replace("NAME", name)
                .replace("REPLICAS", Integer.toString(replicas)));
  }

  /** A budget of a user. */
  static Budget budget(String name, String spec) {
    return Documents.budget(
        yaml(
            "metadata: {name: "
                + name
                + ", namespace: shop, uid: u-"
                + name
                + ", resourceVersion: '1'}\nspec: "
                + spec),
        "shop");
  }

  /** A ReplicaSet of the Deployment of that name, or one that was and is left to itself. */
  static ObjectNode replicaSet(String name, String deployment) {
    ObjectNode object = deployment(deployment, 3);
    object.put("kind", "ReplicaSet");
    ObjectNode metadata =
        object.withObject("/metadata").put("name", name).put("uid", "uid-" + name);
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "apps/v1")
        .put("kind", "Deployment")
        .put("name", deployment)
        .put("uid", "uid-" + deployment)
        .put("controller", true);
    return object;
  }

  Workload put(JsonNode object) {
    Workload workload = Documents.workload(object, "shop");
    neighbourhood.put(workload);
    return workload;
  }

  Village put(Budget budget) {
    neighbourhood.put(budget);
    return this;
  }

  Decision decide(Workload workload) {
    Decider decider =
        new Decider(
            neighbourhood,
            workload,
            Ruling.of(workload, policies, "holdfast-system", namespaceLabels),
            unhealthyPolicyKnown);
    Optional<Instant> since = calm.observe(workload, decider.isCalm(), now);
    return decider.decide(since, CALM, now, terminating, givesWay);
  }

  /** Decides, and does what was decided. */
  Decision reconcile(Workload workload) {
    Decision decision = decide(workload);
    decision.withdraw().forEach(budget -> neighbourhood.removeBudget(budget.name()));
    decision.apply().ifPresent(proposal -> neighbourhood.put(proposal.pending()));
    return decision;
  }
}
