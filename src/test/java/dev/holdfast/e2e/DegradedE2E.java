package dev.holdfast.e2e;

import static dev.holdfast.e2e.ApiServer.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The API server goes away, permissions are missing, the custom resource is not there: admission
 * goes on with what is known, it is said what is wrong, and all is well again once it is mended.
 */
@SuppressWarnings("try") // what is registered counts, not the object
class DegradedE2E {
  private static final String NAMESPACE = ApiServer.unique("degraded");
  private static final String ROLE =
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/holdfast-webhook";
  private static final String CRD =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hardeningpolicies.holdfast.dev";

  /** In place of the 30 s after which what was refused is tried again. */
  private static final String RETRY = "1S";

  private static final Duration RECOVERY = Duration.ofSeconds(30);

  @TempDir Path folder;
  private ApiServer api;
  private RunningHoldfast holdfast;

  /** Only then: a name is not to be had again until all in it is gone. */
  @AfterAll
  static void deleteNamespace() {
    try (ApiServer api = ApiServer.connect()) {
      api.deleteNamespace(NAMESPACE);
    }
  }

  @BeforeEach
  void install() throws IOException {
    api = ApiServer.connect();
    api.installCustomResource();
    Account.install(api);
    api.policy("default", "profile: standard").object();
    api.namespace(NAMESPACE, Map.of());
    api.awaitServiceAccounts(List.of(NAMESPACE));
    api.apply(
            "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: "
                + NAMESPACE
                + "}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}")
        .object();
    holdfast =
        new RunningHoldfast(folder)
            .role("webhook")
            .with("HOLDFAST_CLUSTER_RETRY_PERIOD", RETRY)
            .with(
                "KUBECONFIG", Account.of(api, "holdfast-webhook", folder).kubeconfig().toString());
  }

  @AfterEach
  void uninstall() {
    holdfast.close();
    Account.install(api);
    api.installCustomResource();
    api.close();
  }

  private JsonNode podNow() {
    return api.dryRun(ApiServer.pod(NAMESPACE, "now")).object();
  }

  private boolean hasProbe() {
    return podNow().at("/spec/containers/0/readinessProbe").isObject();
  }

  private double degraded(String kind) {
    return holdfast.metric("holdfast_cluster_degraded{kind=\"" + kind + "\"}");
  }

  /** The role as delivered, without one resource. */
  private void takeAway(String resource) {
    ObjectNode role = api.get(ROLE).object();
    role.withObject("/metadata").remove(List.of("managedFields", "resourceVersion", "uid"));
    for (JsonNode rule : role.path("rules")) {
      ArrayNode resources = (ArrayNode) rule.get("resources");
      resources.removeIf(name -> name.asText().equals(resource));
    }
    ArrayNode rules = (ArrayNode) role.get("rules");
    rules.removeIf(rule -> rule.path("resources").isEmpty());
    api.put(role).object();
  }

