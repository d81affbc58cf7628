package dev.holdfast.e2e;

import static dev.holdfast.e2e.ApiServer.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.e2e.ApiServer.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The engine's golden cases, made real: policies, namespaces, Services, workloads and kubelets are
 * there, pods are created, and what the API server stored is what the case expects. What a pod gets
 * from the API server itself is found out by sending it {@code expected.yaml} where Holdfast is
 * not: it fills in both alike, and merges {@code matchLabelKeys} into both.
 */
class GoldenE2E {
  private static final String BARE = ApiServer.unique("golden-bare");
  private static final String FULL = ApiServer.unique("golden-full");
  private static final String NODE = "golden-node";
  private static final int THREADS = 8;

  /** Cases whose pod no API server takes, with Holdfast or without. */
  private static final Map<String, String> REFUSED_BY_THE_API_SERVER =
      Map.of(
          "memory-limit/unreadable-quantity", "a quantity must be readable",
          "startup-probe/handler-that-is-not-known", "without a known handler it is no probe");

  /** Cases that Holdfast never sees as they are, so that the pod may get something else. */
  private static final Map<String, String> CHANGED_BY_THE_API_SERVER =
      Map.of(
          "termination-grace/negative-is-left-alone", "it makes 1 s of a negative grace first",
          "pre-stop/grace-negative", "it makes 1 s of a negative grace first");

  /** Cases for which something must be there that no other case may see. */
  private static final Map<String, ObjectNode> BESIDE =
      Map.of(
          "priority-class/default-priority-of-the-cluster",
          ApiServer.tree(
              "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name:"
                  + " golden-default}, globalDefault: true, value: 1000}"),
          "priority-class/priority-class",
          ApiServer.tree(
              "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: business},"
                  + " value: 500}"));

  @TempDir static Path folder;
  private static final List<GoldenCase> CASES = GoldenCase.all();
  private static ApiServer api;
  private static RunningHoldfast holdfast;
  private static Registration registration;

  @BeforeAll
  static void install() throws Exception {
    api = ApiServer.connect();
    api.installCustomResource();
    api.namespace(BARE, Map.of());
    api.policy("golden-full", "profile: full, namespaceSelector: {matchLabels: {golden: full}}")
        .object();
    api.namespace(FULL, Map.of("golden", "full"));
    holdfast = new RunningHoldfast(folder);
    holdfast.start();
    inParallel(CASES, GoldenE2E::prepare);
    api.awaitServiceAccounts(namespaces());
    registration = Registration.of(api, holdfast).excluding(BARE).apply(FULL);
  }

  private static List<String> namespaces() {
    List<String> namespaces = new ArrayList<>(List.of(BARE, FULL));
    CASES.forEach(golden -> namespaces.add(golden.namespace()));
    return namespaces;
  }

  private static void prepare(GoldenCase golden) {
    api.apply(golden.policy()).object();
    api.namespace(golden.namespace(), Map.of("holdfast.dev/policy", golden.namespace()));
    golden.services().forEach(service -> api.apply(service).object());
  }

  @AfterAll
  static void uninstall() throws Exception {
    if (registration != null) {
      registration.close();
    }
    if (api != null) {
      api.delete("/api/v1/nodes/" + NODE);
      BESIDE.values().forEach(object -> api.delete(ApiServer.path(object)));
      inParallel(namespaces(), api::deleteNamespace);
      api.deletePolicies();
      api.close();
    }
    if (holdfast != null) {
      holdfast.close();
    }
  }

