package dev.holdfast.disruption.budget;

import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Quoted;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides which budget a workload has: exactly one, or none, and never one that could block a
 * drain. A function of what is known; what it returns is for others to do.
 *
 * <p>Makes: a PodDisruptionBudget with the workload's own selector, {@code maxUnavailable: 1}
 * unless policy or annotation say otherwise. <br>
 * Unless: the rule is off, fewer than two replicas may run, another budget selects one of its pods,
 * or it selects pods of others. <br>
 * Why: a drain then takes one replica at a time, and waits until it is replaced. <br>
 * Source: Kubernetes, "Specifying a Disruption Budget for your Application"; an eviction of a pod
 * that two budgets select is answered 500.
 */
public final class Decider {
  /** With one replica the only choice is between an outage and a drain that never ends. */
  private static final int MINIMUM_FLOOR = 2;

  private static final String STATEFUL_SET = "StatefulSet";

  private final Neighbourhood neighbourhood;
  private final Workload workload;
  private final Ruling ruling;
  private final boolean unhealthyPolicyKnown;
  private final List<Budget> ours;
  private final List<Budget> foreign = new ArrayList<>(1);
  private final List<Budget> siblings = new ArrayList<>(0);
  private final int floor;
  private final List<Finding> findings = new ArrayList<>(0);

  /**
   * @param neighbourhood all that is known of the workload's namespace
   * @param unhealthyPolicyKnown whether the API server knows {@code unhealthyPodEvictionPolicy}:
   *     1.27 and newer do
   */
  public Decider(
      Neighbourhood neighbourhood, Workload workload, Ruling ruling, boolean unhealthyPolicyKnown) {
    this.neighbourhood = neighbourhood;
    this.workload = workload;
    this.ruling = ruling;
    this.unhealthyPolicyKnown = unhealthyPolicyKnown;
    ours = neighbourhood.ours(workload);
    for (Budget other : neighbourhood.others(workload)) {
      (neighbourhood.isOurs(other) ? siblings : foreign).add(other);
    }
    floor = neighbourhood.floor(workload);
  }

  /** Whether the clock of the workload's calm runs. */
  public boolean isCalm() {
    return ruling.mode() == Mode.ENFORCE && floor >= MINIMUM_FLOOR && foreign.isEmpty();
  }

  /** Decides as about a workload that has been calm for long, and that no drain waits for. */
  public Decision decide() {
    return decide(Optional.of(Instant.EPOCH), Duration.ZERO, Instant.EPOCH, false, false);
  }

