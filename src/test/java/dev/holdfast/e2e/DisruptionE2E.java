package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disruption budgets on the real API server of {@code KUBECONFIG}, with the disruption controller
 * of its controller manager, and nodes without machines: evictions are judged by it, never by us.
 */
class DisruptionE2E {
  private static final Duration LONG = Duration.ofSeconds(60);

  /** Instead of thirty seconds, so that tests need not wait. */
  private static final Duration CALM = Duration.ofSeconds(3);

  /** Instead of two minutes. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final int TOO_MANY = 429;
  private static final int CREATED = 201;
  private static final String NODE = "holdfast-fake-1";
  private static final String OTHER_NODE = "holdfast-fake-2";

  @TempDir static Path folder;
  private static KubernetesClient client;
  private static FakeKubelets kubelets;
  private static RunningHoldfast holdfast;
  private static int namespaces;

  private String namespace;

  @BeforeAll
  static void install() throws Exception {
    assertThat(System.getenv("KUBECONFIG"))
        .as("KUBECONFIG must name a cluster; src/test/cluster brings one up")
        .isNotBlank();
    // An eviction that is refused is an answer, and no reason to ask again.
    Config config =
        new ConfigBuilder(Config.autoConfigure(null)).withRequestRetryBackoffLimit(0).build();
    client = new KubernetesClientBuilder().withConfig(config).build();
    apply(Files.readString(Path.of("deploy/crd/hardeningpolicies.holdfast.dev.yaml")));
    apply(Files.readString(Path.of("deploy/default/namespace.yaml")));
    policy("profile: standard");
    kubelets = new FakeKubelets(client, NODE, OTHER_NODE);
    holdfast = controller("main");
    await().atMost(LONG).until(() -> holdfast.log().contains("looks after budgets"));
  }

  private static RunningHoldfast controller(String name) throws Exception {
    RunningHoldfast made =
        new RunningHoldfast(Files.createDirectory(folder.resolve(name)))
            .role("controller")
            .with("POD_NAME", name)
            .with("HOLDFAST_DISRUPTION_CALM", CALM.toSeconds() + "s")
            .with("HOLDFAST_DISRUPTION_PATIENCE", PATIENCE.toSeconds() + "s")
            .with("HOLDFAST_DISRUPTION_RESYNC_PERIOD", "5s");
    made.launch();
    // A machine that runs all of this and more takes its time.
    await().atMost(Duration.ofMinutes(3)).until(made::isReady);
    return made;
  }

  @AfterAll
  static void uninstall() throws Exception {
    if (holdfast != null) {
      System.out.println(holdfast.log().lines().filter(line -> line.contains("WARN")).toList());
      holdfast.close();
    }
    if (kubelets != null) {
      kubelets.close();
    }
    if (client != null) {
      client.close();
    }
  }

  @BeforeEach
  void makeNamespace(TestInfo test) {
    namespace = "holdfast-budget-" + ProcessHandle.current().pid() + "-" + ++namespaces;
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    await()
        .atMost(LONG)
        .until(
            () ->
                client.serviceAccounts().inNamespace(namespace).withName("default").get() != null);
  }

  @AfterEach
  void removeNamespace() {
    kubelets.release(namespace);
    client.namespaces().withName(namespace).delete();
  }

  // --- objects

  private static void apply(String document) {
    client.resource("---\n" + document).forceConflicts().serverSideApply();
  }

  private static void policy(String spec) {
    apply(
        "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, metadata: {name: default}, spec: {"
            + spec
            + "}}");
  }

  private void create(String kind, String name, int replicas, String labels, String more) {
    create(kind, name, replicas, labels, more, "{type: fake}");
  }

  private void create(
      String kind, String name, int replicas, String labels, String more, String nodeSelector) {
    String selector = more.isEmpty() ? labels : more;
    client
        .resource(
            """
            ---
            apiVersion: apps/v1
            kind: %s
            metadata: {name: %s, namespace: %s}
            spec:
              replicas: %d
              selector: {matchLabels: %s}
              %s
              template:
                metadata: {labels: %s}
                spec:
                  terminationGracePeriodSeconds: 0
                  nodeSelector: %s
                  containers: [{name: app, image: registry.example/app:1}]
            """
                .formatted(
                    kind,
                    name,
                    namespace,
                    replicas,
                    selector,
                    kind.equals("StatefulSet")
                        ? "serviceName: x\n  podManagementPolicy: Parallel"
                        : "",
                    labels,
                    nodeSelector))
        .create();
  }

  private void deployment(String name, int replicas) {
    create("Deployment", name, replicas, "{app: " + name + "}", "");
  }

  private void budget(String name, String spec) {
    client
        .resource(
            "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: %s, namespace: %s}, spec: %s}"
                .formatted(name, namespace, spec))
        .create();
  }

  private List<PodDisruptionBudget> budgets() {
    return client.policy().v1().podDisruptionBudget().inNamespace(namespace).list().getItems();
  }

  private List<String> budgetNames() {
    return budgets().stream().map(one -> one.getMetadata().getName()).sorted().toList();
  }

  private PodDisruptionBudget budget(String name) {
    return client.policy().v1().podDisruptionBudget().inNamespace(namespace).withName(name).get();
  }

  private void awaitBudgets(String... names) {
    await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(budgetNames()).containsExactlyInAnyOrder(names));
  }

  /** Until the disruption controller allows that many evictions. */
  private void awaitAllowed(String name, int count) {
    await()
        .atMost(LONG)
        .until(
            () -> {
              PodDisruptionBudget budget = budget(name);
              return budget != null
                  && budget.getStatus() != null
                  && budget.getStatus().getDisruptionsAllowed() != null
                  && budget.getStatus().getDisruptionsAllowed() == count
                  && budget
                      .getMetadata()
                      .getGeneration()
                      .equals(budget.getStatus().getObservedGeneration());
            });
  }

