package dev.holdfast.disruption;

import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.Calm;
import dev.holdfast.disruption.budget.Decider;
import dev.holdfast.disruption.budget.Decision;
import dev.holdfast.disruption.budget.LivePod;
import dev.holdfast.disruption.budget.Neighbourhood;
import dev.holdfast.disruption.budget.Proposal;
import dev.holdfast.disruption.budget.Reason;
import dev.holdfast.disruption.budget.Ruling;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.policy.HardeningPolicy;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/**
 * Makes true what {@link Decider} decides, workload by workload, while this process leads. Time and
 * cluster are passed in. Thread-safe; {@link #step} is for as many threads as one likes.
 */
final class BudgetController {
  private static final Logger LOG = Logger.getLogger(BudgetController.class);

  /** As long a list of budgets serves for all that are made in a namespace. */
  private static final Duration LIST_SERVES = Duration.ofSeconds(1);

  /** The same of pods: of these there may be thousands, and their labels hardly ever change. */
  private static final Duration PODS_SERVE = Duration.ofSeconds(5);

  /** For so long, pods of a workload of the same name may be there that was deleted before. */
  private static final Duration YOUNG = Duration.ofMinutes(10);

  private final Neighbourhoods neighbourhoods;
  private final BudgetStore store;
  private final World world;
  private final Clock clock;
  private final Duration calmPeriod;
  private final Patience patience;
  private final BooleanSupplier leading;
  private final BudgetMetrics metrics;
  private final Allowance allowance;
  private final WorkQueue<Task> queue;
  private final Calm calm = new Calm();
  private final Map<String, Listed> listed = new ConcurrentHashMap<>();
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private volatile boolean active;

  /** What is known beside the neighbourhoods. */
  interface World {
    /** The policies that serve. */
    List<HardeningPolicy> policies();

    /** Holdfast's own namespace. */
    String ownNamespace();

    /** The labels of a namespace. */
    Map<String, String> labels(String namespace);

    /** Whether a namespace is being deleted. */
    boolean isTerminating(String namespace);

    /** The names of the nodes that are being drained. */
    Set<String> leavingNodes();

    /** Whether the API server knows {@code unhealthyPodEvictionPolicy}. */
    boolean knowsUnhealthyPolicy();

    /** Whether all is known that could speak against a new budget. */
    boolean isComplete();
  }

  /** One thing to do. */
  private sealed interface Task {
    /** Decide about a workload. */
    record Reconcile(Key key) implements Task {}

    /** List the pods of a namespace, then decide about all workloads in it. */
    record ListPods(String namespace) implements Task {}
  }

  /** When the lists of a namespace were asked for last, and which budgets the one had. */
  private record Listed(Instant pods, Instant budgets, List<Budget> found) {}

  /**
   * @param patience for how long a drain waits for a budget that allows no disruption
   * @param leading asked before every write
   * @param writesPerSecond how many budgets are made or mended in a second; deletions do not wait
   */
  BudgetController(
      Neighbourhoods neighbourhoods,
      BudgetStore store,
      World world,
      Clock clock,
      Duration calmPeriod,
      Duration patience,
      int writesPerSecond,
      BooleanSupplier leading,
      BudgetMetrics metrics) {
    this.neighbourhoods = neighbourhoods;
    this.store = store;
    this.world = world;
    this.clock = clock;
    this.calmPeriod = calmPeriod;
    this.patience = new Patience(store, world::leavingNodes, clock, patience);
    this.leading = leading;
    this.metrics = metrics;
    allowance = new Allowance(writesPerSecond);
    queue = new WorkQueue<>(clock, allowance);
  }

  /**
   * Begins to work: this process leads, and everything is known that can be.
   *
   * @throws BudgetStore.Refused if the pods cannot be listed; nothing has begun then
   */
  void lead() {
    calm.forgetAll();
    patience.forgetAll();
    listed.clear();
    listAllPods();
    active = true;
    reconcileAll();
  }

  /** Ends to work: this process leads no more. */
  void rest() {
    active = false;
    queue.clear();
    metrics.clear();
  }

  /** Whether {@link #lead} was called after {@link #rest}. */
  boolean isActive() {
    return active;
  }

  /** These have to be looked at. */
  void changed(Collection<Key> keys) {
    if (active) {
      keys.forEach(key -> queue.add(new Task.Reconcile(key)));
    }
  }

