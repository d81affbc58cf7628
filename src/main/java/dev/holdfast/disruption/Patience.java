package dev.holdfast.disruption;

import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.policy.BudgetAmount;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Finds the budgets of ours that a drain waits for in vain: they give way until all replicas are
 * ready. Thread-safe.
 *
 * <p>A budget that allows no disruption is no reason by itself: a replica that starts will be ready
 * soon, and one that is broken harms nobody as long as its node stays.
 */
final class Patience {
  /** For a replica that has a node, and starts there, a drain waits so many times as long. */
  private static final int WHILE_STARTING = 5;

  /** As often within that time the pods of a workload are listed that a drain may wait for. */
  private static final int LOOKS = 4;

  private final BudgetStore store;
  private final Supplier<Set<String>> leavingNodes;
  private final Clock clock;
  private final Duration patience;
  private final Map<Key, State> states = new ConcurrentHashMap<>();

  /**
   * @param since when the budget was first seen to allow no disruption
   * @param gaveWay what the budget had that gave way; empty before
   * @param again when to look again
   */
  private record State(String uid, Instant since, Optional<BudgetAmount> gaveWay, Instant again) {
    State lookAgainAt(Instant time) {
      return new State(uid, since, gaveWay, time);
    }
  }

  /**
   * @param leavingNodes the names of the nodes that are being drained
   * @param patience for how long a drain waits for a budget that allows no disruption
   */
  Patience(BudgetStore store, Supplier<Set<String>> leavingNodes, Clock clock, Duration patience) {
    this.store = store;
    this.leavingNodes = leavingNodes;
    this.clock = clock;
    this.patience = patience;
  }

  /**
   * Whether the workload may have no budget now, as a drain waits for it in vain. Asks the API
   * server if that depends on its pods.
   *
   * @param budget that Holdfast has made for it, if there is one
   * @throws BudgetStore.Refused if the pods cannot be listed; what was decided last stands then
   */
  boolean givesWay(Workload workload, Optional<Budget> budget) {
    Instant now = clock.instant();
    State state =
        states.compute(workload.key(), (key, before) -> next(before, workload, budget, now));
    if (state == null) {
      return false;
    }
    if (now.isBefore(state.again())) {
      return state.gaveWay().isPresent();
    }
    State looked = state.lookAgainAt(now.plus(patience.dividedBy(LOOKS)));
    states.replace(workload.key(), state, looked);
    if (looked.gaveWay().isPresent()) {
      if (isWhole(workload, looked.gaveWay().get())) {
        states.remove(workload.key(), looked);
        return false;
      }
      return true;
    }
    if (waitsInVain(workload, looked, now)) {
      states.replace(
          workload.key(),
          looked,
          new State(looked.uid(), looked.since(), budget.flatMap(Budget::amount), looked.again()));
      return true;
    }
    return false;
  }

  private State next(State before, Workload workload, Optional<Budget> budget, Instant now) {
    boolean known = before != null && before.uid().equals(workload.uid());
    if (known && before.gaveWay().isPresent()) {
      return before;
    }
    if (budget.isEmpty() || !budget.get().allowsNone()) {
      return null;
    }
    return known ? before : new State(workload.uid(), now, Optional.empty(), now.plus(patience));
  }

  private boolean waitsInVain(Workload workload, State state, Instant now) {
    Set<String> leaving = leavingNodes.get();
    if (leaving.isEmpty()) {
      return false;
    }
    List<RunningPod> pods = store.pods(workload);
    boolean starting = pods.stream().anyMatch(RunningPod::isStarting);
    boolean stillWaited = now.isBefore(state.since().plus(patience.multipliedBy(WHILE_STARTING)));
    return pods.stream().anyMatch(pod -> leaving.contains(pod.node()))
        && !(starting && stillWaited);
  }

  /** Whether a budget with this amount would allow a disruption now. */
  private boolean isWhole(Workload workload, BudgetAmount amount) {
    long healthy = store.pods(workload).stream().filter(RunningPod::isReady).count();
    int replicas = workload.replicas();
    return healthy > replicas - amount.disruptionsOf(replicas);
  }

  /**
   * When the workload has to be looked at again, if nothing happens before. As long as no node is
   * drained, that is never.
   */
  Optional<Instant> again(Key key) {
    return Optional.ofNullable(states.get(key))
        .filter(state -> state.gaveWay().isPresent() || !leavingNodes.get().isEmpty())
        .map(State::again);
  }

  /** The workloads that a drain could wait for. */
  Set<Key> waiting() {
    return Set.copyOf(states.keySet());
  }

  /** The workload is gone. */
  void forget(Key key) {
    states.remove(key);
  }

  /** As if nothing had ever been seen. */
  void forgetAll() {
    states.clear();
  }
}