  @Test
  void what_is_known_serves_while_the_api_server_restarts_and_changes_count_again()
      throws Exception {
    OwnCluster cluster = OwnCluster.orSkip();
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      await().atMost(SOON).until(this::hasProbe);

      cluster.restartApiServer();

      // At once: nothing has been forgotten.
      assertThat(ApiServer.pauseOf(podNow())).isEqualTo(10);
      assertThat(hasProbe()).isTrue();
      assertThat(holdfast.isReady()).isTrue();
      await()
          .atMost(RECOVERY)
          .until(() -> holdfast.clusterHealth().path("state").asText().equals("synced"));

      api.policy("default", "profile: standard, rules: {preStop: {sleepSeconds: 17}}").object();
      await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 17);
      api.delete("/api/v1/namespaces/" + NAMESPACE + "/services/web").object();
      await().atMost(SOON).until(() -> !hasProbe());
      api.namespace(NAMESPACE, Map.of("holdfast.dev/mode", "off"));
      await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 0);
    }
  }

  /** What has changed while nobody listened is not missed. */
  @Test
  void what_changed_while_it_could_not_listen_is_made_up_for() throws Exception {
    OwnCluster cluster = OwnCluster.orSkip();
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      await().atMost(SOON).until(this::hasProbe);
      cluster.restartApiServer();
      api.delete("/api/v1/namespaces/" + NAMESPACE + "/services/web").object();
      api.policy("default", "profile: standard, rules: {preStop: {sleepSeconds: 18}}").object();

      await().atMost(RECOVERY).until(() -> api.pauseNow(NAMESPACE) == 18 && !hasProbe());
    }
  }

  @Test
  void without_services_no_probe_is_derived_until_they_may_be_read() throws Exception {
    takeAway("services");
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      assertThat(holdfast.isReady()).isTrue();
      assertThat(holdfast.clusterHealth().path("state").asText()).isEqualTo("degraded");
      assertThat(holdfast.clusterHealth().path("services").asText()).contains("403");
      assertThat(degraded("services")).isEqualTo(1);
      assertThat(degraded("nodes")).isZero();
      assertThat(holdfast.log()).containsOnlyOnce("services cannot be read");
      assertThat(hasProbe()).isFalse();
      assertThat(ApiServer.pauseOf(podNow())).isEqualTo(10);

      Account.install(api);

      await().atMost(RECOVERY).until(this::hasProbe);
      await()
          .atMost(SOON)
          .until(() -> holdfast.clusterHealth().path("state").asText().equals("synced"));
      assertThat(degraded("services")).isZero();
      api.delete("/api/v1/namespaces/" + NAMESPACE + "/services/web").object();
      await().atMost(SOON).until(() -> !hasProbe());
    }
  }

  @Test
  void without_nodes_no_kubelet_is_new_enough() throws Exception {
    takeAway("nodes");
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).applyAndAwait(this::hasProbe)) {
      assertThat(ApiServer.pauseOf(podNow())).isZero();
      assertThat(degraded("nodes")).isEqualTo(1);

      Account.install(api);
      await().atMost(RECOVERY).until(() -> api.pauseNow(NAMESPACE) == 10);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"namespaces", "replicasets"})
  void a_kind_that_may_not_be_read_leaves_the_others(String kind) throws Exception {
    takeAway(kind);
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      assertThat(degraded(kind)).isEqualTo(1);
      assertThat(hasProbe()).isTrue();

      Account.install(api);
      await().atMost(RECOVERY).until(() -> degraded(kind) == 0);
      api.namespace(NAMESPACE, Map.of("holdfast.dev/mode", "off"));
      await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 0);
    }
  }

  /** The watch goes on until it ends; the next one is refused. */
  @Test
  void permission_is_taken_away_and_given_back() throws Exception {
    OwnCluster cluster = OwnCluster.orSkip();
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      await().atMost(SOON).until(this::hasProbe);
      takeAway("services");
      cluster.restartApiServer();
      await().atMost(RECOVERY).until(() -> degraded("services") == 1);
      assertThat(holdfast.clusterHealth().path("state").asText()).isEqualTo("degraded");
      assertThat(holdfast.isReady()).isTrue();
      assertThat(hasProbe()).as("what is known serves").isTrue();

      Account.install(api);
      await().atMost(RECOVERY).until(() -> degraded("services") == 0);
      api.delete("/api/v1/namespaces/" + NAMESPACE + "/services/web").object();
      await().atMost(SOON).until(() -> !hasProbe());
    }
  }

  @Test
  void the_embedded_default_serves_until_the_custom_resource_is_there() throws Exception {
    deleteCustomResource();
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      assertThat(holdfast.isReady()).isTrue();
      assertThat(holdfast.log()).contains("hardeningpolicies cannot be read");
      assertThat(holdfast.clusterHealth().path("hardeningpolicies").asText()).contains("404");
      assertThat(degraded("hardeningpolicies")).isEqualTo(1);
      assertThat(api.pauseNow(NAMESPACE)).isEqualTo(10);

      api.installCustomResource();
      // Where it is served, only what is there counts, and nothing is there.
      await().atMost(RECOVERY).until(() -> api.pauseNow(NAMESPACE) == 0);
      assertThat(degraded("hardeningpolicies")).isZero();
      api.policy("mine", "profile: minimal, rules: {preStop: {sleepSeconds: 19}}").object();
      await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 19);
    }
  }

  @Test
  void the_embedded_default_serves_again_once_the_custom_resource_is_deleted() throws Exception {
    api.policy("default", "profile: minimal, rules: {preStop: {sleepSeconds: 19}}").object();
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE)) {
      await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 19);

      deleteCustomResource();
      await().atMost(RECOVERY).until(() -> api.pauseNow(NAMESPACE) == 10);
      assertThat(holdfast.isReady()).isTrue();
      assertThat(degraded("hardeningpolicies")).isEqualTo(1);

      api.installCustomResource();
      api.policy("default", "profile: minimal, rules: {preStop: {sleepSeconds: 21}}").object();
      await().atMost(RECOVERY).until(() -> api.pauseNow(NAMESPACE) == 21);
      api.policy("default", "profile: minimal, rules: {preStop: {sleepSeconds: 22}}").object();
      await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 22);
    }
  }

  private void deleteCustomResource() {
    api.delete(CRD).object();
    await().atMost(RECOVERY).until(() -> api.get(CRD).code() == 404);
    await()
        .atMost(RECOVERY)
        .until(() -> api.get("/apis/holdfast.dev/v1alpha1/hardeningpolicies").code() == 404);
  }
}
