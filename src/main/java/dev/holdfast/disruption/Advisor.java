package dev.holdfast.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.BudgetAdvice;
import dev.holdfast.disruption.budget.Decider;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.disruption.budget.Neighbourhood;
import dev.holdfast.disruption.budget.Ruling;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.HardeningPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What whoever applies a budget or a workload should know about disruption budgets. From memory,
 * and quick. Thread-safe.
 */
final class Advisor {
  private static final Set<String> WITH_BUDGETS = Set.of("Deployment", "StatefulSet");

  private final Neighbourhoods neighbourhoods;
  private final Supplier<List<HardeningPolicy>> policies;
  private final String ownNamespace;
  private final Function<String, Map<String, String>> namespaceLabels;

  /**
   * @param policies all that serve
   * @param ownNamespace Holdfast's own
   * @param namespaceLabels by the namespace's name
   */
  Advisor(
      Neighbourhoods neighbourhoods,
      Supplier<List<HardeningPolicy>> policies,
      String ownNamespace,
      Function<String, Map<String, String>> namespaceLabels) {
    this.neighbourhoods = neighbourhoods;
    this.policies = policies;
    this.ownNamespace = ownNamespace;
    this.namespaceLabels = namespaceLabels;
  }

  /**
   * Advises.
   *
   * @param object a PodDisruptionBudget, or a workload with a pod template
   * @param namespace it is or will be in
   */
  List<Finding> advise(JsonNode object, String namespace) {
    if (object.path("kind").asText().equals("PodDisruptionBudget")) {
      Budget budget = Documents.budget(object, namespace);
      return neighbourhoods.with(namespace, all -> BudgetAdvice.of(all, budget));
    }
    Workload workload = Documents.workload(object, namespace);
    return neighbourhoods.with(namespace, all -> advise(all, workload));
  }

  private List<Finding> advise(Neighbourhood neighbourhood, Workload workload) {
    List<Finding> findings = new ArrayList<>();
    if (WITH_BUDGETS.contains(workload.key().kind())) {
      Ruling ruling =
          Ruling.of(
              workload,
              policies.get(),
              ownNamespace,
              namespaceLabels.apply(workload.key().namespace()));
      Decider decider =
          new Decider(neighbourhood, workload, ruling.withOwnProblems(workload), true);
      findings.addAll(decider.decide().findings());
    }
    findings.addAll(BudgetAdvice.of(neighbourhood, workload));
    findings.removeIf(finding -> finding.severity() == Severity.INFO);
    return findings;
  }
}