  /** Which pods a budget selects, a list has to tell. */
  void podsUnclear(String namespace) {
    if (active) {
      queue.add(new Task.ListPods(namespace));
    }
  }

  /** A node begins to be drained. */
  void drainBegins() {
    changed(patience.waiting());
  }

  /** All workloads of a namespace have to be looked at. */
  void namespaceChanged(String namespace) {
    if (active) {
      changed(neighbourhoods.with(namespace, BudgetController::keys));
    }
  }

  /** All workloads have to be looked at, behind those of which something has changed. */
  void reconcileAll() {
    neighbourhoods.forEach(
        neighbourhood ->
            keys(neighbourhood).forEach(key -> queue.addBehind(new Task.Reconcile(key))));
  }

  private static List<Key> keys(Neighbourhood neighbourhood) {
    List<Key> keys = new ArrayList<>(neighbourhood.strays());
    neighbourhood.workloads().forEach(workload -> keys.add(workload.key()));
    return keys;
  }

  /** Lists all pods anew, which may be labelled otherwise than their template. */
  void listAllPods() {
    Instant now = clock.instant();
    Map<String, List<LivePod>> pods = store.pods();
    Set<String> names = neighbourhoods.names();
    listed.keySet().retainAll(names);
    for (String namespace : names) {
      setPods(namespace, now, pods.getOrDefault(namespace, List.of()));
    }
  }

  private void setPods(String namespace, Instant asked, List<LivePod> running) {
    listed.compute(
        namespace,
        (name, before) -> {
          if (before != null && before.pods().isAfter(asked)) {
            return before;
          }
          neighbourhoods.with(
              namespace,
              neighbourhood -> {
                neighbourhood.setPods(running);
                return null;
              });
          return before == null
              ? new Listed(asked, Instant.EPOCH, List.of())
              : new Listed(asked, before.budgets(), before.found());
        });
  }

  /** Does one thing that is due; whether there was one. */
  boolean step() {
    Optional<Task> task = queue.poll();
    task.ifPresent(this::work);
    return task.isPresent();
  }

