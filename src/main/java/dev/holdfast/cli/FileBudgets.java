package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.BudgetAdvice;
import dev.holdfast.disruption.budget.Decider;
import dev.holdfast.disruption.budget.Decision;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.disruption.budget.Neighbourhood;
import dev.holdfast.disruption.budget.Ruling;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The disruption budgets that workloads in files will get, decided as the controller decides: with
 * the autoscalers and the budgets in the same files. All objects are learnt before any is asked
 * for.
 */
final class FileBudgets {
  private static final Set<String> WORKLOADS = Set.of("Deployment", "StatefulSet", "ReplicaSet");
  private static final Set<String> OTHERS = Set.of("DaemonSet", "Job", "CronJob");

  private static final Finding NAMELESS =
      new Finding(
          Optional.of(RuleName.DISRUPTION_BUDGET),
          Severity.WARNING,
          "no-name",
          "/metadata",
          "it has no name here: its disruption budget is made in the cluster");

  private final List<HardeningPolicy> policies;
  private final String ownNamespace;
  private final String defaultNamespace;
  private final boolean unhealthyPolicyKnown;
  private final Map<String, Neighbourhood> neighbourhoods = new HashMap<>();

  /**
   * What there is to tell of one object.
   *
   * @param budget the budget that a workload gets; empty if it gets none, and for budgets
   */
  record Budgeted(KubernetesObject object, Optional<ObjectNode> budget, List<Finding> findings) {}

  FileBudgets(
      List<HardeningPolicy> policies,
      String ownNamespace,
      String defaultNamespace,
      boolean unhealthyPolicyKnown) {
    this.policies = policies;
    this.ownNamespace = ownNamespace;
    this.defaultNamespace = defaultNamespace;
    this.unhealthyPolicyKnown = unhealthyPolicyKnown;
  }

  /** Learns what an object tells, if it tells anything. */
  void learn(KubernetesObject object) {
    Neighbourhood neighbourhood = neighbourhood(object);
    if (isWorkload(object) || isOther(object)) {
      neighbourhood.put(workload(object));
    } else if (isBudget(object)) {
      neighbourhood.put(budget(object));
    } else if (object.apiVersion().startsWith("autoscaling/")
        && object.kind().equals("HorizontalPodAutoscaler")) {
      neighbourhood.put(Documents.autoscaler(object.content()));
    } else if (object.apiVersion().startsWith("keda.sh/") && object.kind().equals("ScaledObject")) {
      neighbourhood.put(Documents.scaledObject(object.content()));
    }
  }

  private Neighbourhood neighbourhood(KubernetesObject object) {
    return neighbourhoods.computeIfAbsent(object.namespace(defaultNamespace), Neighbourhood::new);
  }

  private boolean isWorkload(KubernetesObject object) {
    return object.apiVersion().equals("apps/v1") && WORKLOADS.contains(object.kind())
        || policies.stream()
            .anyMatch(
                policy ->
                    policy
                        .rules()
                        .disruptionBudget()
                        .kinds()
                        .contains(Workload.Owner.group(object.apiVersion()) + "/" + object.kind()));
  }

  /** Those whose pods count, but that never get a budget. */
  private static boolean isOther(KubernetesObject object) {
    return OTHERS.contains(object.kind())
        && (object.apiVersion().equals("apps/v1") || object.apiVersion().equals("batch/v1"));
  }

  private static boolean isBudget(KubernetesObject object) {
    return object.apiVersion().equals("policy/v1") && object.kind().equals("PodDisruptionBudget");
  }

  private Workload workload(KubernetesObject object) {
    ObjectNode named = object.content().deepCopy();
    named.put("apiVersion", object.apiVersion()).put("kind", object.kind());
    if (object.name().isEmpty()) {
      ObjectNode metadata =
          named.get("metadata") instanceof ObjectNode present
              ? present
              : named.putObject("metadata");
      metadata.put("name", object.givenName());
    }
    return Documents.workload(named, defaultNamespace);
  }

  private Budget budget(KubernetesObject object) {
    return Documents.budget(object.content(), defaultNamespace);
  }

  /**
   * What there is to tell of an object; empty if it is neither a workload nor a budget, or a part
   * of a workload.
   *
   * @param namespaceLabels of a namespace
   */
  Optional<Budgeted> of(
      KubernetesObject object, Function<KubernetesObject, Map<String, String>> namespaceLabels) {
    if (isBudget(object)) {
      List<Finding> advice = BudgetAdvice.of(neighbourhood(object), budget(object));
      return Optional.of(new Budgeted(object, Optional.empty(), advice));
    }
    if (!isWorkload(object)) {
      return Optional.empty();
    }
    Workload workload = workload(object);
    if (workload.isPartOfAnother()) {
      return Optional.empty();
    }
    Ruling ruling = Ruling.of(workload, policies, ownNamespace, namespaceLabels.apply(object));
    boolean isHardened = object.podPointer().isPresent();
    Decision decision =
        new Decider(
                neighbourhood(object),
                workload,
                isHardened ? ruling.withOwnProblems(workload) : ruling,
                unhealthyPolicyKnown)
            .decide();
    List<Finding> findings = new ArrayList<>(decision.findings());
    Optional<ObjectNode> budget =
        decision.apply().map(proposal -> asWritten(proposal.document(false), object));
    if (budget.isPresent() && object.name().isEmpty()) {
      findings.add(NAMELESS);
      budget = Optional.empty();
    }
    return Optional.of(new Budgeted(object, budget, List.copyOf(findings)));
  }

  /** In a file that names no namespace the budget names none either. */
  private static ObjectNode asWritten(ObjectNode budget, KubernetesObject object) {
    JsonNode namespace = object.content().at("/metadata/namespace");
    if (!namespace.isTextual() || namespace.textValue().isEmpty()) {
      budget.withObject("/metadata").remove("namespace");
    }
    return budget;
  }
}