  private List<Pod> pods() {
    return client.pods().inNamespace(namespace).list().getItems().stream()
        .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
        .toList();
  }

  private void awaitReady(int count) {
    await()
        .atMost(LONG)
        .until(
            () ->
                pods().stream()
                        .filter(
                            pod ->
                                pod.getStatus().getConditions().stream()
                                    .anyMatch(
                                        one ->
                                            one.getType().equals("Ready")
                                                && one.getStatus().equals("True")))
                        .count()
                    == count);
  }

  private void scale(String name, int replicas) {
    client.apps().deployments().inNamespace(namespace).withName(name).scale(replicas);
  }

  /** The API server's answer to an eviction. */
  private int evict(Pod pod, boolean dryRun) {
    String body =
        """
        {"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"%s","namespace":"%s"},"deleteOptions":{%s}}
        """
            .formatted(
                pod.getMetadata().getName(), namespace, dryRun ? "\"dryRun\":[\"All\"]" : "");
    try {
      client.raw(
          "/api/v1/namespaces/" + namespace + "/pods/" + pod.getMetadata().getName() + "/eviction",
          "POST",
          body);
      return CREATED;
    } catch (KubernetesClientException e) {
      return e.getCode();
    }
  }

  // --- evictions

  @Test
  void pods_are_evicted_one_at_a_time() {
    deployment("web", 3);
    awaitReady(3);
    awaitAllowed("web-deployment-holdfast", 1);
    List<Pod> pods = pods();

    kubelets.hold(namespace);
    assertThat(evict(pods.get(0), false)).isEqualTo(CREATED);
    assertThat(evict(pods.get(1), false)).isEqualTo(TOO_MANY);
    assertThat(evict(pods.get(2), false)).isEqualTo(TOO_MANY);
    kubelets.release(namespace);
    awaitAllowed("web-deployment-holdfast", 1);
    kubelets.hold(namespace);
    assertThat(evict(pods.get(1), false)).isEqualTo(CREATED);
    assertThat(evict(pods.get(2), false)).isEqualTo(TOO_MANY);
  }

