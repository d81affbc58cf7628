package dev.holdfast.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.ClusterView;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.PodOverrides;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Tells whoever applies a workload what its pods will get. Warnings about pods reach a controller
 * and no person; these reach {@code kubectl apply}. Every review is allowed and nothing is changed.
 * Thread-safe.
 */
final class AdviceHandler {
  private static final Set<String> APPS = Set.of("Deployment", "StatefulSet", "DaemonSet");
  private static final Set<String> BATCH = Set.of("Job", "CronJob");
  private static final Set<String> WITH_REPLICAS = Set.of("Deployment", "StatefulSet");

  private final ReviewHandler.Engine engine;
  private final ClusterView cluster;
  private final ReviewObserver observer;
  private final Budgets budgets;

  /** Tells of disruption budgets. */
  interface Budgets {
    /** What whoever applies this workload or budget should know. */
    List<Finding> advise(JsonNode object, String namespace);
  }

  AdviceHandler(
      ReviewHandler.Engine engine, ClusterView cluster, ReviewObserver observer, Budgets budgets) {
    this.engine = engine;
    this.cluster = cluster;
    this.observer = observer;
    this.budgets = budgets;
  }

  /**
   * Answers one request, once what the cluster has to look up for it is there. Never throws.
   *
   * @param contentType the header's value, null if there is none
   * @param reply is called once, before this returns or on another thread
   */
  void advise(String contentType, byte[] body, Consumer<Answer> reply) {
    AdmissionRequest request;
    try {
      request = AdmissionRequest.read(contentType, body);
    } catch (AdmissionRequest.Refusal e) {
      observer.refused();
      reply.accept(e.answer());
      return;
    }
    Optional<CompletionStage<Void>> awaited =
        isAboutTemplate(request) ? cluster.lookUp(request.namespace()) : Optional.empty();
    if (awaited.isEmpty()) {
      reply.accept(answer(request));
    } else {
      awaited.get().thenRun(() -> reply.accept(answer(request)));
    }
  }

  private Answer answer(AdmissionRequest request) {
    List<String> warnings = List.of();
    try {
      if (isAboutTemplate(request)) {
        warnings = warnings(request);
      } else if (isWritten(request)
          && request.isKind("policy", "v1", "PodDisruptionBudget")
          && !request.object().path("spec").equals(request.oldObject().path("spec"))) {
        warnings = Warnings.of(budgets.advise(request.object(), request.namespace()));
      }
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Advice is never worth a failed call.
      observer.failed(request.uid(), request.namespace(), e);
    }
    return Answer.review(ReviewHandler.allowed(request.uid(), warnings));
  }

  private List<String> warnings(AdmissionRequest request) {
    String kind = kind(request);
    if (!(template(kind, request.object()) instanceof ObjectNode template)) {
      return List.of();
    }
    if (request.operation().equals("UPDATE")
        && template.equals(template(kind, request.oldObject()))) {
      return isSameToBudgets(request.object(), request.oldObject())
          ? List.of()
          : Warnings.of(budgets.advise(request.object(), request.namespace()));
    }
    ClusterFacts known = cluster.facts(request.namespace(), template);
    Outcome outcome =
        engine.harden(
            template,
            request.namespace(),
            new ClusterFacts(
                known.apiServer(),
                known.oldestKubelet(),
                known.namespaceLabels(),
                known.services(),
                Optional.of(workload(kind, request.object()))));
    return Warnings.advice(outcome, budgets.advise(request.object(), request.namespace()));
  }

  /** Whether a workload with the same template as before has the same budget, too. */
  private static boolean isSameToBudgets(JsonNode object, JsonNode before) {
    return object.at("/spec/replicas").equals(before.at("/spec/replicas"))
        && object.at("/spec/selector").equals(before.at("/spec/selector"))
        && ours(object.at("/metadata/labels")).equals(ours(before.at("/metadata/labels")))
        && ours(object.at("/metadata/annotations"))
            .equals(ours(before.at("/metadata/annotations")));
  }

  private static Map<String, JsonNode> ours(JsonNode labels) {
    Map<String, JsonNode> ours = new HashMap<>();
    for (Map.Entry<String, JsonNode> label : labels.properties()) {
      if (label.getKey().startsWith(PodOverrides.PREFIX)) {
        ours.put(label.getKey(), label.getValue());
      }
    }
    return ours;
  }

  private static boolean isAboutTemplate(AdmissionRequest request) {
    return isWritten(request) && !kind(request).isEmpty();
  }

  private static boolean isWritten(AdmissionRequest request) {
    return (request.operation().equals("CREATE") || request.operation().equals("UPDATE"))
        && request.subResource().isEmpty();
  }

  /** The kind if it is one that makes pods of a template; else "". */
  private static String kind(AdmissionRequest request) {
    for (String kind : APPS) {
      if (request.isKind("apps", "v1", kind)) {
        return kind;
      }
    }
    for (String kind : BATCH) {
      if (request.isKind("batch", "v1", kind)) {
        return kind;
      }
    }
    return "";
  }

  private static JsonNode template(String kind, JsonNode object) {
    JsonNode spec = object.path("spec");
    return kind.equals("CronJob")
        ? spec.path("jobTemplate").path("spec").path("template")
        : spec.path("template");
  }

  private static Workload workload(String kind, JsonNode object) {
    JsonNode spec = object.path("spec");
    return new Workload(
        kind,
        object.path("metadata").path("name").asText(""),
        LabelSelector.read(spec.path("selector"))
            .filter(selector -> !selector.equals(LabelSelector.EVERYTHING)),
        WITH_REPLICAS.contains(kind)
            ? Optional.of(spec.path("replicas").asInt(1))
            : Optional.empty());
  }
}
