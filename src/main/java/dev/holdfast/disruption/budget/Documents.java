package dev.holdfast.disruption.budget;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.disruption.budget.Workload.Owner;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.PodOverrides;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads objects as they stand in manifests and in an API server's answers. What cannot be read is
 * as if it were not there: the API server refuses it, and not we.
 */
public final class Documents {
  private static final Set<String> CRITICAL =
      Set.of("system-node-critical", "system-cluster-critical");

  private Documents() {}

  /**
   * A workload of any kind with {@code spec.selector}.
   *
   * @param namespace of objects that name none
   */
  public static Workload workload(JsonNode object, String namespace) {
    JsonNode metadata = object.path("metadata");
    JsonNode spec = object.path("spec");
    JsonNode template =
        spec.has("jobTemplate") ? spec.at("/jobTemplate/spec/template") : spec.path("template");
    String apiVersion = object.path("apiVersion").asText();
    Key key =
        new Key(
            metadata.path("namespace").asText(namespace),
            Owner.group(apiVersion),
            object.path("kind").asText(),
            metadata.path("name").asText());
    return new Workload(
        key,
        apiVersion,
        metadata.path("uid").asText(key.toString()),
        instant(metadata.path("creationTimestamp")),
        !metadata.path("deletionTimestamp").asText().isEmpty(),
        replicas(spec.path("replicas"), 1),
        LabelSelector.read(spec.path("selector")),
        ours(strings(metadata.path("labels"))),
        ours(strings(metadata.path("annotations"))),
        strings(template.at("/metadata/labels")),
        ours(strings(template.at("/metadata/annotations"))),
        isCritical(template.at("/spec/priorityClassName").asText()),
        owner(metadata));
  }

  /** Whether pods of this priority class are the system's own. */
  public static boolean isCritical(String priorityClassName) {
    return CRITICAL.contains(priorityClassName);
  }

  /** Those of the labels or annotations that are ours. */
  public static Map<String, String> ours(Map<String, String> all) {
    if (all == null || all.isEmpty()) {
      return Map.of();
    }
    Map<String, String> ours = new HashMap<>();
    all.forEach(
        (key, value) -> {
          if (key.startsWith(PodOverrides.PREFIX)) {
            ours.put(key, value);
          }
        });
    return ours;
  }

  /** The labels of any object. */
  public static Map<String, String> labels(JsonNode object) {
    return strings(object.at("/metadata/labels"));
  }

  /** A copy; empty for null. */
  public static Map<String, String> copy(Map<String, String> map) {
    return map == null ? Map.of() : Map.copyOf(map);
  }

  /** A PodDisruptionBudget. */
  public static Budget budget(JsonNode object, String namespace) {
    JsonNode metadata = object.path("metadata");
    JsonNode spec = object.path("spec");
    JsonNode status = object.path("status");
    return new Budget(
        metadata.path("namespace").asText(namespace),
        metadata.path("name").asText(),
        metadata.path("uid").asText(),
        metadata.path("resourceVersion").asText(),
        LabelSelector.read(spec.path("selector")),
        amount(spec, BudgetAmount.Field.MAX_UNAVAILABLE)
            .or(() -> amount(spec, BudgetAmount.Field.MIN_AVAILABLE)),
        spec.path("unhealthyPodEvictionPolicy").asText(),
        Proposal.HOLDFAST.equals(metadata.path("labels").path(Proposal.MANAGED_BY).asText()),
        isWritten(metadata),
        owner(metadata),
        status.has("expectedPods")
            ? Optional.of(
                new Budget.Status(
                    status.path("observedGeneration").asLong(),
                    status.path("disruptionsAllowed").asInt(),
                    status.path("currentHealthy").asInt(),
                    status.path("desiredHealthy").asInt(),
                    status.path("expectedPods").asInt(),
                    isFailing(status)))
            : Optional.empty());
  }

  private static boolean isWritten(JsonNode metadata) {
    for (JsonNode manager : metadata.path("managedFields")) {
      if (manager.path("manager").asText().equals(Proposal.FIELD_MANAGER)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isFailing(JsonNode status) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("reason").asText().equals("SyncFailed")) {
        return true;
      }
    }
    return false;
  }

  private static Optional<BudgetAmount> amount(JsonNode spec, BudgetAmount.Field field) {
    JsonNode value = spec.path(field.word());
    return value.isValueNode() && !value.isNull()
        ? BudgetAmount.of(field, value.asText())
        : Optional.empty();
  }

  /** A HorizontalPodAutoscaler of any version. */
  public static Autoscaler autoscaler(JsonNode object) {
    JsonNode target = object.at("/spec/scaleTargetRef");
    return new Autoscaler(
        "HorizontalPodAutoscaler",
        object.at("/metadata/name").asText(),
        Owner.group(target.path("apiVersion").asText()),
        target.path("kind").asText(),
        target.path("name").asText(),
        replicas(object.at("/spec/minReplicas"), 1));
  }

  /** A ScaledObject of KEDA, which may scale to none; one that is paused scales nothing. */
  public static Autoscaler scaledObject(JsonNode object) {
    JsonNode target = object.at("/spec/scaleTargetRef");
    return new Autoscaler(
        "ScaledObject",
        object.at("/metadata/name").asText(),
        Owner.group(target.path("apiVersion").asText("apps/v1")),
        target.path("kind").asText("Deployment"),
        isPaused(object.at("/metadata/annotations")) ? "" : target.path("name").asText(),
        replicas(object.at("/spec/minReplicaCount"), 0));
  }

  /** What it is paused at stands in {@code spec.replicas} of its target. */
  private static boolean isPaused(JsonNode annotations) {
    return annotations.has("autoscaling.keda.sh/paused-replicas")
        || annotations.path("autoscaling.keda.sh/paused").asText().equals("true");
  }

  private static int replicas(JsonNode replicas, int otherwise) {
    return replicas.isInt() && replicas.intValue() >= 0 ? replicas.intValue() : otherwise;
  }

  private static Optional<Owner> owner(JsonNode metadata) {
    for (JsonNode owner : metadata.path("ownerReferences")) {
      if (owner.path("controller").asBoolean()) {
        return Optional.of(
            new Owner(
                Owner.group(owner.path("apiVersion").asText()),
                owner.path("kind").asText(),
                owner.path("name").asText(),
                owner.path("uid").asText()));
      }
    }
    return Optional.empty();
  }

  private static Instant instant(JsonNode timestamp) {
    try {
      return timestamp.isTextual() ? Instant.parse(timestamp.textValue()) : Instant.EPOCH;
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }

  /** The string values of an object; others are left out. */
  static Map<String, String> strings(JsonNode node) {
    Map<String, String> strings = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (entry.getValue().isTextual()) {
        strings.put(entry.getKey(), entry.getValue().textValue());
      }
    }
    return strings;
  }
}
