package dev.holdfast.disruption;

import dev.holdfast.cluster.AskedCluster;
import dev.holdfast.cluster.AskedCluster.UnreachableException;
import dev.holdfast.cluster.Cluster;
import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.BudgetAdvice;
import dev.holdfast.disruption.budget.Calm;
import dev.holdfast.disruption.budget.Decider;
import dev.holdfast.disruption.budget.Decision;
import dev.holdfast.disruption.budget.LivePod;
import dev.holdfast.disruption.budget.Neighbourhood;
import dev.holdfast.disruption.budget.Reason;
import dev.holdfast.disruption.budget.Ruling;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.hardening.Finding;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.PolicySet;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The disruption budgets of a cluster that a command asks once, as the controller sees them. Only
 * reads.
 */
public final class LiveBudgets implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration CALM = Duration.ofSeconds(30);
  private static final int UNHEALTHY_POLICY = 27;

  /** In place of a number that nobody counts. */
  private static final int UNKNOWN = -1;

  private final Neighbourhoods neighbourhoods = new Neighbourhoods();
  private final AskedCluster asked;
  private Cluster cluster;
  private ClusterWatch watch;
  private ClusterBudgets store;

  private LiveBudgets(Map<String, String> environment) throws UnreachableException {
    asked = AskedCluster.ask(environment, this::prepare);
  }

  private void prepare(Cluster followed, KubernetesClient client) {
    cluster = followed;
    store = new ClusterBudgets(client);
    watch = new ClusterWatch(followed, client, neighbourhoods);
    watch.start();
    watch.startForController();
  }

  /**
   * Asks the cluster that kubectl would ask.
   *
   * @param environment the process's
   * @throws UnreachableException if it does not answer, or not to us
   */
  public static LiveBudgets ask(Map<String, String> environment) throws UnreachableException {
    return new LiveBudgets(environment);
  }

  /**
   * One workload.
   *
   * @param floor the fewest replicas that it will have
   * @param healthy its healthy pods as the disruption controller counts them; the ready ones that
   *     its selector selects if no budget does, -1 if it has no selector either
   * @param budget the name of the budget that it has, "" if it has none
   * @param owner whose that is: {@code holdfast} or {@code user}; "" if it has none
   * @param allowed how many may be evicted now; -1 if no budget says
   * @param reason the controller's word for it
   * @param detail the reason in words
   */
  public record Row(
      Workload.Key workload,
      int floor,
      int healthy,
      String budget,
      String owner,
      int allowed,
      Reason reason,
      String detail) {

    private Row withHealthy(int count) {
      return new Row(workload, floor, count, budget, owner, allowed, reason, detail);
    }
  }

  /**
   * What there is to tell about one namespace.
   *
   * @param findings about workloads and about users' budgets
   */
  public record Table(List<Row> rows, List<Finding> findings) {}

  /** The policies of the cluster; empty where it does not know them. */
  public Optional<PolicySet> policies() {
    return asked.policies();
  }

  /** The namespaces with a workload or a budget in them. */
  public Set<String> namespaces() {
    return new TreeSet<>(neighbourhoods.names());
  }

  /**
   * Decides about a namespace as the controller would.
   *
   * @param policies that serve
   * @param ownNamespace Holdfast's own
   * @throws UnreachableException if the cluster does not let us know what has to be known
   */
  public Table of(String namespace, List<HardeningPolicy> policies, String ownNamespace)
      throws UnreachableException {
    watch.follow(ClusterWatch.named(policies));
    await(watch::isSynced);
    try {
      List<LivePod> pods = store.pods(namespace);
      Table table =
          neighbourhoods.with(
              namespace,
              neighbourhood -> {
                neighbourhood.setPods(pods);
                return table(neighbourhood, namespace, policies, ownNamespace);
              });
      if (table.rows().stream().noneMatch(row -> row.healthy() == UNKNOWN)) {
        return table;
      }
      Map<Map<String, String>, Integer> ready = store.ready(namespace);
      return neighbourhoods.with(namespace, neighbourhood -> counted(neighbourhood, table, ready));
    } catch (BudgetStore.Refused e) {
      throw new UnreachableException("the pods cannot be listed: " + e.getMessage());
    }
  }

  /** The same, with the ready pods of the workloads for which no budget counts them. */
  private static Table counted(
      Neighbourhood neighbourhood, Table table, Map<Map<String, String>, Integer> ready) {
    List<Row> rows = new ArrayList<>();
    for (Row row : table.rows()) {
      Optional<LabelSelector> selector =
          neighbourhood.workload(row.workload()).flatMap(Workload::selector);
      rows.add(
          row.healthy() != UNKNOWN || selector.isEmpty()
              ? row
              : row.withHealthy(count(ready, selector.get())));
    }
    return new Table(List.copyOf(rows), table.findings());
  }

  private static int count(Map<Map<String, String>, Integer> ready, LabelSelector selector) {
    int count = 0;
    for (Map.Entry<Map<String, String>, Integer> alike : ready.entrySet()) {
      count += selector.matches(alike.getKey()) ? alike.getValue() : 0;
    }
    return count;
  }

  private void await(BooleanSupplier known) throws UnreachableException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!known.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        Map<String, String> problems = new TreeMap<>(cluster.problems());
        problems.putAll(watch.problems());
        throw new UnreachableException(
            "the cluster at " + asked.url() + " does not say all that is needed: " + problems);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new UnreachableException("interrupted");
      }
    }
  }

  private Table table(
      Neighbourhood neighbourhood,
      String namespace,
      List<HardeningPolicy> policies,
      String ownNamespace) {
    List<Row> rows = new ArrayList<>();
    List<Finding> findings = new ArrayList<>();
    Instant now = Instant.now();
    boolean unhealthyPolicyKnown = cluster.apiServer().isAtLeast(UNHEALTHY_POLICY);
    List<Workload> workloads = new ArrayList<>(neighbourhood.workloads());
    workloads.sort(Comparator.comparing(workload -> workload.key().shortName()));
    for (Workload workload : workloads) {
      Ruling ruling = Ruling.of(workload, policies, ownNamespace, watch.labels(namespace));
      Decider decider = new Decider(neighbourhood, workload, ruling, unhealthyPolicyKnown);
      Optional<Instant> since = new Calm().observe(workload, decider.isCalm(), now);
      Decision decision = decider.decide(since, CALM, now, watch.isTerminating(namespace), false);
      rows.add(row(neighbourhood, workload, decision));
      decision.findings().forEach(finding -> findings.add(about(workload, finding)));
    }
    for (Budget budget : neighbourhood.budgets()) {
      findings.addAll(BudgetAdvice.of(neighbourhood, budget));
    }
    return new Table(List.copyOf(rows), List.copyOf(findings));
  }

  private static Finding about(Workload workload, Finding finding) {
    return new Finding(
        finding.rule(),
        finding.severity(),
        finding.reason(),
        finding.path(),
        workload.key().shortName() + ": " + finding.message());
  }

  private static Row row(Neighbourhood neighbourhood, Workload workload, Decision decision) {
    Optional<Budget> ours = neighbourhood.ours(workload).stream().findFirst();
    Optional<Budget> users =
        neighbourhood.others(workload).stream()
            .filter(other -> !neighbourhood.isOurs(other))
            .findFirst();
    Optional<Budget> budget = ours.or(() -> users);
    Optional<Budget.Status> status = budget.flatMap(Budget::status);
    boolean missing = decision.reason() == Reason.PROTECTED && ours.isEmpty();
    return new Row(
        workload.key(),
        decision.floor(),
        status.map(Budget.Status::currentHealthy).orElse(UNKNOWN),
        budget.map(Budget::name).orElse(""),
        budget.isEmpty() ? "" : ours.isPresent() ? "holdfast" : "user",
        status.map(Budget.Status::disruptionsAllowed).orElse(UNKNOWN),
        decision.reason(),
        missing
            ? "it should have one with "
                + decision.detail()
                + ": it gave way to a drain, or no controller runs"
            : decision.detail());
  }

  @Override
  public void close() {
    watch.close();
    asked.close();
  }
}
