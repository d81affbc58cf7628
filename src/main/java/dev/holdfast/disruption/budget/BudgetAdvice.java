package dev.holdfast.disruption.budget;

import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What there is to tell about budgets that are not ours: each can keep a drain from ending. They
 * are never touched.
 */
public final class BudgetAdvice {
  /**
   * Kinds without {@code /scale}: the disruption controller cannot tell how many there should be.
   */
  private static final Set<String> WITHOUT_SCALE = Set.of("DaemonSet", "Job", "CronJob");

  private final Neighbourhood neighbourhood;
  private final Budget budget;
  private final List<Finding> findings = new ArrayList<>();

  private BudgetAdvice(Neighbourhood neighbourhood, Budget budget) {
    this.neighbourhood = neighbourhood;
    this.budget = budget;
  }

  /** The findings about one budget; none about one of ours. */
  public static List<Finding> of(Neighbourhood neighbourhood, Budget budget) {
    if (neighbourhood.isOurs(budget)) {
      return List.of();
    }
    BudgetAdvice advice = new BudgetAdvice(neighbourhood, budget);
    advice.judge();
    return List.copyOf(advice.findings);
  }

  /**
   * The findings about users' budgets for a workload that is new or about to change: those that
   * would make drains wait for it, or that meet on its pods.
   */
  public static List<Finding> of(Neighbourhood neighbourhood, Workload workload) {
    Neighbourhood changed = new Neighbourhood(workload.key().namespace());
    List<Finding> findings = new ArrayList<>();
    List<Budget> budgets = new ArrayList<>();
    for (Budget budget : neighbourhood.selecting(workload.templateLabels())) {
      if (!neighbourhood.isOurs(budget)) {
        budgets.add(budget);
        changed.put(budget);
      }
    }
    for (Budget budget : budgets) {
      BudgetAdvice advice = new BudgetAdvice(changed, budget);
      advice.tellOfTwo(List.of(workload), List.of());
      advice.tellOfKinds(List.of(workload), List.of());
      boolean scales = !WITHOUT_SCALE.contains(workload.key().kind());
      int others = 0;
      for (Workload other : neighbourhood.selectedWorkloads(budget.selector().orElseThrow())) {
        others += other.key().equals(workload.key()) ? 0 : other.replicas();
      }
      if (scales && others == 0) {
        advice.tellOfNone(workload.replicas(), neighbourhood.floor(workload));
      }
      findings.addAll(advice.findings);
    }
    return List.copyOf(findings);
  }

  private void judge() {
    Optional<LabelSelector> selector = budget.selector();
    List<Workload> workloads = selector.map(neighbourhood::selectedWorkloads).orElse(List.of());
    List<LivePod> pods = selector.map(neighbourhood::selectedPods).orElse(List.of());
    if (workloads.isEmpty() && pods.isEmpty()) {
      find(
          Severity.INFO,
          "selects-nothing",
          "/spec/selector",
          selector.isEmpty()
              ? "it has no selector"
              : "no Deployment, StatefulSet or ReplicaSet here has pods with its labels");
      if (budget.amount().isEmpty() || isNever(budget.amount().get())) {
        tellOfNone(0, 0);
      }
      return;
    }
    tellOfKinds(workloads, pods);
    tellOfTwo(workloads, pods);
    int replicas = 0;
    int floor = 0;
    for (Workload workload : workloads) {
      boolean scales = !WITHOUT_SCALE.contains(workload.key().kind());
      replicas += scales ? workload.replicas() : 0;
      floor += scales ? neighbourhood.floor(workload) : 0;
    }
    if (replicas == 1) {
      find(
          Severity.INFO,
          "single-replica",
          "/spec/selector",
          "it is over a single replica: it can only let its outage happen, or block drains");
    }
    tellOfNone(replicas, floor);
  }

  private void tellOfKinds(List<Workload> workloads, List<LivePod> pods) {
    Set<String> kinds = new TreeSet<>();
    workloads.forEach(workload -> kinds.add(workload.key().kind()));
    pods.forEach(pod -> kinds.add(pod.ownerKind()));
    kinds.retainAll(WITHOUT_SCALE);
    if (!kinds.isEmpty()) {
      find(
          Severity.WARNING,
          "kind-without-scale",
          "/spec/selector",
          "it selects pods of a "
              + String.join(" and of a ", kinds)
              + ", for which only a number as minAvailable works");
    }
  }

  private void tellOfTwo(List<Workload> workloads, List<LivePod> pods) {
    Set<String> others = new TreeSet<>();
    workloads.forEach(workload -> addOthers(others, workload.templateLabels()));
    pods.forEach(pod -> addOthers(others, pod.labels()));
    if (!others.isEmpty()) {
      find(
          Severity.WARNING,
          "two-budgets",
          "/spec/selector",
          "pods that " + String.join(", ", others) + " selects, too, cannot be evicted at all");
    }
  }

  private void addOthers(Set<String> others, Map<String, String> labels) {
    for (Budget other : neighbourhood.selecting(labels)) {
      if (!other.name().equals(budget.name()) && !neighbourhood.isOurs(other)) {
        others.add(other.name());
      }
    }
  }

  private void tellOfNone(int replicas, int floor) {
    if (budget.amount().isEmpty()) {
      none("/spec", "no maxUnavailable or minAvailable can be read");
      return;
    }
    BudgetAmount amount = budget.amount().get();
    String path = "/spec/" + amount.field().word();
    if (isNever(amount)) {
      none(path, amount.toString());
    } else if (replicas > 0 && amount.disruptionsOf(replicas) == 0) {
      none(path, amount + " of " + replicas + (replicas == 1 ? " replica" : " replicas"));
    } else if (floor > 0 && floor < replicas && amount.disruptionsOf(floor) == 0) {
      none(path, amount + ", once autoscaling has left " + floor);
    } else if (budget.status().isPresent()) {
      Budget.Status status = budget.status().get();
      if (status.expectedPods() > 0 && status.disruptionsAllowed() == 0) {
        none(
            path,
            status.currentHealthy()
                + " pods are healthy, and "
                + status.desiredHealthy()
                + " have to be");
      }
    }
  }

  /** Whether it allows nothing, however many replicas there are. */
  private static boolean isNever(BudgetAmount amount) {
    return amount.field() == BudgetAmount.Field.MAX_UNAVAILABLE
        ? amount.number() == 0
        : amount.percent() && amount.number() >= 100;
  }

  private void none(String path, String because) {
    find(
        Severity.WARNING,
        "allows-no-disruption",
        path,
        "drains wait, as it allows no eviction: " + because);
  }

  private void find(Severity severity, String reason, String path, String message) {
    findings.add(
        new Finding(
            Optional.of(RuleName.DISRUPTION_BUDGET),
            severity,
            reason,
            path,
            "PodDisruptionBudget " + budget.name() + ": " + message));
  }
}
