package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cluster.MockApiServer;
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
  void unregister_removes_only_budgets_that_holdfast_made() throws IOException {
    String owner = "{apiVersion: apps/v1, kind: Deployment, name: web, uid: u-1, controller: true}";
    server.create(budget("ours", "holdfast", owner));
    server.create(budget("a-users", "Helm", owner));
    server.create(budget("labelled-only", "holdfast", ""));

    var result = run("cluster", "unregister", "holdfast", "--remove-budgets");

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

  @Test
  void wait_ends_once_the_kind_is_known() throws IOException {
    server
        .server()
        .expect()
        .get()
        .withPath("/apis/holdfast.dev/v1alpha1")
        .andReturn(404, Map.of("kind", "Status", "apiVersion", "v1", "code", 404))
        .times(2);
    server
        .server()
        .expect()
        .get()
        .withPath("/apis/holdfast.dev/v1alpha1")
        .andReturn(
            200,
            Map.of(
                "kind",
                "APIResourceList",
                "groupVersion",
                "holdfast.dev/v1alpha1",
                "resources",
                new Object[] {
                  Map.of(
                      "name", "hardeningpolicies", "kind", "HardeningPolicy", "namespaced", false)
                }))
        .always();

    var result = run("cluster", "wait");

    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
  }

  @Test
  void wait_gives_up_in_time() throws IOException {
    server
        .server()
        .expect()
        .get()
        .withPath("/apis/holdfast.dev/v1alpha1")
        .andReturn(404, Map.of("kind", "Status", "apiVersion", "v1", "code", 404))
        .always();

    var result = run("cluster", "wait", "--timeout", "0");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).isEqualTo("the cluster did not know HardeningPolicy within 0 s\n");
  }

  @Test
  void bad_usage_is_told() throws IOException {
    assertThat(run("cluster", "wait", "--timeout", "soon").code()).isEqualTo(2);
    assertThat(run("cluster", "unregister").code()).isEqualTo(2);
  }
}