  private static <T> void inParallel(List<T> all, Consumer<T> action) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<?>> running = new ArrayList<>();
      all.forEach(one -> running.add(threads.submit(() -> action.accept(one))));
      for (Future<?> future : running) {
        future.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  static Stream<GoldenCase> cases() {
    return CASES.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void the_api_server_stores_what_is_expected(GoldenCase golden) {
    ObjectNode beside = BESIDE.get(golden.name());
    if (beside != null) {
      api.apply(beside).object();
    }
    oldKubelet(golden);
    try {
      ObjectNode pod = in(golden.namespace(), golden.pod());
      ObjectNode expected = in(BARE, golden.expected());
      workload(golden, pod, expected);
      if (beside != null) {
        // The API server's own admission has to hear of it too.
        await().atMost(Duration.ofSeconds(10)).until(() -> api.dryRun(expected).isAccepted());
      }
      assertStored(golden, pod, expected);
    } finally {
      if (golden.facts().has("workload")) {
        api.delete(deployments(golden.namespace()) + "/web");
      }
      api.delete("/api/v1/nodes/" + NODE);
      if (beside != null) {
        api.delete(ApiServer.path(beside));
      }
    }
  }

  private static void assertStored(GoldenCase golden, ObjectNode pod, ObjectNode expected) {
    boolean accepted = api.dryRun(in(BARE, pod)).isAccepted();
    assertThat(accepted)
        .as("accepted without Holdfast")
        .isEqualTo(!REFUSED_BY_THE_API_SERVER.containsKey(golden.name()));
    if (!accepted) {
      assertThat(api.create(pod).code()).isEqualTo(api.create(in(BARE, pod)).code());
      return;
    }
    if (CHANGED_BY_THE_API_SERVER.containsKey(golden.name())) {
      assertThat(api.dryRun(pod).isAccepted()).isTrue();
      return;
    }
    ObjectNode wanted = StoredPod.withoutIdentity(api.dryRun(expected).object());
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(StoredPod.withoutIdentity(api.dryRun(pod).object())).isEqualTo(wanted));

    Answer created = api.create(pod);
    ObjectNode stored = created.object();
    api.delete(ApiServer.path(stored) + "?gracePeriodSeconds=0");

    assertThat(StoredPod.withoutIdentity(stored)).isEqualTo(wanted);
    assertThat(StoredPod.missing(golden.expected().path("spec"), stored.path("spec"))).isEmpty();
    assertThat(created.advice()).as("warnings").hasSize(golden.warnings());
  }

  private static ObjectNode in(String namespace, ObjectNode pod) {
    ObjectNode copy = pod.deepCopy();
    copy.withObject("/metadata").put("namespace", namespace);
    return copy;
  }

  /** A kubelet of the version that the case is about, where that is not the API server's. */
  private static void oldKubelet(GoldenCase golden) {
    String version =
        golden
            .facts()
            .path("oldestKubelet")
            .asText(golden.facts().path("kubernetesVersion").asText());
    if (!version.isEmpty()) {
      node("v" + version + ".3");
    }
  }

  private static void node(String kubelet) {
    api.create(ApiServer.tree("{apiVersion: v1, kind: Node, metadata: {name: " + NODE + "}}"));
    api.patch(
            "/api/v1/nodes/" + NODE + "/status",
            "{status: {nodeInfo: {kubeletVersion: "
                + kubelet
                + "}, capacity: {cpu: '64', memory: 256Gi, pods: '2000'}, allocatable: {cpu: '64',"
                + " memory: 256Gi, pods: '2000'}, conditions: [{type: Ready, status: 'True', reason:"
                + " Fake, message: there is no kubelet}]}}")
        .object();
    api.patch("/api/v1/nodes/" + NODE, "{spec: {taints: null}}").object();
  }

  /** Where facts name a workload, it is there, and both pods are of its ReplicaSet. */
  private static void workload(GoldenCase golden, ObjectNode pod, ObjectNode expected) {
    JsonNode fact = golden.facts().path("workload");
    if (fact.isMissingNode()) {
      return;
    }
    assertThat(fact.path("kind").asText())
        .as("the only kind that this can make")
        .isEqualTo("Deployment");
    ObjectNode deployment =
        ApiServer.tree(
            "{apiVersion: apps/v1, kind: Deployment, spec: {selector: {matchLabels: {app: web}},"
                + " template: {metadata: {labels: {app: web, tier: front}}, spec: {containers:"
                + " [{name: web, image: example/web}]}}}}");
    deployment
        .withObject("/metadata")
        .put("name", fact.path("name").asText())
        .put("namespace", golden.namespace());
    deployment.withObject("/spec").put("replicas", fact.path("replicas").asInt(1));
    if (fact.has("selector")) {
      deployment.withObject("/spec").set("selector", fact.get("selector"));
    }
    api.create(deployment).object();
    JsonNode replicaSet =
        await()
            .atMost(Duration.ofSeconds(30))
            .until(
                () ->
                    api.get("/apis/apps/v1/namespaces/" + golden.namespace() + "/replicasets")
                        .body()
                        .at("/items/0"),
                JsonNode::isObject);
    for (ObjectNode one : List.of(pod, expected)) {
      one.withObject("/metadata")
          .putArray("ownerReferences")
          .addObject()
          .put("apiVersion", "apps/v1")
          .put("kind", "ReplicaSet")
          .put("name", replicaSet.at("/metadata/name").asText())
          .put("uid", replicaSet.at("/metadata/uid").asText())
          .put("controller", true);
    }
  }

  private static String deployments(String namespace) {
    return "/apis/apps/v1/namespaces/" + namespace + "/deployments";
  }

  // --- workloads

  /** Rules for which it counts what kind of workload a pod is of. */
  private static final Set<String> BY_OWNER = Set.of("anti-affinity", "topology-spread");

  /** Rules that add probes, which pods that run to completion never get. */
  private static final Set<String> PROBES = Set.of("readiness-probe", "startup-probe");

  /** Cases that are about something else than a pod of any workload. */
  private static final Map<String, String> NOT_OF_A_WORKLOAD =
      Map.of(
          "anti-affinity/bare-pod", "a bare pod",
          "anti-affinity/unknown-controller", "a controller that is not here",
          "anti-affinity/no-labels-but-of-a-revision", "no workload can select such pods",
          "anti-affinity/selector-of-the-workload", "a workload of its own, see above",
          "replicas/one-replica", "a workload of its own, see above",
          "replicas/enough-replicas", "a workload of its own, see above",
          "replicas/scaled-to-zero", "a workload of its own, see above",
          "priority-class/default-priority-of-the-cluster", "refused while there is no default",
          "priority-class/priority-class", "refused while there is no such class",
          "priority-class/none", "its priority is of no template");

  /** A workload of a case: its pod shall be what the case expects of a pod. */
  private record Workload(GoldenCase golden, String kind, ObjectNode object) {
    String selector() {
      return golden.namespace() + "/" + kind;
    }
  }

  @Test
  void pods_that_controllers_make_are_what_is_expected() throws Exception {
    node("v1.36.0");
    try {
      List<Workload> workloads = new ArrayList<>();
      for (GoldenCase golden : CASES) {
        for (String kind : kindsFor(golden)) {
          Workload workload = new Workload(golden, kind, workload(golden, kind));
          if (isAcceptedWithoutHoldfast(workload)) {
            workloads.add(workload);
          }
        }
      }
      inParallel(workloads, workload -> api.create(workload.object()).object());
      runCronJobs(workloads);

      Map<String, JsonNode> pods = new HashMap<>();
      await()
          .atMost(Duration.ofSeconds(90))
          .pollInterval(Duration.ofSeconds(1))
          .untilAsserted(
              () -> {
                for (JsonNode pod :
                    api.get("/api/v1/pods?labelSelector=golden").body().path("items")) {
                  pods.putIfAbsent(
                      pod.at("/metadata/namespace").asText()
                          + "/"
                          + pod.at("/metadata/labels/golden").asText(),
                      pod);
                }
                assertThat(workloads)
                    .as("those whose pod is not there")
                    .filteredOn(workload -> !pods.containsKey(workload.selector()))
                    .isEmpty();
              });

      Map<String, String> differences = new TreeMap<>();
      inParallel(
          workloads,
          workload -> {
            ObjectNode actual = asSent(pods.get(workload.selector()), workload.kind());
            ObjectNode expected = expected(workload, actual);
            if (!actual.equals(expected)) {
              synchronized (differences) {
                differences.put(workload.selector(), "got " + actual + "\nnot " + expected);
              }
            }
          });
      assertThat(differences).isEmpty();
      assertThat(workloads).hasSizeGreaterThan(300);
    } finally {
      api.delete("/api/v1/nodes/" + NODE);
    }
  }

  private static List<String> kindsFor(GoldenCase golden) {
    boolean completes = golden.pod().at("/spec").has("restartPolicy");
    if (golden.facts().has("oldestKubelet")
        || golden.facts().has("kubernetesVersion")
        || CHANGED_BY_THE_API_SERVER.containsKey(golden.name())
        || NOT_OF_A_WORKLOAD.containsKey(golden.name())) {
      return List.of();
    }
    if (completes) {
      return List.of("Job", "CronJob");
    }
    if (BY_OWNER.contains(golden.rule())) {
      String owner = golden.pod().at("/metadata/ownerReferences/0/kind").asText();
      return List.of(owner.equals("ReplicaSet") ? "Deployment" : owner);
    }
    return golden.rule().startsWith("profile-")
        ? List.of("Deployment")
        : PROBES.contains(golden.rule()) || golden.rule().equals("liveness-probe")
            ? List.of("Deployment", "StatefulSet", "DaemonSet")
            : List.of("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob");
  }

  private static ObjectNode workload(GoldenCase golden, String kind) {
    ObjectNode template = ApiServer.tree("{metadata: {}}");
    template.withObject("/metadata/labels").put("golden", kind);
    for (Map.Entry<String, JsonNode> label : golden.pod().at("/metadata/labels").properties()) {
      if (!label.getKey().contains("hash")
          && !label.getKey().contains("kubernetes.io/pod-")
          && !label.getKey().contains("statefulset")) {
        template.withObject("/metadata/labels").set(label.getKey(), label.getValue());
      }
    }
    if (golden.pod().at("/metadata/annotations").isObject()) {
      template.withObject("/metadata").set("annotations", golden.pod().at("/metadata/annotations"));
    }
    template.set("spec", golden.pod().get("spec").deepCopy());
    boolean batch = kind.equals("Job") || kind.equals("CronJob");
    if (batch && !template.path("spec").has("restartPolicy")) {
      template.withObject("/spec").put("restartPolicy", "Never");
    }
    ObjectNode object =
        ApiServer.tree("{apiVersion: " + (batch ? "batch" : "apps") + "/v1, kind: " + kind + "}");
    object
        .withObject("/metadata")
        .put("name", "golden-" + kind.toLowerCase(Locale.ROOT))
        .put("namespace", golden.namespace());
    switch (kind) {
      case "CronJob" -> {
        object.withObject("/spec").put("schedule", "* * * * *");
        object.withObject("/spec/jobTemplate/spec").set("template", template);
      }
      case "Job" -> object.withObject("/spec").set("template", template);
      default -> {
        ObjectNode labels = object.withObject("/spec/selector/matchLabels");
        if (BY_OWNER.contains(golden.rule()) || golden.rule().startsWith("profile-")) {
          // The selector shows in what is expected.
          labels.setAll((ObjectNode) template.at("/metadata/labels").deepCopy());
          labels.remove("golden");
        } else {
          labels.put("golden", kind);
        }
        object.withObject("/spec").set("template", template);
      }
    }
    return object;
  }

  private static boolean isAcceptedWithoutHoldfast(Workload workload) {
    return api.dryRun(in(BARE, workload.object())).isAccepted();
  }

  /** A CronJob that has missed a run makes up for it at once. */
  private static void runCronJobs(List<Workload> workloads) throws Exception {
    String past = Instant.now().minusSeconds(90).toString().replaceAll("\\.\\d+", "");
    inParallel(
        workloads.stream().filter(workload -> workload.kind().equals("CronJob")).toList(),
        workload ->
            api.patch(
                    ApiServer.path(workload.object()) + "/status",
                    "{status: {lastScheduleTime: '" + past + "'}}")
                .object());
  }

  /** A pod as its controller has sent it, without what is the controller's own and no shape. */
  private static ObjectNode asSent(JsonNode stored, String kind) {
    ObjectNode pod = StoredPod.withoutIdentity(stored);
    pod.put("kind", "Pod").put("apiVersion", "v1");
    pod.withObject("/metadata")
        .remove(List.of("ownerReferences", "generateName", "name", "finalizers"));
    ObjectNode spec = pod.withObject("/spec");
    spec.remove(List.of("nodeName", "hostname", "subdomain"));
    if (kind.equals("DaemonSet")) {
      spec.remove("tolerations");
      if (spec.get("affinity") instanceof ObjectNode affinity) {
        affinity.remove("nodeAffinity");
      }
    }
    if (spec.path("affinity").isEmpty()) {
      spec.remove("affinity");
    }
    // The workload's selector has this test's label: if the watch brought the workload in time.
    for (JsonNode labels : spec.findValues("matchLabels")) {
      ((ObjectNode) labels).remove("golden");
    }
    return pod;
  }

  /** What the API server makes of {@code expected.yaml} with the controller's labels. */
  private static ObjectNode expected(Workload workload, ObjectNode actual) {
    ObjectNode pod = in(BARE, workload.golden().expected());
    ObjectNode metadata = pod.withObject("/metadata");
    metadata.remove(List.of("ownerReferences", "generateName"));
    metadata.put("name", "expected").set("labels", actual.at("/metadata/labels"));
    JsonNode restartPolicy = actual.at("/spec/restartPolicy");
    pod.withObject("/spec").set("restartPolicy", restartPolicy);
    return asSent(api.dryRun(pod).object(), workload.kind());
  }

  /** Every shape under the profile that does most: nothing that works fails. */
  @Test
  void pods_of_deployments_start_under_the_fullest_profile() throws Exception {
    List<ObjectNode> deployments = new ArrayList<>();
    for (GoldenCase golden : CASES) {
      if (!golden.pod().at("/spec").has("restartPolicy")) {
        ObjectNode deployment = in(FULL, workload(golden, "Deployment"));
        String name = golden.namespace();
        deployment.withObject("/metadata").put("name", name);
        deployment.withObject("/spec/selector/matchLabels").removeAll().put("golden", name);
        deployment.withObject("/spec/template/metadata/labels").put("golden", name);
        if (api.dryRun(in(BARE, deployment)).isAccepted()
            && api.dryRun(podOf(deployment)).isAccepted()) {
          deployments.add(deployment);
        }
      }
    }
    inParallel(deployments, deployment -> api.create(deployment).object());

    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              List<String> started = new ArrayList<>();
              for (JsonNode pod :
                  api.get("/api/v1/namespaces/" + FULL + "/pods").body().path("items")) {
                started.add(pod.at("/metadata/labels/golden").asText());
              }
              assertThat(deployments)
                  .as("those that have no pod")
                  .filteredOn(
                      deployment -> !started.contains(deployment.at("/metadata/name").asText()))
                  .isEmpty();
            });
    assertThat(deployments).hasSizeGreaterThan(80);
  }

  private static ObjectNode podOf(ObjectNode deployment) {
    ObjectNode pod = ApiServer.tree("{apiVersion: v1, kind: Pod}");
    pod.setAll((ObjectNode) deployment.at("/spec/template").deepCopy());
    pod.withObject("/metadata").put("name", "shape").put("namespace", BARE);
    return pod;
  }
}
