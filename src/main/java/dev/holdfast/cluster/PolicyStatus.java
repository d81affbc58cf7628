package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.certs.ClientFailures;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicySelection;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/** Writes into each HardeningPolicy what became of it; only where that changes. Not thread-safe. */
final class PolicyStatus {
  private static final Logger LOG = Logger.getLogger(PolicyStatus.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FIELD_MANAGER = "holdfast-policy-status";
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  private final KubernetesClient client;
  private final Cluster cluster;
  private final String ownNamespace;
  private final Clock clock;
  private final BooleanSupplier leading;
  private final Map<String, Refusal> refused = new HashMap<>();

  /**
   * What the API server said last when a status was not taken.
   *
   * @param pause until it is tried again
   */
  private record Refusal(String reason, Instant at, Duration pause) {}

  /**
   * @param ownNamespace never counts: its pods are left alone whatever a policy says
   * @param leading asked before every write
   */
  PolicyStatus(
      KubernetesClient client,
      Cluster cluster,
      String ownNamespace,
      Clock clock,
      BooleanSupplier leading) {
    this.client = FewRetries.of(client);
    this.leading = leading;
    this.cluster = cluster;
    this.ownNamespace = ownNamespace;
    this.clock = clock;
  }

  /** Looks at every policy, and writes what has changed. */
  void write() {
    Map<String, ClusterPolicies.Seen> all = cluster.policyObjects().all();
    refused.keySet().retainAll(all.keySet());
    List<HardeningPolicy> serving =
        all.values().stream().map(ClusterPolicies.Seen::serving).filter(Objects::nonNull).toList();
    for (Map.Entry<String, ClusterPolicies.Seen> entry : all.entrySet()) {
      String name = entry.getKey();
      JsonNode wanted = status(entry.getValue(), serving);
      if (!stands(wanted, entry.getValue().status()) && mayTry(name) && leading.getAsBoolean()) {
        write(name, wanted);
      }
    }
  }

  private boolean mayTry(String name) {
    Refusal last = refused.get(name);
    return last == null || !clock.instant().isBefore(last.at().plus(last.pause()));
  }

  /** Whether all that we write is there already; what others write beside it is theirs. */
  private static boolean stands(JsonNode wanted, JsonNode found) {
    return wanted.get("observedGeneration").equals(found.path("observedGeneration"))
        && wanted.get("namespaces").equals(found.path("namespaces"))
        && wanted.at("/conditions/0").equals(ready(found));
  }

  private static JsonNode ready(JsonNode status) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition;
      }
    }
    return MissingNode.getInstance();
  }

  private void write(String name, JsonNode status) {
    GenericKubernetesResource object = new GenericKubernetesResource();
    object.setApiVersion("holdfast.dev/v1alpha1");
    object.setKind("HardeningPolicy");
    object.setMetadata(new ObjectMetaBuilder().withName(name).build());
    object.setAdditionalProperty("status", JSON.convertValue(status, Map.class));
    try {
      client
          .genericKubernetesResources(ClusterPolicies.RESOURCE)
          .resource(object)
          .subresource("status")
          .patch(
              new PatchContext.Builder()
                  .withPatchType(PatchType.SERVER_SIDE_APPLY)
                  .withFieldManager(FIELD_MANAGER)
                  .withForce(true)
                  .build(),
              object);
      refused.remove(name);
    } catch (KubernetesClientException e) {
      refused(name, ClientFailures.words(e));
    }
  }

  private void refused(String name, String reason) {
    Refusal last = refused.get(name);
    Duration pause = FIRST_PAUSE;
    if (last != null) {
      Duration twice = last.pause().multipliedBy(2);
      pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
    }
    if (last == null || !last.reason().equals(reason)) {
      LOG.warnf(
          "the status of HardeningPolicy %s cannot be written, and is tried again: %s",
          name, reason);
    }
    refused.put(name, new Refusal(reason, clock.instant(), pause));
  }

  private JsonNode status(ClusterPolicies.Seen policy, List<HardeningPolicy> serving) {
    boolean good = policy.problem().isEmpty();
    ObjectNode status = JSON.createObjectNode();
    status.put("observedGeneration", policy.generation());
    status.put("namespaces", policy.serving() == null ? 0 : count(policy.serving(), serving));
    ObjectNode ready = status.putArray("conditions").addObject();
    ready.put("type", "Ready");
    ready.put("status", good ? "True" : "False");
    ready.put("reason", good ? "Accepted" : "Invalid");
    ready.put("message", message(policy));
    ready.put("observedGeneration", policy.generation());
    ready.put("lastTransitionTime", transition(policy.status(), good ? "True" : "False"));
    return asRead(status);
  }

  /** Numbers as a reader makes them, so that it equals what the API server gives back. */
  private static JsonNode asRead(JsonNode status) {
    try {
      return JSON.readTree(JSON.writeValueAsBytes(status));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String message(ClusterPolicies.Seen policy) {
    if (policy.problem().isEmpty()) {
      return "the policy serves";
    }
    return policy.problem()
        + (policy.serving() == null ? "; it counts as absent" : "; the last good one serves");
  }

  private String transition(JsonNode status, String now) {
    JsonNode condition = ready(status);
    if (condition.path("status").asText().equals(now)
        && condition.path("lastTransitionTime").isTextual()) {
      return condition.get("lastTransitionTime").textValue();
    }
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private int count(HardeningPolicy policy, List<HardeningPolicy> policies) {
    int count = 0;
    for (Map.Entry<String, Map<String, String>> namespace : cluster.namespaces().entrySet()) {
      boolean counts =
          !namespace.getKey().equals(ownNamespace)
              && PolicySelection.isFor(policy, policies, namespace.getKey(), namespace.getValue());
      count += counts ? 1 : 0;
    }
    return count;
  }
}