  /**
   * Decides.
   *
   * @param calmSince empty if it is not calm
   * @param calm for how long it has to be
   * @param terminating whether its namespace is being deleted
   * @param givesWay whether a drain waits for it in vain
   */
  public Decision decide(
      Optional<Instant> calmSince,
      Duration calm,
      Instant now,
      boolean terminating,
      boolean givesWay) {
    if (workload.terminating() || terminating) {
      String what = workload.terminating() ? "the workload" : "the namespace";
      return done(
          Reason.TERMINATING,
          what + " is being deleted",
          List.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }
    for (PodOverrides.Problem problem : ruling.problems()) {
      find(
          Severity.WARNING,
          problem.reason(),
          problem.key() + ": " + Quoted.of(problem.value()) + " is ignored: " + problem.hint());
    }
    Optional<Decision> none = none();
    if (none.isPresent()) {
      return none.get();
    }
    if (givesWay) {
      find(
          Severity.WARNING,
          "gives-way",
          "its disruption budget gave way to a drain, as replicas do not start; it gets one when all are ready");
      return withdrawAll(
          Reason.GIVES_WAY, "a drain waits for replicas that do not start", Optional.empty());
    }
    Optional<String> name = name();
    if (name.isEmpty()) {
      find(
          Severity.WARNING,
          "name-taken",
          "budgets of the names that Holdfast would use are there, and are not its own");
      return withdrawAll(
          Reason.NAME_TAKEN, "budgets of its names are there already", Optional.empty());
    }
    Proposal wanted =
        new Proposal(
            name.get(),
            workload,
            workload.selector().orElseThrow(),
            amount(),
            unhealthyPodEvictionPolicy());
    return ruling.mode() == Mode.AUDIT ? audited(wanted) : enforced(wanted, calmSince, calm, now);
  }

  /** Why it gets none; empty if it may get one. */
  private Optional<Decision> none() {
    if (ruling.mode() == Mode.OFF) {
      return nothing(ruling.reason(), ruling.why());
    }
    RuleSettings.DisruptionBudget settings = ruling.settings().orElseThrow();
    if (!workload.isBuiltIn() && !settings.kinds().contains(workload.key().groupKind())) {
      return nothing(
          Reason.KIND_NOT_CHOSEN, "the policy does not name " + workload.key().groupKind());
    }
    boolean isOwned =
        workload.owner().isPresent() && !workload.owner().get().group().equals(Workload.APPS);
    if (isOwned && settings.ownedWorkloads() == RuleSettings.OwnedWorkloads.SKIP) {
      return nothing(
          Reason.OWNED,
          workload.owner().get().kind() + " " + workload.owner().get().name() + " controls it");
    }
    if (workload.selector().isEmpty()) {
      return nothing(Reason.NO_SELECTOR, "it has no selector");
    }
    if (floor < MINIMUM_FLOOR) {
      return nothing(
          Reason.TOO_FEW_REPLICAS,
          neighbourhood.floorSource(workload)
              + " allows "
              + floor
              + (floor == 1 ? " replica" : " replicas"));
    }
    if (!foreign.isEmpty()) {
      return nothing(
          Reason.USERS_BUDGET, "PodDisruptionBudget " + names(foreign) + " selects its pods");
    }
    Set<String> selected = neighbourhood.alsoSelected(workload);
    if (!selected.isEmpty()) {
      String others = few(selected);
      find(
          Severity.WARNING,
          "selects-others",
          "it gets no disruption budget: its selector selects pods of " + others + ", too");
      return nothing(Reason.SELECTS_OTHERS, "its selector selects pods of " + others + ", too");
    }
    return Optional.empty();
  }

  private Optional<Decision> nothing(Reason reason, String detail) {
    return Optional.of(withdrawAll(reason, detail, Optional.empty()));
  }

  private Decision audited(Proposal wanted) {
    find(
        Severity.INFO,
        "would-create",
        "it would get a PodDisruptionBudget with " + wanted.amount());
    return withdrawAll(
        Reason.AUDITED, "it would get one with " + wanted.amount(), Optional.of(wanted));
  }

  private Decision enforced(
      Proposal wanted, Optional<Instant> calmSince, Duration calm, Instant now) {
    List<Budget> needless = new ArrayList<>(ours);
    needless.removeIf(budget -> budget.name().equals(wanted.name()));
    Optional<Budget> present =
        neighbourhood.budget(wanted.name()).filter(one -> one.isOursFor(workload.uid()));
    if (present.isPresent()) {
      boolean toBeMended = !wanted.isMetBy(present.get());
      if (givesWay(present.get()) || toBeMended && !siblings.isEmpty()) {
        needless.add(present.get());
        return done(
            Reason.WAITING,
            "PodDisruptionBudget "
                + names(siblings)
                + " of another workload selects pods of its own",
            needless,
            Optional.empty(),
            Optional.of(wanted),
            Optional.empty());
      }
      if (!toBeMended) {
        return done(
            Reason.PROTECTED,
            wanted.amount().toString(),
            needless,
            Optional.empty(),
            Optional.of(wanted),
            Optional.empty());
      }
      if (wanted.canMend(present.get())) {
        return done(
            Reason.PROTECTED,
            wanted.amount().toString(),
            needless,
            Optional.of(wanted),
            Optional.of(wanted),
            Optional.empty());
      }
      needless.add(present.get());
      return done(
          Reason.CALMING,
          "the budget was edited, and is made anew",
          needless,
          Optional.empty(),
          Optional.of(wanted),
          Optional.empty());
    }
    if (!siblings.isEmpty()) {
      return done(
          Reason.WAITING,
          "PodDisruptionBudget " + names(siblings) + " of another workload has to go first",
          needless,
          Optional.empty(),
          Optional.of(wanted),
          Optional.empty());
    }
    Instant due = calmSince.orElse(now).plus(calm);
    if (due.isAfter(now)) {
      return done(
          Reason.CALMING,
          "it gets one after " + calm.toSeconds() + " s of calm",
          needless,
          Optional.empty(),
          Optional.of(wanted),
          Optional.of(due));
    }
    return done(
        Reason.PROTECTED,
        wanted.amount().toString(),
        needless,
        Optional.of(wanted),
        Optional.of(wanted),
        Optional.empty());
  }

  /**
   * Whether the budget, of two of ours that select the same pod, is the one to go. If one workload
   * selects the other's pods, that one's goes. Here neither does: the pod is nobody's, and came
   * when both were there.
   */
  private boolean givesWay(Budget present) {
    for (Budget sibling : siblings) {
      Optional<Workload> other = neighbourhood.workloadOf(sibling);
      if (other.isPresent()
          && neighbourhood.alsoSelected(other.get()).isEmpty()
          && sibling.name().compareTo(present.name()) < 0) {
        return true;
      }
    }
    return false;
  }

  /** The name of the one that is there, else the first that nobody else has taken. */
  private Optional<String> name() {
    List<String> names = BudgetNames.of(workload.key());
    for (String name : names) {
      if (ours.stream().anyMatch(budget -> budget.name().equals(name))) {
        return Optional.of(name);
      }
    }
    if (!ours.isEmpty()) {
      return Optional.of(ours.get(0).name());
    }
    return names.stream().filter(name -> neighbourhood.budget(name).isEmpty()).findFirst();
  }

  /** The annotation's, unless it would forbid every eviction; else the policy's. */
  private BudgetAmount amount() {
    BudgetAmount ofPolicy =
        BudgetAmount.of(
                BudgetAmount.Field.MAX_UNAVAILABLE,
                ruling.settings().orElseThrow().maxUnavailable())
            .orElseThrow();
    if (ruling.asked().isEmpty()) {
      return ofPolicy;
    }
    BudgetAmount asked = ruling.asked().get();
    // An autoscaler that is down, or has not begun, leaves what stands in spec.replicas.
    int fewest = Math.min(floor, workload.replicas());
    if (asked.disruptionsOf(fewest) > 0) {
      return asked;
    }
    find(
        Severity.WARNING,
        "refused-value",
        "the annotation's "
            + asked
            + " would forbid every eviction at "
            + fewest
            + (fewest == 1 ? " replica; " : " replicas; ")
            + ofPolicy
            + " is used");
    return ofPolicy;
  }

  private Optional<String> unhealthyPodEvictionPolicy() {
    if (!unhealthyPolicyKnown) {
      return Optional.empty();
    }
    // A member of a quorum that is not ready may be the one that holds the data.
    boolean stateful = workload.key().kind().equals(STATEFUL_SET);
    return Optional.of(stateful ? "IfHealthyBudget" : "AlwaysAllow");
  }

  private void find(Severity severity, String reason, String message) {
    findings.add(
        new Finding(Optional.of(RuleName.DISRUPTION_BUDGET), severity, reason, "", message));
  }

  private static String names(List<Budget> budgets) {
    return few(budgets.stream().map(Budget::name).collect(Collectors.toList()));
  }

  /** The first ones: nobody reads a hundred names. */
  private static String few(Collection<String> names) {
    int shown = 3;
    String first = names.stream().limit(shown).collect(Collectors.joining(", "));
    return names.size() > shown ? first + " and " + (names.size() - shown) + " more" : first;
  }

  private Decision withdrawAll(Reason reason, String detail, Optional<Proposal> would) {
    return done(reason, detail, ours, Optional.empty(), would, Optional.empty());
  }

  private Decision done(
      Reason reason,
      String detail,
      List<Budget> withdraw,
      Optional<Proposal> apply,
      Optional<Proposal> budget,
      Optional<Instant> again) {
    return new Decision(reason, detail, floor, withdraw, apply, budget, again, findings);
  }
}
