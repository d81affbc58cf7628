package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
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
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.jboss.logging.Logger;

/** Writes into each HardeningPolicy what became of it; only where that changes. */
final class PolicyStatus {
  private static final Logger LOG = Logger.getLogger(PolicyStatus.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FIELD_MANAGER = "holdfast-policy-status";

  private final KubernetesClient client;
  private final Cluster cluster;
  private final String ownNamespace;
  private final Clock clock;

  /**
   * @param ownNamespace never counts: its pods are left alone whatever a policy says
   */
  PolicyStatus(KubernetesClient client, Cluster cluster, String ownNamespace, Clock clock) {
    this.client = client;
    this.cluster = cluster;
    this.ownNamespace = ownNamespace;
    this.clock = clock;
  }

  /** Looks at every policy, and writes what has changed. */
  void write() {
    for (Map.Entry<String, ClusterPolicies.Seen> entry : cluster.policyObjects().all().entrySet()) {
      JsonNode wanted = status(entry.getValue());
      if (!stands(wanted, entry.getValue().status())) {
        write(entry.getKey(), wanted);
      }
    }
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
    } catch (KubernetesClientException e) {
      LOG.warnf("the status of HardeningPolicy %s cannot be written: %s", name, e.getMessage());
    }
  }

  private JsonNode status(ClusterPolicies.Seen policy) {
    boolean good = policy.problem().isEmpty();
    ObjectNode status = JSON.createObjectNode();
    status.put("observedGeneration", policy.generation());
    status.put("namespaces", policy.serving() == null ? 0 : count(policy.serving()));
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

  /** How many namespaces the policy is for, as far as their labels decide that. */
  private int count(HardeningPolicy policy) {
    int count = 0;
    for (Map.Entry<String, Map<String, String>> namespace : cluster.namespaces().entrySet()) {
      boolean counts =
          !namespace.getKey().equals(ownNamespace)
              && isFor(policy, namespace.getKey(), namespace.getValue());
      count += counts ? 1 : 0;
    }
    return count;
  }

  private static boolean isFor(HardeningPolicy policy, String name, Map<String, String> labels) {
    boolean named =
        policy.name().equals(labels.getOrDefault(PolicySelection.POLICY_LABEL, "").trim());
    boolean selected = named || policy.namespaceSelector().matches(labels);
    boolean countedIn =
        policy.scope() == HardeningPolicy.Scope.CLUSTER
            || Mode.of(labels.getOrDefault(PolicySelection.MODE_LABEL, ""))
                .filter(mode -> mode != Mode.OFF)
                .isPresent();
    return selected && countedIn && !policy.excludes(name);
  }
}
