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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

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

  /** The annotations that count, without our prefix. */
  private static final List<String> READ = List.of("disruption-budget", "skip");

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
    if (policy.overrides() == HardeningPolicy.Overrides.DENIED) {
      problems.addAll(PodOverrides.denied(onlyIn(own, ofTemplate)).problems());
      return PodOverrides.denied(read(ofTemplate));
    }
    problems.addAll(PodOverrides.unread(onlyIn(own, ofTemplate), READ));
    problems.addAll(unreadLabels(workload.labels()));
    Map<String, String> annotations = read(ofTemplate);
    String ownBudget = own.get(BUDGET);
    if (ownBudget != null && annotations.containsKey(BUDGET) && !isReadable(ownBudget)) {
      problems.add(
          new PodOverrides.Problem(
              BUDGET,
              ownBudget,
              "unreadable-annotation",
              "expected maxUnavailable=1, a percentage or off"));
    } else if (ownBudget != null) {
      annotations.put(BUDGET, ownBudget);
    }
    if (own.containsKey(SKIP)) {
      annotations.merge(SKIP, own.get(SKIP), (one, other) -> one + "," + other);
    }
    return PodOverrides.read(annotations, List.of(), List.of());
  }

  /** Those that a budget depends on. */
  private static Map<String, String> read(Map<String, String> annotations) {
    Map<String, String> read = new LinkedHashMap<>();
    for (String name : READ) {
      String key = PodOverrides.PREFIX + name;
      if (annotations.containsKey(key)) {
        read.put(key, annotations.get(key));
      }
    }
    return read;
  }

  /** Tools that write annotations everywhere write the same on both. */
  private static Map<String, String> onlyIn(Map<String, String> own, Map<String, String> other) {
    Map<String, String> only = new TreeMap<>(own);
    only.entrySet().removeAll(other.entrySet());
    return only;
  }

  private static List<PodOverrides.Problem> unreadLabels(Map<String, String> own) {
    List<PodOverrides.Problem> problems = new ArrayList<>(0);
    new TreeMap<>(own)
        .forEach(
            (key, value) -> {
              if (!key.equals(PolicySelection.MODE_LABEL)) {
                problems.add(
                    new PodOverrides.Problem(
                        key,
                        value,
                        "unknown-label",
                        "of a workload's labels only " + PolicySelection.MODE_LABEL + " is read"));
              }
            });
    return problems;
  }

  /**
   * The same, with nothing but the problems of the workload's own metadata: of those of its pod
   * template and of its namespace the engine tells.
   */
  public Ruling withOwnProblems(Workload workload) {
    List<PodOverrides.Problem> left = new ArrayList<>(problems);
    left.removeIf(
        problem ->
            stands(problem, workload.templateLabels(), workload.templateAnnotations())
                || !stands(problem, workload.labels(), workload.annotations()));
    return new Ruling(mode, reason, why, settings, asked, List.copyOf(left));
  }

  private static boolean stands(
      PodOverrides.Problem problem, Map<String, String> labels, Map<String, String> annotations) {
    String value = problem.value();
    return value.equals(labels.get(problem.key()))
        || value.equals(annotations.get(problem.key()))
        || problem.key().equals(SKIP)
            && Arrays.stream(annotations.getOrDefault(SKIP, "").split(","))
                .anyMatch(word -> word.trim().equals(value));
  }

  private static boolean isReadable(String value) {
    return value.trim().equalsIgnoreCase("off") || BudgetAmount.read(value).isPresent();
  }
}