  @Test
  void a_single_replica_is_always_evictable() {
    deployment("one", 1);
    deployment("two", 2);
    awaitReady(3);
    awaitAllowed("two-deployment-holdfast", 1);

    assertThat(budgetNames()).containsExactly("two-deployment-holdfast");
    for (Pod pod : pods()) {
      if (pod.getMetadata().getLabels().get("app").equals("one")) {
        assertThat(evict(pod, false)).isEqualTo(CREATED);
      }
    }
  }

  @Test
  void pods_that_are_not_ready_are_evictable() {
    kubelets.hold(namespace);
    deployment("broken", 3);
    awaitBudgets("broken-deployment-holdfast");
    await().atMost(LONG).until(() -> pods().size() == 3);

    for (Pod pod : pods()) {
      assertThat(evict(pod, false)).isEqualTo(CREATED);
    }
  }

  // --- changes

  @Test
  void a_roll_out_goes_on_and_the_budget_stays() {
    deployment("web", 3);
    awaitAllowed("web-deployment-holdfast", 1);
    String uid = budget("web-deployment-holdfast").getMetadata().getUid();

    client
        .apps()
        .deployments()
        .inNamespace(namespace)
        .withName("web")
        .edit(
            deployment -> {
              deployment.getSpec().getTemplate().getMetadata().getLabels().put("version", "2");
              return deployment;
            });

    await()
        .atMost(LONG)
        .until(
            () ->
                pods().stream()
                        .filter(pod -> "2".equals(pod.getMetadata().getLabels().get("version")))
                        .count()
                    == 3);
    awaitReady(3);
    assertThat(budget("web-deployment-holdfast").getMetadata().getUid()).isEqualTo(uid);
  }

  @Test
  void scaling_to_one_withdraws_and_back_gives_it_again() {
    deployment("web", 3);
    awaitBudgets("web-deployment-holdfast");

    scale("web", 1);
    await().atMost(Duration.ofSeconds(2)).until(() -> budgets().isEmpty());
    scale("web", 3);

    awaitBudgets("web-deployment-holdfast");
  }

  @Test
  void an_autoscalers_minimum_counts_from_the_moment_it_is_edited() {
    deployment("web", 3);
    awaitBudgets("web-deployment-holdfast");
    String autoscaler =
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: %s},"
            + " spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: %d, maxReplicas: 5}}";

    apply(autoscaler.formatted(namespace, 1));
    await().atMost(Duration.ofSeconds(2)).until(() -> budgets().isEmpty());
    apply(autoscaler.formatted(namespace, 2));

