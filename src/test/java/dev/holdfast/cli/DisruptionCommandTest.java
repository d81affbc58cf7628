package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cluster.MockApiServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisruptionCommandTest {
  @TempDir private Path folder;
  private MockApiServer server;

  @BeforeEach
  void start() {
    server = new MockApiServer();
    server.create("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
    server.create(
        "{apiVersion: v1, kind: Node, metadata: {name: a}, status: {nodeInfo: {kubeletVersion: v1.34.2}}}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private List<String> table() throws IOException {
    var result =
        new Invocation()
            .with("KUBECONFIG", server.kubeconfig(folder).toString())
            .run("disruption", "-n", "shop", "--profile", "standard");
    assertThat(result.err()).isEmpty();
    return result.out().lines().map(line -> line.replaceAll(" {2,}", " | ")).toList();
  }

  private String deployment(String name, int replicas, String selector, String labels) {
    return server.create(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: NAME, namespace: shop}
        spec:
          replicas: REPLICAS
          selector: {matchLabels: {SELECTOR}}
          template: {metadata: {labels: {LABELS}}}
        """
            .replace("NAME", name)
            .replace("REPLICAS", Integer.toString(replicas))
            .replace("SELECTOR", selector)
            .replace("LABELS", labels));
  }

  private void pod(String name, String labels, String ready) {
    server.create(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: NAME, namespace: shop, labels: {LABELS}}
        spec: {containers: [{name: a, image: i}]}
        status: {conditions: [{type: Ready, status: "READY"}]}
        """
            .replace("NAME", name)
            .replace("LABELS", labels)
            .replace("READY", ready));
  }

  private void budget(String name, String metadata, String selector) {
    server.create(
        """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: NAME, namespace: shop, METADATA}
        spec: {maxUnavailable: 1, selector: {matchLabels: {SELECTOR}}}
        status: {currentHealthy: 7, desiredHealthy: 6, disruptionsAllowed: 1, expectedPods: 7}
        """
            .replace("NAME", name)
            .replace("METADATA", metadata)
            .replace("SELECTOR", selector));
  }

  private static String ofHoldfast(String owner, String uid) {
    return "labels: {app.kubernetes.io/managed-by: holdfast}, ownerReferences: [{apiVersion: apps/v1,"
        + " kind: Deployment, name: "
        + owner
        + ", uid: "
        + uid
        + ", controller: true}]";
  }

  @Test
  void without_a_budget_the_ready_pods_are_counted() throws IOException {
    deployment("one", 1, "app: one", "app: one");
    pod("one-a", "app: one", "True");
    pod("one-b", "app: one", "False");
    pod("other", "app: other", "True");

    assertThat(table())
        .contains(
            "Deployment one | 1 | 1 | - | - | - | too-few-replicas: spec.replicas allows 1 replica");
  }

  @Test
  void a_budget_of_ours_for_another_workload_is_not_this_ones() throws IOException {
    deployment("wide", 3, "app: x", "app: x");
    String canary = deployment("canary", 3, "app: x, track: canary", "app: x, track: canary");
    budget("canary-deployment-holdfast", ofHoldfast("canary", canary), "app: x, track: canary");
    pod("canary-a", "app: x, track: canary", "True");

    assertThat(table())
        .contains(
            "Deployment canary | 3 | 7 | canary-deployment-holdfast | holdfast | 1 | protected: maxUnavailable: 1")
        .contains(
            "Deployment wide | 3 | 1 | - | - | - | selects-others: its selector selects pods of Deployment canary, too");
  }

  @Test
  void a_budget_of_a_user_is_theirs() throws IOException {
    deployment("web", 3, "app: web", "app: web");
    budget("mine", "labels: {app.kubernetes.io/managed-by: holdfast}", "app: web");

    assertThat(table())
        .contains(
            "Deployment web | 3 | 7 | mine | user | 1 | users-budget: PodDisruptionBudget mine selects its pods");
  }

  @Test
  void a_kubeconfig_that_is_not_there_is_told() {
    var result =
        new Invocation()
            .with("KUBECONFIG", folder.resolve("mistyped").toString())
            .run("disruption", "-n", "shop");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("KUBECONFIG names no file that is there: ").hasLineCount(1);
  }
}
