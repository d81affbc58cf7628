package dev.holdfast.disruption.budget;

import dev.holdfast.hardening.RuleModes;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.PolicySelection;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What policies, labels and annotations say about a workload's budget.
 *
 * @param mode of the rule; {@link Mode#OFF} where anything switches it off
 * @param reason why it is off; {@link Reason#PROTECTED} if it is not
 * @param why one sentence for people
 * @param settings of the policy that applies; empty if none does
 * @param asked what the annotation asks for
 * @param problems labels and annotations that are not followed
 */
public record Ruling(
    Mode mode,
    Reason reason,
    String why,
    Optional<RuleSettings.DisruptionBudget> settings,
    Optional<BudgetAmount> asked,
    List<PodOverrides.Problem> problems) {

  private static final String BUDGET = PodOverrides.PREFIX + "disruption-budget";
  private static final String SKIP = PodOverrides.PREFIX + "skip";

  /**
   * Rules.
   *
   * @param policies all that serve
   * @param ownNamespace Holdfast's own, which is left alone
   * @param namespaceLabels of the workload's namespace
   */
  public static Ruling of(
      Workload workload,
      List<HardeningPolicy> policies,
      String ownNamespace,
      Map<String, String> namespaceLabels) {
    String namespace = workload.key().namespace();
    if (namespace.equals(ownNamespace) || HardeningPolicy.ALWAYS_EXCLUDED.contains(namespace)) {
      return off(Reason.EXCLUDED, "namespace " + namespace + " is left alone", List.of());
    }
    if (workload.critical()) {
      return off(Reason.EXCLUDED, "its pods have a priority class of the system", List.of());
    }
    PolicySelection selection =
        PolicySelection.choose(policies, namespace, namespaceLabels, labels(workload));
    List<PodOverrides.Problem> problems = new ArrayList<>(selection.problems());
    if (selection.policy().isEmpty() || selection.mode() == Mode.OFF) {
      boolean excluded = selection.policy().filter(one -> one.excludes(namespace)).isPresent();
      return off(excluded ? Reason.EXCLUDED : Reason.OFF, selection.why(), problems);
    }
    HardeningPolicy policy = selection.policy().get();
    PodOverrides overrides = overrides(workload, policy, problems);
    problems.addAll(overrides.problems());
    Mode mode =
        overrides.refusesDisruptionBudget()
            ? Mode.OFF
            : RuleModes.modeOf(RuleName.DISRUPTION_BUDGET, selection.mode(), policy, overrides);
    if (mode == Mode.OFF) {
      boolean skipped =
          overrides.refusesDisruptionBudget()
              || overrides.skip().contains(RuleName.DISRUPTION_BUDGET);
      return off(
          skipped ? Reason.SKIPPED : Reason.OFF,
          skipped ? "an annotation says so" : "policy " + policy.name() + " has the rule off",
          problems);
    }
    return new Ruling(
        mode,
        Reason.PROTECTED,
        selection.why(),
        Optional.of(policy.rules().disruptionBudget()),
        overrides.disruptionBudget(),
        List.copyOf(problems));
  }

  private static Ruling off(Reason reason, String why, List<PodOverrides.Problem> problems) {
    return new Ruling(
        Mode.OFF, reason, why, Optional.empty(), Optional.empty(), List.copyOf(problems));
  }

  /** The template's, and the workload's own mode where the template's says nothing. */
  private static Map<String, String> labels(Workload workload) {
    String own = workload.labels().get(PolicySelection.MODE_LABEL);
    String ofTemplate = workload.templateLabels().get(PolicySelection.MODE_LABEL);
    if (own == null || ofTemplate != null && Mode.of(ofTemplate).isPresent()) {
      return workload.templateLabels();
    }
    Map<String, String> labels = new LinkedHashMap<>(workload.templateLabels());
    labels.put(PolicySelection.MODE_LABEL, own);
    return labels;
  }

  private static PodOverrides overrides(
      Workload workload, HardeningPolicy policy, List<PodOverrides.Problem> problems) {
    Map<String, String> own = workload.annotations();
    Map<String, String> ofTemplate = workload.templateAnnotations();
    Map<String, String> annotations = new LinkedHashMap<>();
    String ownBudget = own.get(BUDGET);
    String budget = ofTemplate.get(BUDGET);
    if (ownBudget != null && budget != null && !isReadable(ownBudget)) {
      problems.add(
          new PodOverrides.Problem(
              BUDGET,
              ownBudget,
              "unreadable-annotation",
              "expected maxUnavailable=1, a percentage or off"));
    } else if (ownBudget != null) {
      budget = ownBudget;
    }
    if (budget != null) {
      annotations.put(BUDGET, budget);
    }
    if (own.containsKey(SKIP) || ofTemplate.containsKey(SKIP)) {
      annotations.put(SKIP, own.getOrDefault(SKIP, "") + "," + ofTemplate.getOrDefault(SKIP, ""));
    }
    return policy.overrides() == HardeningPolicy.Overrides.DENIED
        ? PodOverrides.denied(annotations)
        : PodOverrides.read(annotations, List.of(), List.of());
  }

  private static boolean isReadable(String value) {
    return value.trim().equalsIgnoreCase("off") || BudgetAmount.read(value).isPresent();
  }
}