    awaitBudgets("web-deployment-holdfast");
  }

  @Test
  void a_namespace_switches_it_off() {
    deployment("web", 3);
    awaitBudgets("web-deployment-holdfast");

    client
        .namespaces()
        .withName(namespace)
        .edit(
            one -> {
              one.getMetadata().getLabels().put("holdfast.dev/mode", "off");
              return one;
            });

    await().atMost(Duration.ofSeconds(2)).until(() -> budgets().isEmpty());
  }

  @Test
  void an_edit_of_ours_is_put_right_and_a_deleted_one_is_made_anew() {
    deployment("web", 3);
    awaitBudgets("web-deployment-holdfast");
    apply(
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web-deployment-holdfast, namespace: "
            + namespace
            + "}, spec: {maxUnavailable: 0}}");
    await()
        .atMost(LONG)
        .until(
            () -> budget("web-deployment-holdfast").getSpec().getMaxUnavailable().getIntVal() == 1);

    String patch = "{\"spec\":{\"maxUnavailable\":null,\"minAvailable\":3}}";
    client
        .policy()
        .v1()
        .podDisruptionBudget()
        .inNamespace(namespace)
        .withName("web-deployment-holdfast")
        .patch(patch);
    await()
        .atMost(LONG)
        .until(
            () -> {
              PodDisruptionBudget budget = budget("web-deployment-holdfast");
              return budget != null
                  && budget.getSpec().getMinAvailable() == null
                  && budget.getSpec().getMaxUnavailable().getIntVal() == 1;
            });

    client.policy().v1().podDisruptionBudget().inNamespace(namespace).delete();
    awaitBudgets("web-deployment-holdfast");
  }

  @Test
  void what_we_write_is_ours_by_field_and_goes_with_its_workload() {
    create("StatefulSet", "db", 3, "{app: db}", "");
    awaitBudgets("db-statefulset-holdfast");

    PodDisruptionBudget budget = budget("db-statefulset-holdfast");
    assertThat(budget.getSpec().getUnhealthyPodEvictionPolicy()).isEqualTo("IfHealthyBudget");
    assertThat(budget.getMetadata().getManagedFields())
        .filteredOn(entry -> entry.getSubresource() == null)
        .extracting("manager", "operation")
        .containsExactly(tuple("holdfast-disruption", "Apply"));
    client.apps().statefulSets().inNamespace(namespace).withName("db").delete();
    awaitBudgets();
  }

  /** The one thing that cannot be avoided, measured: two budgets while ours is on its way out. */
  @Test
  void a_users_budget_takes_the_place_of_ours_within_a_second() throws Exception {
    int workloads = 20;
    for (int i = 0; i < workloads; i++) {
      deployment("web-" + i, 2);
    }
    await().atMost(LONG).until(() -> budgets().size() == workloads);
    Map<String, Long> came = new ConcurrentHashMap<>();
    Map<String, Long> went = new ConcurrentHashMap<>();
    try (Watch watch =
        client
            .policy()
            .v1()
            .podDisruptionBudget()
            .inNamespace(namespace)
            .watch(
                new Watcher<>() {
                  @Override
                  public void eventReceived(Action action, PodDisruptionBudget budget) {
                    String name = budget.getMetadata().getName();
                    if (action == Action.ADDED && name.startsWith("user-")) {
                      came.put(name.substring(5), System.nanoTime());
                    } else if (action == Action.DELETED) {
                      went.put(name.replace("-deployment-holdfast", ""), System.nanoTime());
                    }
                  }

                  @Override
                  public void onClose(WatcherException cause) {}
                })) {
      assertThat(watch).isNotNull();
      for (int i = 0; i < workloads; i++) {
        budget(
            "user-web-" + i, "{maxUnavailable: 1, selector: {matchLabels: {app: web-" + i + "}}}");
      }
      await().atMost(LONG).until(() -> went.size() == workloads && came.size() == workloads);
    }
    List<Long> overlaps = new ArrayList<>();
    came.forEach(
        (name, time) -> overlaps.add(TimeUnit.NANOSECONDS.toMillis(went.get(name) - time)));
    overlaps.sort(null);
    System.out.printf(
        "overlap of a user's budget and ours, %d times: median %d ms, longest %d ms%n",
        workloads, overlaps.get(workloads / 2), overlaps.get(workloads - 1));
    assertThat(overlaps).allMatch(milliseconds -> milliseconds <= 1000);
  }

  // --- trouble

  @Test
  void another_takes_over_from_a_leader_that_is_killed_in_the_middle() throws Exception {
    try (RunningHoldfast standby = controller("standby")) {
      for (int i = 0; i < 100; i++) {
        deployment("web-" + i, 2);
      }
      await().atMost(LONG).until(() -> budgets().size() >= 10);
      holdfast.kill();
      int left = budgets().size();
      System.out.printf("the leader was killed after %d of 100%n", left);

      await().atMost(LONG).until(() -> budgets().size() == 100);
      assertThat(standby.log()).contains("looks after budgets");
      assertThat(budgetNames()).doesNotHaveDuplicates().hasSize(100);
      holdfast = controller("main-again");
    }
    await().atMost(LONG).until(() -> holdfast.log().contains("looks after budgets"));
  }

  @Test
  void it_goes_on_after_the_api_server_was_restarted() throws Exception {
    deployment("before", 3);
    awaitBudgets("before-deployment-holdfast");

    assertThat(run("src/test/cluster/restart.sh", "kube-apiserver", "2")).isZero();
    await().atMost(LONG).ignoreExceptions().until(() -> !pods().isEmpty());
    deployment("after", 3);
    scale("before", 1);

    awaitBudgets("after-deployment-holdfast");
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  @Test
  void conflicts_are_overcome() throws Exception {
    deployment("web", 3);
    awaitBudgets("web-deployment-holdfast");
    Thread meddler =
        new Thread(
            () -> {
              try {
                for (int i = 0; !Thread.interrupted(); i++) {
                  client
                      .policy()
                      .v1()
                      .podDisruptionBudget()
                      .inNamespace(namespace)
                      .withName("web-deployment-holdfast")
                      .patch("{\"metadata\":{\"annotations\":{\"n\":\"" + i + "\"}}}");
                }
              } catch (KubernetesClientException e) {
                // It is gone: that is what the test waits for.
              }
            });
    meddler.start();
    try {
      scale("web", 1);
      awaitBudgets();
    } finally {
      meddler.interrupt();
      meddler.join();
    }
  }

  @Test
  void what_is_deleted_in_between_leaves_nothing_behind() {
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 10; i++) {
        deployment("web-" + i, 2);
      }
      await().atMost(LONG).until(() -> !budgets().isEmpty());
      client.apps().deployments().inNamespace(namespace).delete();
      await()
          .atMost(LONG)
          .until(
              () -> client.apps().deployments().inNamespace(namespace).list().getItems().isEmpty());
    }

    awaitBudgets();
  }

  @Test
  void a_namespace_that_terminates_is_left_alone() throws Exception {
    client
        .resource(
            "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: holds, namespace: %s, finalizers: [holdfast.dev/test]}}"
                .formatted(namespace))
        .create();
    deployment("web", 3);
    client.namespaces().withName(namespace).delete();
    try {
      double before = holdfast.sum("holdfast_disruption_writes_total{operation=\"apply\"");
      // twice the calm, and two passes over everything
      await().pollDelay(Duration.ofSeconds(11)).atMost(LONG).until(() -> budgets().isEmpty());
      assertThat(holdfast.sum("holdfast_disruption_writes_total{operation=\"apply\""))
          .isLessThanOrEqualTo(before + 1);
    } finally {
      client
          .configMaps()
          .inNamespace(namespace)
          .withName("holds")
          .edit(
              one -> {
                one.getMetadata().setFinalizers(List.of());
                return one;
              });
    }
  }

  @Test
  void nothing_is_written_while_nothing_changes() throws Exception {
    for (int i = 0; i < 20; i++) {
      deployment("web-" + i, 2);
    }
    await().atMost(LONG).until(() -> budgets().size() == 20);
    awaitReady(40);
    for (int i = 0; i < 20; i++) {
      awaitAllowed("web-" + i + "-deployment-holdfast", 1);
    }
    double writes = holdfast.sum("holdfast_disruption_writes_total");
    List<String> versions = versions();

    // three passes over everything
    await().pollDelay(Duration.ofSeconds(16)).atMost(LONG).until(() -> true);

    assertThat(versions()).isEqualTo(versions);
    assertThat(holdfast.sum("holdfast_disruption_writes_total")).isEqualTo(writes);
  }

  private List<String> versions() {
    return budgets().stream().map(one -> one.getMetadata().getResourceVersion()).sorted().toList();
  }

  // --- drains

  /** The command that drains the node of the pods with these labels. */
  private static String[] drain(String podSelector) {
    return new String[] {
      "src/test/cluster/kubectl.sh",
      "drain",
      NODE,
      "--ignore-daemonsets",
      "--delete-emptydir-data",
      "--pod-selector=" + podSelector,
      "--timeout=120s"
    };
  }

  @Test
  void a_drain_completes_in_every_arrangement() throws Exception {
    deployment("web", 3);
    deployment("one", 1);
    deployment("zero", 0);
    create("StatefulSet", "db", 3, "{app: db}", "");
    create("ReplicaSet", "alone", 2, "{app: alone}", "");
    create("Deployment", "stable", 2, "{app: x, track: stable}", "{app: x}");
    create("Deployment", "canary", 2, "{app: x, track: canary}", "");
    create("Deployment", "twin-a", 2, "{app: twin}", "");
    create("Deployment", "twin-b", 2, "{app: twin}", "");
    deployment("users", 3);
    budget(
        "of-the-user",
        "{minAvailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [users]}]}}");
    awaitBudgets(
        "web-deployment-holdfast",
        "db-statefulset-holdfast",
        "alone-replicaset-holdfast",
        "canary-deployment-holdfast",
        "of-the-user");
    awaitReady(3 + 1 + 3 + 2 + 2 + 2 + 2 + 2 + 3);

    int code = run(drain("app"));
    try {
      assertThat(code).isZero();
      assertThat(pods()).noneMatch(pod -> NODE.equals(pod.getSpec().getNodeName()));
    } finally {
      run("src/test/cluster/kubectl.sh", "uncordon", NODE);
    }
  }

  @Test
  void a_drain_completes_where_no_other_node_will_have_the_pods() throws Exception {
    String only = "{kubernetes.io/hostname: " + NODE + "}";
    create("Deployment", "web", 3, "{app: web}", "", only);
    create("StatefulSet", "db", 3, "{app: db}", "", only);
    awaitReady(6);
    awaitAllowed("web-deployment-holdfast", 1);
    awaitAllowed("db-statefulset-holdfast", 1);

    int code = run(drain("app"));
    try {
      assertThat(code).isZero();
      assertThat(budgetNames()).isEmpty();
    } finally {
      run("src/test/cluster/kubectl.sh", "uncordon", NODE);
    }
    awaitReady(6);
    awaitBudgets("web-deployment-holdfast", "db-statefulset-holdfast");
  }

  @Test
  void a_users_budget_that_comes_in_the_middle_of_a_drain_does_not_stop_it() throws Exception {
    deployment("web", 6);
    awaitReady(6);
    awaitAllowed("web-deployment-holdfast", 1);
    Process drain = new ProcessBuilder(drain("app=web")).inheritIO().start();
    try {
      await()
          .atMost(LONG)
          .until(() -> client.nodes().withName(NODE).get().getSpec().getUnschedulable() != null);
      budget("of-the-user", "{maxUnavailable: 2, selector: {matchLabels: {app: web}}}");

      assertThat(drain.waitFor(130, TimeUnit.SECONDS)).isTrue();
      int code = drain.exitValue();
      if (code != 0) {
        // kubectl gives up at the first 500: the instant that cannot be closed. Again it completes.
        code = run(drain("app=web"));
      }
      assertThat(code).isZero();
      awaitBudgets("of-the-user");
    } finally {
      drain.destroy();
      run("src/test/cluster/kubectl.sh", "uncordon", NODE);
    }
  }

  /** A sample of what NeverTwoBudgetsProperties tries by the thousand. */
  @Test
  void no_eviction_fails_because_of_us_whatever_comes_in_whatever_order() {
    Random random = new Random(20261125);
    String[] values = {"a", "b", "c", "d", "e", "f"};
    for (int i = 0; i < 12; i++) {
      String app = values[random.nextInt(values.length)];
      String track = values[random.nextInt(values.length)];
      String labels = "{app: " + app + ", track: " + track + "}";
      String selector =
          switch (random.nextInt(3)) {
            case 0 -> "{app: " + app + "}";
            case 1 -> "{track: " + track + "}";
            default -> labels;
          };
      create("Deployment", "w" + i, 1 + random.nextInt(3), labels, selector);
      if (random.nextInt(3) == 0) {
        String of = values[random.nextInt(values.length)];
        budget(
            "user-" + i,
            random.nextBoolean()
                ? "{maxUnavailable: 1, selector: {matchLabels: {app: "
                    + of
                    + ", track: "
                    + of
                    + "}}}"
                : "{maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: ["
                    + of
                    + "]}, {key: track, operator: NotIn, values: ["
                    + of
                    + "]}]}}");
      }
    }
    // calm, and a pass over everything
    await().pollDelay(Duration.ofSeconds(10)).atMost(LONG).until(() -> pods().size() > 11);
    int ours = 0;
    for (PodDisruptionBudget budget : budgets()) {
      ours += budget.getMetadata().getName().endsWith("-holdfast") ? 1 : 0;
    }
    for (Pod pod : pods()) {
      int code = evict(pod, true);
      if (code >= 500) {
        long users =
            budgets().stream()
                .filter(one -> one.getMetadata().getName().startsWith("user-"))
                .filter(one -> selects(one, pod))
                .count();
        assertThat(users)
            .as("users' budgets for %s", pod.getMetadata().getLabels())
            .isGreaterThan(1);
      }
    }
    System.out.printf("%d budgets of ours among %d%n", ours, budgets().size());
    assertThat(ours).isPositive();
  }

  private static boolean selects(PodDisruptionBudget budget, Pod pod) {
    Map<String, String> labels = pod.getMetadata().getLabels();
    var selector = budget.getSpec().getSelector();
    boolean matches =
        selector.getMatchLabels() == null
            || selector.getMatchLabels().entrySet().stream()
                .allMatch(label -> label.getValue().equals(labels.get(label.getKey())));
    for (var requirement : selector.getMatchExpressions()) {
      boolean in = requirement.getValues().contains(labels.get(requirement.getKey()));
      matches &= requirement.getOperator().equals("In") == in;
    }
    return matches;
  }

  // --- the command

  @Test
  void the_command_tells_who_has_a_budget_and_why() throws Exception {
    deployment("web", 3);
    deployment("one", 1);
    deployment("users", 2);
    budget("of-the-user", "{minAvailable: 2, selector: {matchLabels: {app: users}}}");
    awaitBudgets("web-deployment-holdfast", "of-the-user");
    awaitReady(6);
    awaitAllowed("web-deployment-holdfast", 1);

    Process command =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-jar",
                System.getProperty("holdfast.jar"),
                "disruption",
                "-n",
                namespace)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(command.getInputStream().readAllBytes());

    assertThat(command.waitFor()).as(out).isZero();
    assertThat(out.lines().map(line -> line.replaceAll(" {2,}", " | ")))
        .contains(
            "WORKLOAD | FLOOR | HEALTHY | BUDGET | WHOSE | ALLOWED | REASON",
            "Deployment web | 3 | 3 | web-deployment-holdfast | holdfast | 1 | protected: maxUnavailable: 1",
            "Deployment one | 1 | 1 | - | - | - | too-few-replicas: spec.replicas allows 1 replica",
            "Deployment users | 2 | 2 | of-the-user | user | 0 | users-budget: PodDisruptionBudget of-the-user selects its pods");
    assertThat(out).contains("it allows no eviction");
  }

  // --- other kinds

  @Test
  void a_kind_that_a_policy_names_gets_budgets_too() {
    define(
        "Rollout",
        "{scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}");
    define("Unscaled", "{}");
    try {
      await()
          .atMost(LONG)
          .ignoreExceptions()
          .until(() -> client.getApiResources("e2e.holdfast.dev/v1") != null);
      HasMetadata rollout =
          client
              .resource(
                  """
                  ---
                  {apiVersion: e2e.holdfast.dev/v1, kind: Rollout, metadata: {name: web, namespace: %s},
                   spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
                  """
                      .formatted(namespace))
              .create();
      assertThat(rollout).isInstanceOf(GenericKubernetesResource.class);
      policy(
          "profile: standard, rules: {disruptionBudget: {kinds: [e2e.holdfast.dev/Unscaled, e2e.holdfast.dev/Rollout]}}");

      await().atMost(LONG).until(() -> budgets().size() == 1);
      assertThat(budgets().get(0).getMetadata().getOwnerReferences())
          .singleElement()
          .matches(owner -> owner.getUid().equals(rollout.getMetadata().getUid()))
          .matches(owner -> owner.getController() && !owner.getBlockOwnerDeletion());
      assertThat(holdfast.log()).contains("e2e.holdfast.dev/Unscaled has no subresource scale");

      policy("profile: standard");
      await().atMost(LONG).until(() -> budgets().isEmpty());
    } finally {
      for (String plural : List.of("rollouts", "unscaleds")) {
        client
            .apiextensions()
            .v1()
            .customResourceDefinitions()
            .withName(plural + ".e2e.holdfast.dev")
            .delete();
      }
    }
  }

  @Test
  void what_is_looked_after_anyway_may_be_named_and_left_out_again() {
    deployment("web", 3);
    awaitBudgets("web-deployment-holdfast");
    policy(
        "profile: standard, rules: {disruptionBudget: {maxUnavailable: 2, kinds: [apps/Deployment]}}");
    await()
        .atMost(LONG)
        .until(
            () -> budget("web-deployment-holdfast").getSpec().getMaxUnavailable().getIntVal() == 2);
    policy("profile: standard");
    await()
        .atMost(LONG)
        .until(
            () -> budget("web-deployment-holdfast").getSpec().getMaxUnavailable().getIntVal() == 1);

    budget("theirs", "{maxUnavailable: 1, selector: {matchLabels: {app: web}}}");
    awaitBudgets("theirs");
  }

  @Test
  void a_users_budget_over_one_member_to_come_is_the_only_one() {
    budget(
        "theirs",
        "{minAvailable: 0, selector: {matchLabels: {app: db, apps.kubernetes.io/pod-index: '2'}}}");
    create("StatefulSet", "db", 2, "{app: db}", "");
    create("StatefulSet", "other", 2, "{app: other}", "");
    awaitBudgets("theirs", "other-statefulset-holdfast");

    client.apps().statefulSets().inNamespace(namespace).withName("db").scale(3);
    awaitReady(5);
    awaitAllowed("theirs", 1);
    awaitAllowed("other-statefulset-holdfast", 1);
    assertThat(pods()).allMatch(pod -> evict(pod, true) == CREATED);
  }

  /** Its controller has no scale, so that the disruption controller would allow no eviction. */
  @Test
  void a_job_whose_pods_have_the_labels_holds_no_drain_for_long() {
    deployment("web", 3);
    awaitReady(3);
    awaitAllowed("web-deployment-holdfast", 1);
    client
        .resource(
            """
            ---
            {apiVersion: batch/v1, kind: Job, metadata: {name: migrate, namespace: %s},
             spec: {template: {metadata: {labels: {app: web}}, spec: {restartPolicy: Never, nodeSelector: {type: fake},
               containers: [{name: app, image: registry.example/app:1}]}}}}
            """
                .formatted(namespace))
        .create();
    awaitReady(4);
    awaitBudgets();
    assertThat(pods()).allMatch(pod -> evict(pod, true) == CREATED);

    client.batch().v1().jobs().inNamespace(namespace).withName("migrate").delete();
    awaitBudgets("web-deployment-holdfast");
  }

  private static void define(String kind, String subresources) {
    String singular = kind.toLowerCase(Locale.ROOT);
    apply(
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: %ss.e2e.holdfast.dev}
        spec:
          group: e2e.holdfast.dev
          names: {kind: %s, plural: %ss, singular: %s}
          scope: Namespaced
          versions:
            - name: v1
              served: true
              storage: true
              schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
              subresources: %s
        """
            .formatted(singular, kind, singular, singular, subresources));
  }
}
