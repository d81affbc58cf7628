package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cluster.MockApiServer;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterCommandTest {
  private static final String CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/";

  @TempDir private Path folder;
  private MockApiServer server;

  @BeforeEach
  void start() {
    server = new MockApiServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Invocation.Result run(String... arguments) throws IOException {
    return new Invocation().with("KUBECONFIG", server.kubeconfig(folder).toString()).run(arguments);
  }

  private void configurations(String name) {
    for (String kind : new String[] {"Mutating", "Validating"}) {
      server.create(
          "{apiVersion: admissionregistration.k8s.io/v1, kind: "
              + kind
              + "WebhookConfiguration, metadata: {name: "
              + name
              + "}}");
    }
  }

  private static String budget(String name, String managedBy, String owners) {
    return "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: "
        + name
        + ", namespace: shop, labels: {app.kubernetes.io/managed-by: "
        + managedBy
        + "}, ownerReferences: ["
        + owners
        + "]}, spec: {maxUnavailable: 1}}";
  }

  @Test
  void unregister_deletes_both_configurations_of_that_name_and_no_others() throws IOException {
    configurations("holdfast");
    configurations("istio");

    var result = run("cluster", "unregister", "holdfast");

    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .isEqualTo(
            "mutatingwebhookconfiguration/holdfast deleted\n"
                + "validatingwebhookconfiguration/holdfast deleted\n");
    var left = server.client().admissionRegistration().v1();
    assertThat(left.mutatingWebhookConfigurations().list().getItems())
        .extracting(each -> each.getMetadata().getName())
        .containsExactly("istio");
    assertThat(left.validatingWebhookConfigurations().list().getItems())
        .extracting(each -> each.getMetadata().getName())
        .containsExactly("istio");
  }

  @Test
  void unregister_is_content_with_what_is_not_there() throws IOException {
    var result = run("cluster", "unregister", "holdfast");

    assertThat(result.code()).isZero();
    assertThat(result.out() + result.err()).isEmpty();
  }

  @Test
  void unregister_leaves_budgets_unless_asked() throws IOException {
    String owner = "{apiVersion: apps/v1, kind: Deployment, name: web, uid: u-1, controller: true}";
    server.create(budget("ours", "holdfast", owner));

    run("cluster", "unregister", "holdfast");

    assertThat(
            server
                .client()
                .policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace("shop")
                .list()
                .getItems())
        .hasSize(1);
  }

  @Test
  void only_budgets_that_holdfast_made_are_removed() throws IOException {
    String owner = "{apiVersion: apps/v1, kind: Deployment, name: web, uid: u-1, controller: true}";
    server.create(budget("ours", "holdfast", owner));
    server.create(budget("a-users", "Helm", owner));
    server.create(budget("labelled-only", "holdfast", ""));

    var result = run("cluster", "remove-budgets");

    assertThat(result.err()).isEmpty();
    assertThat(result.out()).isEqualTo("1 disruption budgets deleted\n");
    assertThat(
            server
                .client()
                .policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace("shop")
                .list()
                .getItems())
        .extracting(each -> each.getMetadata().getName())
        .containsExactlyInAnyOrder("a-users", "labelled-only");
  }

  @Test
  void unregister_says_what_the_api_server_refuses() throws IOException {
    server
        .server()
        .expect()
        .delete()
        .withPath(CONFIGURATIONS + "mutatingwebhookconfigurations/holdfast")
        .andReturn(
            403,
            Map.of("kind", "Status", "apiVersion", "v1", "code", 403, "message", "not for you"))
        .always();

    var result = run("cluster", "unregister", "holdfast");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).isEqualTo("not for you\n");
  }

  private static String definition(String schema) {
    return "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name:"
        + " hardeningpolicies.holdfast.dev, labels: {a: b}}, spec: {group: holdfast.dev, scope:"
        + " Cluster, names: {kind: HardeningPolicy, plural: hardeningpolicies}, versions: [{name:"
        + " v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: "
        + schema
        + "}}]}}";
  }

  private CustomResourceDefinition definition() {
    return server
        .client()
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("hardeningpolicies.holdfast.dev")
        .get();
  }

  @Test
  void update_crd_brings_the_schema_of_this_version_once() throws IOException {
    server.create(definition("{type: object}"));

    var first = run("cluster", "update-crd");

    assertThat(first.err()).isEmpty();
    assertThat(first.out())
        .isEqualTo("customresourcedefinition/hardeningpolicies.holdfast.dev updated\n");
    assertThat(definition().getMetadata().getLabels()).containsEntry("a", "b");
    assertThat(
            definition()
                .getSpec()
                .getVersions()
                .get(0)
                .getSchema()
                .getOpenAPIV3Schema()
                .getProperties())
        .containsKeys("spec", "status");
    assertThat(run("cluster", "update-crd").out()).endsWith(" unchanged\n");
  }

  @Test
  void update_crd_makes_none() throws IOException {
    var result = run("cluster", "update-crd");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .isEqualTo("the custom resource hardeningpolicies.holdfast.dev is not there\n");
  }

  @Test
  void the_custom_resource_is_removed_only_if_told_to() throws IOException {
    server.create(definition("{type: object}"));

    run("cluster", "unregister", "holdfast");
    assertThat(definition()).isNotNull();

    run("cluster", "remove-crd");
    assertThat(definition()).isNull();
  }

  @Test
  void bad_usage_is_told() throws IOException {
    assertThat(run("cluster", "update-crd", "now").code()).isEqualTo(2);
    assertThat(run("cluster", "unregister").code()).isEqualTo(2);
  }

  @Test
  void no_other_cluster_stands_in_for_a_kubeconfig_that_is_not_there() {
    var result =
        new Invocation()
            .with("KUBECONFIG", folder.resolve("mistyped").toString())
            .run("cluster", "unregister", "holdfast");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("KUBECONFIG names no file that is there: ").hasLineCount(1);
  }
}
