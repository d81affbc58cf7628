package dev.holdfast.disruption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.TestClock;
import dev.holdfast.disruption.budget.Autoscaler;
import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.disruption.budget.LivePod;
import dev.holdfast.disruption.budget.Proposal;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The controller with a store and a clock of the test's. */
class BudgetControllerTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  private final TestClock clock = new TestClock();
  private final Neighbourhoods neighbourhoods = new Neighbourhoods();
  private final Store store = new Store();
  private final World world = new World();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private boolean leading = true;
  private final BudgetController controller =
      new BudgetController(
          neighbourhoods,
          store,
          world,
          clock,
          Duration.ofSeconds(30),
          Duration.ofMinutes(2),
          1000,
          () -> leading,
          new BudgetMetrics(meters));

  /** What a cluster would have; the watch brings it only when a test says so. */
  private final class Store implements BudgetStore {
    final Map<String, Budget> budgets = new LinkedHashMap<>();
    final List<String> writes = new ArrayList<>();
    final Deque<Integer> answers = new ArrayDeque<>();
    final List<Budget> unknown = new ArrayList<>();
    List<LivePod> pods = List.of();
    List<RunningPod> running = List.of();
    Runnable during = () -> {};
    int lists;
    int version;

    private void answer(String write) {
      during.run();
      Integer code = answers.poll();
      writes.add(write + (code == null ? "" : " " + code));
      if (code != null && code != 200) {
        throw new Refused(code, "answered " + code, null);
      }
    }

    @Override
    public Budget apply(Proposal proposal, Optional<Budget> present) {
      answer("apply " + proposal.name());
      version++;
      Budget pending = proposal.pending();
      Budget made =
          new Budget(
              pending.namespace(),
              pending.name(),
              "uid-" + version,
              Integer.toString(version),
              pending.selector(),
              pending.amount(),
              pending.unhealthyPodEvictionPolicy(),
              true,
              true,
              pending.owner(),
              pending.status());
      budgets.put(made.name(), made);
      return made;
    }

    @Override
    public void delete(Budget budget) {
      answer("delete " + budget.name());
      budgets.remove(budget.name());
    }

    @Override
    public List<Budget> budgets(String namespace) {
      lists++;
      return unknown;
    }

    @Override
    public List<LivePod> pods(String namespace) {
      lists++;
      return pods;
    }

    @Override
    public List<RunningPod> pods(Workload workload) {
      lists++;
      return running;
    }

    @Override
    public Map<String, List<LivePod>> pods() {
      return Map.of("shop", pods);
    }
  }

  private static final class World implements BudgetController.World {
    List<HardeningPolicy> policies = List.of(PolicyLoader.embedded());
    Map<String, String> labels = Map.of();
    boolean terminating;
    boolean complete = true;
    Set<String> leavingNodes = Set.of();

    @Override
    public List<HardeningPolicy> policies() {
      return policies;
    }

    @Override
    public String ownNamespace() {
      return "holdfast-system";
    }

    @Override
    public Map<String, String> labels(String namespace) {
      return labels;
    }

    @Override
    public boolean isTerminating(String namespace) {
      return terminating;
    }

    @Override
    public Set<String> leavingNodes() {
      return leavingNodes;
    }

    @Override
    public boolean knowsUnhealthyPolicy() {
      return true;
    }

    @Override
    public boolean isComplete() {
      return complete;
    }
  }

  private static JsonNode yaml(String text) {
    try {
      return YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Workload workload(String name, int replicas, String selector, String labels) {
    return Documents.workload(
        yaml(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: shop, uid: uid-%s,"
                    .formatted(name, name)
                + " creationTimestamp: '2026-01-01T00:00:00Z'}, spec: {replicas: %d, selector: {matchLabels: %s},"
                    .formatted(replicas, selector)
                + " template: {metadata: {labels: %s}}}}".formatted(labels)),
        "");
  }

  private Workload put(String name, int replicas) {
    String labels = "{app: " + name + "}";
    return put(workload(name, replicas, labels, labels));
  }

  private Workload put(Workload workload) {
    controller.changed(neighbourhoods.with("shop", all -> all.put(workload)));
    return workload;
  }

  private static Budget users(String name, String selector) {
    return Documents.budget(
        yaml(
            "{metadata: {name: %s, namespace: shop, uid: u, resourceVersion: '9'}, spec: {minAvailable: 1, selector: %s}}"
                .formatted(name, selector)),
        "");
  }

  private void put(Budget budget) {
    controller.changed(neighbourhoods.with("shop", all -> all.put(budget)));
  }

  private void remove(String budget) {
    controller.changed(neighbourhoods.with("shop", all -> all.removeBudget(budget)));
  }

  private void work() {
    for (int i = 0; controller.step(); i++) {
      assertThat(i).as("steps until all is done").isLessThan(10_000);
    }
  }

  private void workFor(Duration duration) {
    for (int i = 0; i < duration.toSeconds(); i++) {
      clock.advance(Duration.ofSeconds(1));
      work();
    }
  }

  private double gauge(String reason) {
    return meters.get("holdfast.disruption.workloads").tag("reason", reason).gauge().value();
  }

  @Test
  void makes_a_budget_once_and_then_writes_nothing() {
    put("web", 3);
    controller.lead();
    work();

    assertThat(store.writes).containsExactly("apply web-deployment-holdfast");
    assertThat(gauge("protected")).isEqualTo(1);
    // ten minutes of passes over everything, with the watch repeating what it has brought
    for (int i = 0; i < 20; i++) {
      clock.advance(Duration.ofSeconds(30));
      controller.listAllPods();
      store.budgets.values().forEach(this::put);
      put("web", 3);
      controller.reconcileAll();
      work();
    }
    assertThat(store.writes).hasSize(1);
  }

  @Test
  void does_nothing_before_it_leads_and_nothing_after() {
    put("web", 3);
    work();
    assertThat(store.writes).isEmpty();

    controller.lead();
    controller.rest();
    put("other", 3);
    work();

    assertThat(store.writes).isEmpty();
  }

  @Test
  void writes_nothing_once_the_lease_is_lost_even_in_the_middle() {
    put("web", 3);
    put("other", 3);
    controller.lead();
    store.during = () -> leading = false;
    work();

    assertThat(store.writes).hasSize(1);
    leading = true;
    store.during = () -> {};
    controller.rest();
    controller.lead();
    work();
    assertThat(store.writes).hasSize(2);
  }

  @Test
  void what_came_while_the_lease_was_lost_for_a_moment_is_done_afterwards() {
    put("web", 3);
    controller.lead();
    work();
    leading = false;
    put("web", 1);
    work();
    assertThat(store.budgets).hasSize(1);

    leading = true;
    workFor(Duration.ofSeconds(1));

    assertThat(store.budgets).isEmpty();
  }

  @Test
  void a_workload_that_is_made_anew_does_not_wait_for_pods_of_the_one_before() {
    Workload before = put("web", 3);
    store.pods = List.of(new LivePod("StatefulSet", "uid-before", Map.of("app", "web")));
    controller.changed(neighbourhoods.with("shop", all -> all.remove(before.key())));
    controller.lead();
    work();
    clock.advance(Duration.ofMinutes(1));
    Workload after = young("web", 3);
    put(after);
    workFor(Duration.ofSeconds(20));
    assertThat(gauge("selects-others")).isEqualTo(1);

    store.pods = List.of();
    workFor(Duration.ofSeconds(31));

    assertThat(store.budgets).hasSize(1);
  }

  /** One that was created just now. */
  private Workload young(String name, int replicas) {
    String labels = "{app: " + name + "}";
    ObjectNode object =
        (ObjectNode)
            yaml(
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: shop, uid: uid-new},"
                        .formatted(name)
                    + " spec: {replicas: %d, selector: {matchLabels: %s}, template: {metadata: {labels: %s}}}}"
                        .formatted(replicas, labels, labels));
    object.withObject("/metadata").put("creationTimestamp", clock.instant().toString());
    return Documents.workload(object, "");
  }

  @Test
  void a_new_leader_does_not_wait_for_old_workloads_to_be_calm() {
    put("web", 1);
    controller.lead();
    work();
    put("web", 3);
    controller.rest();

    controller.lead();
    work();

    assertThat(store.writes).hasSize(1);
  }

  @Test
  void a_fall_below_two_withdraws_at_once_and_a_rise_waits() {
    put("web", 3);
    controller.lead();
    work();
    put("web", 1);
    work();
    assertThat(store.writes)
        .containsExactly("apply web-deployment-holdfast", "delete web-deployment-holdfast");

    put("web", 3);
    workFor(Duration.ofSeconds(29));
    assertThat(store.writes).hasSize(2);
    workFor(Duration.ofSeconds(2));
    assertThat(store.writes).hasSize(3).last().isEqualTo("apply web-deployment-holdfast");
  }

  @Test
  void an_autoscaler_that_comes_and_goes_counts() {
    put("web", 3);
    controller.lead();
    work();
    controller.changed(
        neighbourhoods.with(
            "shop",
            all ->
                all.put(
                    new Autoscaler(
                        "HorizontalPodAutoscaler", "web", "apps", "Deployment", "web", 1))));
    work();
    assertThat(store.budgets).isEmpty();

    controller.changed(
        neighbourhoods.with("shop", all -> all.removeAutoscaler("HorizontalPodAutoscaler", "web")));
    workFor(Duration.ofSeconds(31));
    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void a_users_budget_takes_the_place_of_ours() {
    put("web", 3);
    controller.lead();
    work();
    put(users("theirs", "{}"));
    work();
    assertThat(store.budgets).isEmpty();
    assertThat(gauge("users-budget")).isEqualTo(1);

    remove("theirs");
    workFor(Duration.ofSeconds(31));
    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void a_users_budget_that_only_running_pods_tell_of_counts_when_they_are_listed() {
    put("web", 3);
    controller.lead();
    work();
    store.pods = List.of(new LivePod("", "", Map.of("app", "web", "mesh", "on")));
    put(users("theirs", "{matchLabels: {mesh: 'on'}}"));
    work();
    assertThat(store.budgets).hasSize(1);

    controller.podsUnclear("shop");
    work();

    assertThat(store.budgets).isEmpty();
  }

  @Test
  void pods_that_are_labelled_while_the_workload_calms_are_seen_before_one_is_made() {
    put("web", 3);
    put(users("theirs", "{matchLabels: {mesh: 'on'}}"));
    controller.lead();
    clock.advance(Duration.ofSeconds(6));
    store.pods = List.of(new LivePod("", "", Map.of("app", "web", "mesh", "on")));
    work();

    assertThat(store.writes).isEmpty();
  }

  @Test
  void a_users_budget_that_the_watch_has_not_brought_yet_is_seen_before_one_is_made() {
    put("web", 3);
    store.unknown.add(users("theirs", "{}"));
    controller.lead();
    work();
    assertThat(store.writes).isEmpty();

    put(users("theirs", "{}"));
    workFor(Duration.ofSeconds(60));
    assertThat(store.writes).isEmpty();
  }

  @Test
  void a_users_budget_of_the_name_of_ours_is_seen_before_it_is_overwritten() {
    put("web", 3);
    store.unknown.add(users("web-deployment-holdfast", "{matchLabels: {app: other}}"));
    controller.lead();
    work();
    assertThat(store.writes).isEmpty();

    put(users("web-deployment-holdfast", "{matchLabels: {app: other}}"));
    workFor(Duration.ofSeconds(3));

    assertThat(store.writes)
        .hasSize(1)
        .first()
        .asString()
        .doesNotContain("web-deployment-holdfast");
  }

  @Test
  void a_budget_that_went_before_the_watch_brought_it_is_no_obstacle_for_long() {
    put("web", 3);
    store.unknown.add(users("theirs", "{}"));
    controller.lead();
    work();
    store.unknown.clear();
    workFor(Duration.ofSeconds(3));

    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void many_in_one_namespace_share_their_lists() {
    for (int i = 0; i < 50; i++) {
      put("web-" + i, 3);
    }
    controller.lead();
    work();

    assertThat(store.budgets).hasSize(50);
    assertThat(store.lists).isEqualTo(1);
  }

  @Test
  void makes_nothing_while_something_that_could_speak_against_it_is_not_known() {
    world.complete = false;
    put("web", 3);
    put("gone", 3);
    controller.lead();
    workFor(Duration.ofSeconds(5));
    assertThat(store.writes).isEmpty();

    world.complete = true;
    workFor(Duration.ofSeconds(2));
    assertThat(store.budgets).hasSize(2);
    world.complete = false;
    put("gone", 0);
    work();
    assertThat(store.budgets).as("withdrawing can do no harm").hasSize(1);
  }

  @Test
  void a_neighbour_knows_of_a_budget_while_it_is_being_written() {
    put(workload("stable", 3, "{app: x}", "{app: x}"));
    controller.lead();
    store.during =
        () -> {
          store.during = () -> {};
          put(workload("canary", 3, "{app: x, track: canary}", "{app: x, track: canary}"));
          // another thread takes the canary in this very moment
          controller.step();
        };
    work();

    assertThat(store.writes)
        .containsExactly(
            "apply stable-deployment-holdfast",
            "delete stable-deployment-holdfast",
            "apply canary-deployment-holdfast");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 409, 422, 429, 500, 503})
  void what_fails_is_tried_again(int code) {
    put("web", 3);
    controller.lead();
    store.answers.add(code);
    work();
    assertThat(store.budgets).isEmpty();

    workFor(Duration.ofSeconds(2));

    assertThat(store.budgets).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 404})
  void what_is_forbidden_or_gone_is_not_tried_for_ever(int code) {
    put("web", 3);
    controller.lead();
    store.answers.add(code);
    workFor(Duration.ofMinutes(4));
    assertThat(store.writes).hasSize(1);

    controller.reconcileAll();
    work();
    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void a_failed_write_leaves_nothing_that_a_neighbour_would_wait_for() {
    put(workload("stable", 3, "{app: x}", "{app: x}"));
    controller.lead();
    store.answers.add(403);
    work();
    put(workload("canary", 3, "{app: x, track: canary}", "{app: x, track: canary}"));
    work();

    assertThat(store.budgets).containsOnlyKeys("canary-deployment-holdfast");
  }

  @Test
  void a_delete_that_conflicts_is_tried_with_what_the_watch_has_brought_since() {
    put("web", 3);
    controller.lead();
    work();
    store.answers.add(409);
    put("web", 1);
    work();
    assertThat(store.budgets).hasSize(1);

    workFor(Duration.ofSeconds(1));

    assertThat(store.budgets).isEmpty();
  }

  @Test
  void a_deleted_budget_of_ours_is_made_anew() {
    put("web", 3);
    controller.lead();
    work();
    store.budgets.clear();
    remove("web-deployment-holdfast");
    work();

    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void a_watch_that_is_faster_than_the_answer_is_believed() {
    put("web", 3);
    controller.lead();
    store.during =
        () -> {
          store.during = () -> {};
          Budget seen =
              new Proposal(
                      "web-deployment-holdfast",
                      workload("web", 3, "{app: web}", "{app: web}"),
                      workload("web", 3, "{app: web}", "{app: web}").selector().orElseThrow(),
                      BudgetAmount.read("1").orElseThrow(),
                      Optional.of("AlwaysAllow"))
                  .pending();
          put(seen);
          // and it was deleted before our answer came
          remove("web-deployment-holdfast");
        };
    work();

    assertThat(store.writes)
        .containsExactly("apply web-deployment-holdfast", "apply web-deployment-holdfast");
    assertThat(neighbourhoods.<Integer>with("shop", all -> all.budgets().size())).isEqualTo(1);
  }

  @Test
  void a_terminating_namespace_is_left_alone() {
    put("web", 3);
    controller.lead();
    work();
    world.terminating = true;
    put("web", 0);
    controller.namespaceChanged("shop");
    workFor(Duration.ofMinutes(1));

    assertThat(store.writes).hasSize(1);
    assertThat(gauge("terminating")).isEqualTo(1);
  }

  @Test
  void a_policy_that_switches_off_withdraws_everything() throws PolicyException {
    put("a", 3);
    put("b", 3);
    controller.lead();
    work();
    world.policies =
        PolicyLoader.load(
            "p",
            "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, metadata: {name: p}, spec: {mode: Audit}}"
                .getBytes(StandardCharsets.UTF_8));
    controller.reconcileAll();
    work();

    assertThat(store.budgets).isEmpty();
    assertThat(gauge("audited")).isEqualTo(2);
    assertThat(
            meters
                .get("holdfast.disruption.findings")
                .tag("reason", "would-create")
                .gauge()
                .value())
        .isEqualTo(2);
  }

  // --- a drain that waits

  /** The disruption controller has counted. */
  private void counted(int allowed, int healthy) {
    Budget budget = store.budgets.get("web-deployment-holdfast");
    put(
        new Budget(
            budget.namespace(),
            budget.name(),
            budget.uid(),
            budget.resourceVersion(),
            budget.selector(),
            budget.amount(),
            budget.unhealthyPodEvictionPolicy(),
            budget.labelled(),
            budget.written(),
            budget.owner(),
            Optional.of(new Budget.Status(1, allowed, healthy, 2, 3, false))));
  }

  private static final RunningPod READY_ON_A = new RunningPod("a", true, false);
  private static final RunningPod READY_ON_B = new RunningPod("b", true, false);
  private static final RunningPod WITHOUT_NODE = new RunningPod("", false, false);
  private static final RunningPod STARTING_ON_B = new RunningPod("b", false, true);
  private static final RunningPod CRASHING_ON_B = new RunningPod("b", false, false);

  private void waits(Set<String> drained, RunningPod... pods) {
    put("web", 3);
    controller.lead();
    work();
    world.leavingNodes = drained;
    store.running = List.of(pods);
    counted(0, 2);
    work();
  }

  static Stream<Arguments> drains() {
    return Stream.of(
        arguments("a replica finds no node", List.of(READY_ON_A, READY_ON_A, WITHOUT_NODE), 120),
        arguments("a replica crashes", List.of(READY_ON_A, READY_ON_B, CRASHING_ON_B), 120),
        arguments("a replica is not made at all", List.of(READY_ON_A, READY_ON_B), 120),
        arguments("a replica starts for ever", List.of(READY_ON_A, READY_ON_B, STARTING_ON_B), 600),
        arguments("it may be that none is on the node", List.of(READY_ON_B, READY_ON_B), -1),
        arguments("it may be that none is left", List.of(), -1));
  }

  @ParameterizedTest
  @MethodSource("drains")
  void a_drain_waits_for_a_while(String what, List<RunningPod> pods, int seconds) {
    waits(Set.of("a"), pods.toArray(RunningPod[]::new));

    workFor(Duration.ofSeconds(seconds < 0 ? 3600 : seconds - 1));
    assertThat(store.budgets).as(what).hasSize(1);

    if (seconds > 0) {
      workFor(Duration.ofSeconds(31));
      assertThat(store.budgets).as(what).isEmpty();
      assertThat(gauge("gives-way")).isEqualTo(1);
    }
  }

  @Test
  void a_broken_replica_costs_no_budget_and_no_call_as_long_as_no_node_is_drained() {
    waits(Set.of(), READY_ON_A, READY_ON_B, CRASHING_ON_B);
    int before = store.lists;

    workFor(Duration.ofHours(1));

    assertThat(store.budgets).hasSize(1);
    assertThat(store.lists).isEqualTo(before);
  }

  @Test
  void a_drain_that_comes_to_a_broken_replica_does_not_wait_again() {
    waits(Set.of(), READY_ON_A, READY_ON_B, CRASHING_ON_B);
    workFor(Duration.ofHours(1));
    world.leavingNodes = Set.of("a");
    controller.drainBegins();
    work();

    assertThat(store.budgets).isEmpty();
  }

  @Test
  void a_disruption_that_is_allowed_between_begins_the_wait_anew() {
    waits(Set.of("a"), READY_ON_A, READY_ON_A, WITHOUT_NODE);
    workFor(Duration.ofSeconds(119));
    counted(1, 3);
    work();
    counted(0, 2);
    workFor(Duration.ofSeconds(119));

    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void what_gave_way_comes_back_when_all_replicas_are_ready() {
    waits(Set.of("a"), READY_ON_A, READY_ON_A, WITHOUT_NODE);
    workFor(Duration.ofSeconds(151));
    remove("web-deployment-holdfast");
    store.running = List.of(READY_ON_B, READY_ON_B, STARTING_ON_B);
    workFor(Duration.ofMinutes(10));
    assertThat(store.budgets).isEmpty();

    store.running = List.of(READY_ON_B, READY_ON_B, READY_ON_B);
    workFor(Duration.ofSeconds(31));

    assertThat(store.budgets).hasSize(1);
    assertThat(gauge("protected")).isEqualTo(1);
  }

  @Test
  void a_workload_that_is_gone_leaves_no_trace() {
    Workload web = put("web", 3);
    controller.lead();
    work();
    controller.changed(neighbourhoods.with("shop", all -> all.remove(web.key())));
    work();

    assertThat(gauge("protected")).isZero();
    assertThat(store.writes).as("the garbage collector does it").hasSize(1);
  }

  @Test
  void pods_that_cannot_be_listed_keep_it_from_beginning() {
    BudgetController unlucky =
        new BudgetController(
            neighbourhoods,
            new FailingStore(),
            world,
            clock,
            Duration.ofSeconds(30),
            Duration.ofMinutes(2),
            1,
            () -> true,
            new BudgetMetrics(new SimpleMeterRegistry()));

    assertThatThrownBy(unlucky::lead).isInstanceOf(BudgetStore.Refused.class);
    assertThat(unlucky.isActive()).isFalse();
  }

  /** Lists nothing, as where the permission is missing. */
  private static final class FailingStore implements BudgetStore {
    @Override
    public Budget apply(Proposal proposal, Optional<Budget> present) {
      throw new Refused(403, "no", null);
    }

    @Override
    public void delete(Budget budget) {
      throw new Refused(403, "no", null);
    }

    @Override
    public List<Budget> budgets(String namespace) {
      throw new Refused(403, "no", null);
    }

    @Override
    public List<LivePod> pods(String namespace) {
      throw new Refused(403, "no", null);
    }

    @Override
    public List<RunningPod> pods(Workload workload) {
      throw new Refused(403, "no", null);
    }

    @Override
    public Map<String, List<LivePod>> pods() {
      throw new Refused(403, "no", null);
    }
  }

  // --- what is not looked after any more

  private static HardeningPolicy policy(String kinds) throws PolicyException {
    return PolicyLoader.load(
            "p",
            ("{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, metadata: {name: p}, spec:"
                    + " {rules: {disruptionBudget: {kinds: "
                    + kinds
                    + "}}}}")
                .getBytes(StandardCharsets.UTF_8))
        .get(0);
  }

  private static Workload rollout() {
    return Documents.workload(
        yaml(
            "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: shop,"
                + " uid: uid-rollout, creationTimestamp: '2026-01-01T00:00:00Z'}, spec: {replicas: 3,"
                + " selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}"),
        "");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_kind_that_no_policy_names_any_more_loses_its_budgets(boolean afterARestart)
      throws PolicyException {
    world.policies = List.of(policy("[argoproj.io/Rollout]"));
    Workload rollout = put(rollout());
    controller.lead();
    work();
    store.budgets.values().forEach(this::put);
    assertThat(store.budgets).hasSize(1);

    world.policies = List.of(policy("[]"));
    if (afterARestart) {
      neighbourhoods.with("shop", all -> all.remove(rollout.key()));
      controller.lead();
    } else {
      controller.changed(neighbourhoods.with("shop", all -> all.remove(rollout.key())));
    }
    work();

    assertThat(store.budgets).isEmpty();
  }

  @Test
  void a_kind_that_policies_name_keeps_them_while_it_is_not_known() throws PolicyException {
    world.policies = List.of(policy("[argoproj.io/Rollout]"));
    Workload rollout = put(rollout());
    controller.lead();
    work();
    store.budgets.values().forEach(this::put);

    neighbourhoods.with("shop", all -> all.remove(rollout.key()));
    controller.lead();
    work();

    assertThat(store.budgets).hasSize(1);
  }

  @Test
  void what_others_wrote_stays_whatever_it_is_labelled() {
    put(
        Documents.budget(
            yaml(
                "{metadata: {name: theirs, namespace: shop, uid: u, resourceVersion: '9', labels:"
                    + " {app.kubernetes.io/managed-by: holdfast}, ownerReferences: [{apiVersion:"
                    + " example.com/v1, kind: Shop, name: web, uid: x, controller: true}],"
                    + " managedFields: [{manager: kubectl}]}, spec: {minAvailable: 1}}"),
            ""));
    controller.lead();
    work();

    assertThat(store.writes).isEmpty();
  }

  @Test
  void a_replica_set_that_somebody_adopts_loses_its_budget() {
    ObjectNode set =
        (ObjectNode)
            yaml(
                "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web, namespace: shop, uid: rs,"
                    + " creationTimestamp: '2026-01-01T00:00:00Z'}, spec: {replicas: 3, selector:"
                    + " {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}");
    put(Documents.workload(set, ""));
    controller.lead();
    work();
    store.budgets.values().forEach(this::put);
    assertThat(store.budgets).containsOnlyKeys("web-replicaset-holdfast");

    set.withObject("/metadata")
        .set(
            "ownerReferences",
            yaml(
                "[{apiVersion: apps/v1, kind: Deployment, name: web, uid: uid-web, controller: true}]"));
    put(Documents.workload(set, ""));
    put("web", 3);
    work();
    workFor(Duration.ofSeconds(31));

    assertThat(store.budgets).containsOnlyKeys("web-deployment-holdfast");
  }

  @Test
  void all_is_told_in_metrics() {
    put("web", 3);
    put("one", 1);
    controller.lead();
    work();
    put("web", 1);
    work();

    assertThat(gauge("too-few-replicas")).isEqualTo(2);
    for (String operation : List.of("apply", "delete")) {
      assertThat(
              meters
                  .get("holdfast.disruption.writes")
                  .tags("operation", operation, "result", "success")
                  .counter()
                  .count())
          .isEqualTo(1);
    }
    controller.rest();
    assertThat(gauge("too-few-replicas")).isZero();
  }
}
