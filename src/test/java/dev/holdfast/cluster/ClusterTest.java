package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.ServicePort;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.PolicySet;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What reviews get to know of a cluster, as it changes. */
class ClusterTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String POLICIES = "/apis/holdfast.dev/v1alpha1/hardeningpolicies";

  private final MockApiServer api = new MockApiServer();
  private final KubernetesMockServer server = api.server();
  private final KubernetesClient client = api.client();
  private final Cluster cluster = new Cluster(client, Duration.ofMillis(50), Duration.ofMillis(50));

  @AfterEach
  void stopServer() {
    cluster.close();
    api.close();
  }

  private void start() {
    cluster.start();
    await().until(cluster::isSynced);
  }

  private void refuse(String path, int code) {
    api.refuse(path, code);
  }

  private String create(String object) {
    return api.create(object);
  }

  private NonNamespaceOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      policies() {
    return client.genericKubernetesResources(ClusterPolicies.RESOURCE);
  }

  private static ObjectNode pod(String owner) {
    try {
      return (ObjectNode)
          JSON.readTree("{\"metadata\":{\"ownerReferences\":[" + owner + "]},\"spec\":{}}");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private ClusterFacts facts(String namespace) {
    return cluster.facts(namespace, pod(""));
  }

  @Test
  void nothing_is_synced_before_it_is_asked() {
    assertThat(cluster.isSynced()).isFalse();
  }

  @Test
  void labels_of_a_namespace_count_until_it_is_gone() {
    create("{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {a: b}}}");
    start();
    assertThat(facts("shop").namespaceLabels()).isEqualTo(Map.of("a", "b"));

    client
        .namespaces()
        .withName("shop")
        .edit(
            namespace -> {
              namespace.getMetadata().setLabels(Map.of("a", "c"));
              return namespace;
            });
    await().until(() -> facts("shop").namespaceLabels().equals(Map.of("a", "c")));

    client.namespaces().withName("shop").delete();
    await().until(() -> facts("shop").namespaceLabels().isEmpty());
  }

  @Test
  void services_are_those_of_the_namespace_that_select_something() {
    create(
        "{kind: Service, apiVersion: v1, metadata: {name: web, namespace: shop}, spec: {selector: {app: web},"
            + " ports: [{name: http, port: 80, targetPort: http}, {port: 53, protocol: UDP}]}}");
    create(
        "{kind: Service, apiVersion: v1, metadata: {name: alias, namespace: shop}, spec: {type: ExternalName,"
            + " externalName: x, selector: {app: web}, ports: [{port: 80}]}}");
    create(
        "{kind: Service, apiVersion: v1, metadata: {name: by-hand, namespace: shop}, spec: {ports: [{port: 80}]}}");
    start();

    assertThat(facts("shop").services())
        .containsExactly(
            new Service(
                "web",
                Map.of("app", "web"),
                false,
                false,
                List.of(new ServicePort("http", "TCP", "http"), new ServicePort("", "UDP", "53"))));
    assertThat(facts("other").services()).isEmpty();

    client.services().inNamespace("shop").withName("web").delete();
    await().until(() -> facts("shop").services().isEmpty());
  }

  @Test
  void a_pod_belongs_to_the_deployment_of_its_replica_set() {
    String deployment =
        create(
            "{kind: Deployment, apiVersion: apps/v1, metadata: {name: web, namespace: shop},"
                + " spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {}}}");
    String replicaSet =
        create(
            "{kind: ReplicaSet, apiVersion: apps/v1, metadata: {name: web-1, namespace: shop,"
                + " ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: "
                + deployment
                + ", controller: true}]}, spec: {selector: {matchLabels: {app: web}}}}");
    start();

    String owner =
        "{\"kind\":\"ReplicaSet\",\"name\":\"web-1\",\"uid\":\"%s\",\"controller\":true}";
    assertThat(cluster.facts("shop", pod(owner.formatted(replicaSet))).workload())
        .contains(
            new Workload(
                "Deployment",
                "web",
                Optional.of(new LabelSelector(Map.of("app", "web"), List.of())),
                Optional.of(3)));
    // an older ReplicaSet of the same name
    assertThat(cluster.facts("shop", pod(owner.formatted("x"))).workload()).isEmpty();
    assertThat(cluster.facts("other", pod(owner.formatted(replicaSet))).workload()).isEmpty();
  }

  @Test
  void the_oldest_kubelet_counts_and_the_api_server_where_there_is_no_node() {
    start();
    assertThat(facts("a").oldestKubelet()).isEqualTo(new KubernetesVersion(1, 34));

    node("new", "v1.33.4");
    await().until(() -> facts("a").oldestKubelet().equals(new KubernetesVersion(1, 33)));
    node("old", "v1.29.6-gke.100");
    await().until(() -> facts("a").oldestKubelet().equals(new KubernetesVersion(1, 29)));
    node("strange", "yesterday's");
    client.nodes().withName("old").delete();
    await().until(() -> facts("a").oldestKubelet().equals(new KubernetesVersion(1, 33)));
  }

  private void node(String name, String kubelet) {
    create(
        "{kind: Node, apiVersion: v1, metadata: {name: "
            + name
            + "}, status: {nodeInfo: {kubeletVersion: \""
            + kubelet
            + "\"}}}");
  }

  @Test
  void without_permission_to_see_nodes_no_kubelet_is_new_enough() {
    refuse("/api/v1/nodes", 403);
    start();

    assertThat(facts("a").everywhereAtLeast(30)).isFalse();
    assertThat(facts("a").oldestKubelet()).hasToString("unknown");
    assertThat(cluster.problems()).containsEntry("nodes", "not permitted (403)");
  }

  @Test
  void whoever_is_not_known_to_the_api_server_is_told_so() {
    refuse("/api/v1/nodes", 401);
    start();

    assertThat(cluster.problems()).containsEntry("nodes", "not permitted (401)");
  }

  @Test
  void without_the_custom_resource_there_are_no_policies_of_the_cluster() {
    refuse(POLICIES, 404);
    start();

    assertThat(cluster.policies()).isEmpty();
    assertThat(cluster.problems()).containsEntry("hardeningpolicies", "not served (404)");
  }

  @Test
  void without_permission_to_see_policies_none_serves() {
    refuse(POLICIES, 403);
    start();

    assertThat(cluster.policies()).contains(PolicySet.of(List.of()));
  }

  @Test
  void a_kind_that_appears_is_found() {
    server
        .expect()
        .get()
        .withPath(POLICIES + "?limit=500")
        .andReturn(404, Map.of("kind", "Status", "apiVersion", "v1", "code", 404))
        .times(3);
    start();
    assertThat(cluster.policies()).isEmpty();

    await().until(() -> cluster.policies().isPresent());
    await().until(() -> cluster.problems().isEmpty());
  }

  @Test
  void a_bad_policy_leaves_the_last_good_one_serving() {
    policies().resource(policy("minimal", 1)).create();
    start();
    assertThat(cluster.policies().orElseThrow().serving())
        .extracting(HardeningPolicy::name)
        .contains("p");

    policies().resource(policy("maximal", 2)).update();
    await().until(() -> cluster.policyObjects().invalid() == 1);

    assertThat(cluster.policies().orElseThrow().serving()).hasSize(1);
    assertThat(cluster.policies().orElseThrow().unusable()).isEmpty();
    assertThat(cluster.policyObjects().all().get("p").problem())
        .startsWith("/spec/profile: ")
        .contains("\"maximal\"");
  }

  @Test
  void a_bad_policy_at_the_start_counts_as_absent() {
    policies().resource(policy("maximal", 1)).create();
    start();

    assertThat(cluster.policies()).contains(new PolicySet(List.of(), List.of("p")));
    assertThat(cluster.policyObjects().invalid()).isEqualTo(1);
  }

  private static GenericKubernetesResource policy(String profile, long generation) {
    GenericKubernetesResource policy = new GenericKubernetesResource();
    policy.setApiVersion("holdfast.dev/v1alpha1");
    policy.setKind("HardeningPolicy");
    policy.setMetadata(new ObjectMetaBuilder().withName("p").withGeneration(generation).build());
    policy.setAdditionalProperty("spec", Map.of("profile", profile));
    return policy;
  }

  @Test
  void a_namespace_that_no_watch_has_brought_is_asked_for_once() {
    refuse("/api/v1/namespaces", 403);
    server
        .expect()
        .get()
        .withPath("/api/v1/namespaces/new")
        .andReturn(200, newNamespace("b"))
        .once();
    start();

    var first = cluster.lookUp("new");
    var second = cluster.lookUp("new");
    first.ifPresent(stage -> stage.toCompletableFuture().join());
    second.ifPresent(stage -> stage.toCompletableFuture().join());

    assertThat(facts("new").namespaceLabels()).isEqualTo(Map.of("a", "b"));
    assertThat(cluster.lookUp("new")).isEmpty();
  }

  @Test
  void a_change_of_a_namespace_that_no_watch_brings_counts_within_two_seconds() {
    refuse("/api/v1/namespaces", 403);
    String path = "/api/v1/namespaces/new";
    server.expect().get().withPath(path).andReturn(200, newNamespace("b")).once();
    server.expect().get().withPath(path).andReturn(200, newNamespace("c")).always();
    start();
    assertThat(labelsAskedFor()).isEqualTo(Map.of("a", "b"));

    await().atMost(Duration.ofSeconds(2)).until(() -> labelsAskedFor().equals(Map.of("a", "c")));
  }

  /** As a review asks for them. */
  private Map<String, String> labelsAskedFor() {
    cluster.lookUp("new").ifPresent(stage -> stage.toCompletableFuture().join());
    return facts("new").namespaceLabels();
  }

  private static Map<String, Object> newNamespace(String value) {
    return Map.of(
        "kind",
        "Namespace",
        "apiVersion",
        "v1",
        "metadata",
        Map.of("name", "new", "labels", Map.of("a", value)));
  }

  @Test
  void a_namespace_that_cannot_be_asked_for_has_no_labels() {
    refuse("/api/v1/namespaces", 403);
    server.expect().get().withPath("/api/v1/namespaces/new").andReturn(403, "{}").always();
    start();

    cluster.lookUp("new").ifPresent(stage -> stage.toCompletableFuture().join());

    assertThat(facts("new").namespaceLabels()).isEmpty();
  }

  @Test
  void workloads_without_a_spec_keep_nothing_from_being_known() {
    for (String kind : List.of("Deployment", "ReplicaSet", "StatefulSet")) {
      create("{kind: " + kind + ", apiVersion: apps/v1, metadata: {name: a, namespace: shop}}");
    }
    start();

    assertThat(cluster.problems()).isEmpty();
  }

  @Test
  void an_object_that_cannot_be_read_is_left_out() {
    create("{kind: ConfigMap, apiVersion: v1, metadata: {name: bad, namespace: shop}}");
    create("{kind: ConfigMap, apiVersion: v1, metadata: {name: good, namespace: shop}}");
    Set<String> known = ConcurrentHashMap.newKeySet();
    Set<String> gone = ConcurrentHashMap.newKeySet();
    WatchedKind<ConfigMap> kind =
        cluster.follow(
            "configmaps",
            "nothing is done",
            () -> client.configMaps().inAnyNamespace(),
            (key, object) -> {
              if (key.endsWith("/bad")) {
                throw new NullPointerException("no data");
              }
              known.add(key);
            },
            gone::add,
            Duration.ofMillis(50));

    await().until(() -> kind.state() == WatchedKind.State.SYNCED);
    assertThat(known).containsExactly("shop/good");
    client.configMaps().inNamespace("shop").withName("bad").delete();
    await().until(() -> gone.contains("shop/bad"));
    kind.close();
  }
}