  /** Does things as they become due, until {@link #close}. */
  void run() {
    try {
      for (Optional<Task> task = queue.take(); task.isPresent(); task = queue.take()) {
        work(task.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether nothing is due, and nobody has anything in hand. */
  boolean isIdle() {
    return queue.waiting() == 0 && queue.inHand() == 0;
  }

  /** How many wait to be looked at. */
  int waiting() {
    return queue.waiting();
  }

  void close() {
    active = false;
    queue.close();
  }

  private void work(Task task) {
    try {
      if (!mayWork()) {
        // Whether it leads again soon or never, is told from outside: until then nothing is
        // forgotten.
        if (active) {
          queue.retry(task);
        }
      } else {
        if (task instanceof Task.Reconcile reconcile) {
          reconcile(reconcile, reconcile.key());
        } else if (task instanceof Task.ListPods list) {
          setPods(list.namespace(), clock.instant(), store.pods(list.namespace()));
          namespaceChanged(list.namespace());
        }
        queue.forgetFailures(task);
      }
    } catch (BudgetStore.Refused e) {
      refused(task, e);
    } catch (RuntimeException e) {
      // Thrown on, it would end the worker, and nobody would know.
      LOG.errorf(e, "disruption: %s failed, and is tried again", task);
      queue.retry(task);
    } finally {
      queue.done(task).ifPresent(metrics::handled);
    }
  }

  private boolean mayWork() {
    return active && leading.getAsBoolean();
  }

  private void refused(Task task, BudgetStore.Refused refused) {
    boolean forGood =
        refused.code() == HttpURLConnection.HTTP_FORBIDDEN
            || refused.code() == HttpURLConnection.HTTP_NOT_FOUND;
    if (refused.code() != HttpURLConnection.HTTP_CONFLICT) {
      String message = task + ": " + refused.getMessage();
      if (told.size() > 1000) {
        told.clear();
      }
      if (told.add(message)) {
        LOG.warnf("disruption: %s%s", message, forGood ? "" : "; it is tried again");
      }
    }
    if (!forGood) {
      queue.retry(task);
    }
    // What is forbidden or gone stays so until something changes, or the next pass over all.
  }

  // --- one workload

  private void reconcile(Task task, Key key) {
    withdrawStrays(key);
    Optional<Decision> decided = decideAndClaim(task, key, givesWay(key));
    patience.again(key).ifPresent(again -> queue.addAt(task, again));
    if (decided.isEmpty()) {
      return;
    }
    // A budget is never made while another of the same workload goes, so that no claim is left.
    Decision decision = decided.get();
    for (Budget budget : decision.withdraw()) {
      withdraw(key, budget, decision.reason().word() + ": " + decision.detail());
    }
    if (decision.apply().isPresent()) {
      apply(key, decision.apply().get());
    }
  }

  /**
   * What Holdfast made for what it does not look after any more has to go: nobody else would. What
   * is gone itself takes its budget along.
   */
  private void withdrawStrays(Key key) {
    List<Budget> strays =
        neighbourhoods.with(
            key.namespace(), all -> isLookedAfter(all, key) ? List.of() : all.strays(key));
    for (Budget stray : strays) {
      withdraw(key, stray, "it is not looked after any more");
    }
  }

  private boolean isLookedAfter(Neighbourhood neighbourhood, Key key) {
    return key.isBuiltIn()
        ? !neighbourhood.isPartOfAnother(key)
        : ClusterWatch.named(world.policies()).contains(key.groupKind());
  }

  private boolean givesWay(Key key) {
    record Known(Workload workload, Optional<Budget> budget) {}
    Optional<Known> known =
        neighbourhoods.with(
            key.namespace(),
            all ->
                all.workload(key).map(one -> new Known(one, all.ours(one).stream().findFirst())));
    return known.isPresent() && patience.givesWay(known.get().workload(), known.get().budget());
  }

  /**
   * Decides, and if a budget has to be made, puts it into the neighbourhood before it is written:
   * so that whoever decides about a neighbour meanwhile knows of it.
   */
  private Optional<Decision> decideAndClaim(Task task, Key key, boolean givesWay) {
    Optional<Judged> judged =
        neighbourhoods.with(key.namespace(), all -> judge(all, key, givesWay, false));
    if (judged.isPresent() && judged.get().selectsUnknown() && listAnew(task, judged.get())) {
      judged = neighbourhoods.with(key.namespace(), all -> judge(all, key, givesWay, false));
    }
    if (judged.isPresent() && judged.get().isCreation()) {
      if (!world.isComplete()) {
        queue.addAt(task, clock.instant().plusSeconds(1));
        return Optional.empty();
      }
      if (!isListed(key.namespace(), judged.get())) {
        queue.addAt(task, clock.instant().plus(LIST_SERVES));
        return Optional.empty();
      }
      if (!allowance.take(clock.instant())) {
        queue.throttle(task);
        return Optional.empty();
      }
      judged = neighbourhoods.with(key.namespace(), all -> judge(all, key, givesWay, true));
    }
    judged.flatMap(one -> one.decision().again()).ifPresent(again -> queue.addAt(task, again));
    return judged.map(Judged::decision);
  }

  /**
   * @param decision what is to be done
   * @param isCreation whether a budget has to be made
   * @param selectsUnknown whether it gets none because of pods whose owner is not known
   */
  private record Judged(
      Workload workload, Decision decision, boolean isCreation, boolean selectsUnknown) {}

  private Optional<Judged> judge(
      Neighbourhood neighbourhood, Key key, boolean givesWay, boolean claim) {
    Optional<Workload> known = neighbourhood.workload(key);
    if (known.isEmpty()) {
      calm.forget(key);
      patience.forget(key);
      metrics.forget(key);
      return Optional.empty();
    }
    Workload workload = known.get();
    Instant now = clock.instant();
    Ruling ruling =
        Ruling.of(workload, world.policies(), world.ownNamespace(), world.labels(key.namespace()));
    Decider decider = new Decider(neighbourhood, workload, ruling, world.knowsUnhealthyPolicy());
    Optional<Instant> since = calm.observe(workload, decider.isCalm(), now);
    Decision decision =
        decider.decide(since, calmPeriod, now, world.isTerminating(key.namespace()), givesWay);
    boolean isCreation =
        decision.apply().isPresent()
            && neighbourhood.budget(decision.apply().get().name()).isEmpty();
    if (isCreation && claim) {
      neighbourhood.put(decision.apply().get().pending());
    }
    metrics.decided(key, decision);
    boolean selectsUnknown =
        decision.reason() == Reason.SELECTS_OTHERS && neighbourhood.selectsPodsOfUnknown(workload);
    return Optional.of(new Judged(workload, decision, isCreation, selectsUnknown));
  }

  /**
   * A workload that was deleted and made anew selects pods of the one before, until they are gone:
   * lists them, as often as that may help. Whether it did.
   */
  private boolean listAnew(Task task, Judged judged) {
    Instant now = clock.instant();
    String namespace = judged.workload().key().namespace();
    if (judged.workload().created().plus(YOUNG).isBefore(now)) {
      return false;
    }
    queue.addAt(task, now.plus(calmPeriod));
    Listed last = listed.get(namespace);
    if (last != null && last.pods().plus(LIST_SERVES).isAfter(now)) {
      return false;
    }
    setPods(namespace, now, store.pods(namespace));
    return true;
  }

  /** Whether fresh lists know of nothing that memory does not: what watches bring may be late. */
  private boolean isListed(String namespace, Judged judged) {
    Instant now = clock.instant();
    Listed fresh = listed.get(namespace);
    if (fresh == null || fresh.pods().plus(PODS_SERVE).isBefore(now)) {
      setPods(namespace, now, store.pods(namespace));
    }
    fresh =
        listed.compute(
            namespace,
            (name, before) ->
                before != null && !before.budgets().plus(LIST_SERVES).isBefore(now)
                    ? before
                    : new Listed(
                        before == null ? Instant.EPOCH : before.pods(),
                        now,
                        store.budgets(namespace)));
    List<Budget> unknown = new ArrayList<>(fresh.found());
    neighbourhoods.with(
        namespace,
        neighbourhood -> unknown.removeIf(one -> neighbourhood.budget(one.name()).isPresent()));
    return unknown.stream()
        .noneMatch(
            budget ->
                budget.name().equals(judged.decision().apply().orElseThrow().name())
                    || budget.selector().isPresent()
                        && budget.selector().get().matches(judged.workload().templateLabels()));
  }

  private void withdraw(Key key, Budget budget, String why) {
    if (budget.uid().isEmpty()) {
      // It is being written at this moment: the watch will bring it, and this key with it.
      return;
    }
    if (!mayWork()) {
      changed(List.of(key));
      return;
    }
    try {
      store.delete(budget);
      metrics.written(BudgetMetrics.Write.DELETE, true);
    } catch (BudgetStore.Refused e) {
      metrics.written(BudgetMetrics.Write.DELETE, false);
      throw e;
    }
    LOG.infof("%s: PodDisruptionBudget %s is withdrawn, %s", key, budget.name(), why);
    changed(
        neighbourhoods.with(
            key.namespace(),
            neighbourhood ->
                neighbourhood
                    .budget(budget.name())
                    .filter(one -> one.uid().equals(budget.uid()))
                    .map(one -> neighbourhood.removeBudget(one.name()))
                    .orElse(Set.of())));
  }

  private void apply(Key key, Proposal proposal) {
    Optional<Budget> made = Optional.empty();
    try {
      if (!mayWork()) {
        changed(List.of(key));
      } else {
        made = Optional.of(store.apply(proposal, present(key, proposal)));
        metrics.written(BudgetMetrics.Write.APPLY, true);
        LOG.infof("%s: PodDisruptionBudget %s has %s", key, proposal.name(), proposal.amount());
      }
    } catch (BudgetStore.Refused e) {
      metrics.written(BudgetMetrics.Write.APPLY, false);
      throw e;
    } finally {
      settle(key, proposal, made);
    }
  }

  /** The budget that the proposal mends; empty if it is to be made. */
  private Optional<Budget> present(Key key, Proposal proposal) {
    return neighbourhoods.with(
        key.namespace(),
        all ->
            all.budget(proposal.name())
                .filter(one -> !one.uid().isEmpty())
                .filter(one -> one.isOursFor(proposal.workload().uid())));
  }

  /**
   * Replaces the claim by what was made of it, unless the watch was faster. Neighbours have to look
   * at it; the workload itself does not: after a failure it would not wait for its turn.
   */
  private void settle(Key key, Proposal proposal, Optional<Budget> made) {
    Set<Key> neighbours =
        new LinkedHashSet<>(
            neighbourhoods.with(
                key.namespace(),
                neighbourhood -> {
                  boolean claimed =
                      neighbourhood
                          .budget(proposal.name())
                          .filter(one -> one.uid().isEmpty())
                          .isPresent();
                  if (!claimed) {
                    return Set.<Key>of();
                  }
                  return made.isPresent()
                      ? neighbourhood.put(made.get())
                      : neighbourhood.removeBudget(proposal.name());
                }));
    neighbours.remove(key);
    changed(neighbours);
  }
}
