package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.InstallCommand;
import com.marcnuri.helm.UpgradeCommand;
import dev.holdfast.chart.Chart;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetList;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The chart, installed by Helm on the cluster of {@code KUBECONFIG}. No node is needed: what its
 * Jobs do runs here, with their rights.
 */
class ChartE2E {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RELEASE = "holdfast";
  private static final String OWN = "holdfast-chart";
  private static final String OTHER = "holdfast-chart-other";

  /** Where users' pods are; nobody serves, so what asks Holdfast is refused there. */
  private static final String SHOP = "holdfast-chart-shop";

  private static final String CONFIGURATION = "holdfast." + OWN;

  @TempDir static Path folder;
  private static KubernetesClient client;
  private static Path kubeconfig;
  private static JobRunner jobs;

  @BeforeAll
  static void connect() {
    assertThat(System.getenv("KUBECONFIG"))
        .as("KUBECONFIG must name a cluster; src/test/cluster brings one up")
        .isNotBlank();
    kubeconfig = Path.of(System.getenv("KUBECONFIG"));
    // A refusal is what is tested: it is not to be tried again.
    Config config = Config.autoConfigure(null);
    config.setRequestRetryBackoffLimit(0);
    client = new KubernetesClientBuilder().withConfig(config).build();
    jobs = new JobRunner(client, folder);
    namespaces();
  }

  @AfterAll
  static void disconnect() {
    if (client != null) {
      for (String namespace : List.of(OWN, OTHER, SHOP)) {
        client.namespaces().withName(namespace).delete();
      }
      jobs.close();
      client.close();
    }
  }

  private static void namespaces() {
    for (String namespace : List.of(OWN, OTHER, SHOP)) {
      client
          .resource(
              new NamespaceBuilder()
                  .withNewMetadata()
                  .withName(namespace)
                  .addToLabels(
                      namespace.equals(SHOP)
                          ? Map.of()
                          : Map.of("pod-security.kubernetes.io/enforce", "restricted"))
                  .endMetadata()
                  .build())
          .serverSideApply();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  client.serviceAccounts().inNamespace(namespace).withName("default").get()
                      != null);
    }
  }

  @AfterEach
  void uninstall() {
    for (String namespace : List.of(OWN, OTHER)) {
      Helm.uninstall(RELEASE)
          .withNamespace(namespace)
          .withKubeConfig(kubeconfig)
          .ignoreNotFound()
          .call();
    }
    client.apps().deployments().inNamespace(SHOP).delete();
    client.policy().v1().podDisruptionBudget().inNamespace(SHOP).delete();
    jobs.forget();
  }

  /** A cluster that knows the custom resource already is the easier one. */
  private static void forgetPolicies() {
    definition().delete();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> client.getApiResources("holdfast.dev/v1alpha1") == null);
  }

  private static InstallCommand install(String namespace) {
    return new Helm(Chart.FOLDER)
        .install()
        .withName(RELEASE)
        .withNamespace(namespace)
        .withKubeConfig(kubeconfig)
        .withTimeout(120);
  }

  private static UpgradeCommand upgrade() {
    return new Helm(Chart.FOLDER)
        .upgrade()
        .withName(RELEASE)
        .withNamespace(OWN)
        .withKubeConfig(kubeconfig)
        .withTimeout(120);
  }

  private static void uninstallRelease(String namespace) {
    Helm.uninstall(RELEASE).withNamespace(namespace).withKubeConfig(kubeconfig).call();
  }

  private static MutatingWebhookConfiguration configuration() {
    return client
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(CONFIGURATION)
        .get();
  }

  private static void createPod(String namespace, String name) {
    client
        .resource(
            "---\n{apiVersion: v1, kind: Pod, metadata: {name: "
                + name
                + "}, spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type:"
                + " RuntimeDefault}}, containers: [{name: a, image: i, securityContext:"
                + " {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}")
        .inNamespace(namespace)
        .dryRun(true)
        .create();
  }

  private static GenericKubernetesResource policy() {
    return client
        .genericKubernetesResources("holdfast.dev/v1alpha1", "HardeningPolicy")
        .withName("default")
        .get();
  }

  @Test
  void the_policy_comes_with_the_first_install_and_follows_the_values() {
    forgetPolicies();
    install(OWN).call();
    assertThat(JSON.valueToTree(policy()).at("/spec/mode").asText()).isEqualTo("Enforce");

    upgrade().set("mode", "Audit").call();
    assertThat(JSON.valueToTree(policy()).at("/spec/mode").asText()).isEqualTo("Audit");
    assertThat(jobs.runs()).noneMatch(run -> run.arguments().contains("update-crd"));

    upgrade().set("defaultPolicy.enabled", "false").call();
    assertThat(policy()).isNull();
  }

  /** As a version before this one left it. */
  @Test
  void an_upgrade_brings_a_custom_resource_that_differs_up_to_date() {
    install(OWN).call();
    definition()
        .edit(
            definition -> {
              definition
                  .getSpec()
                  .getVersions()
                  .get(0)
                  .getSchema()
                  .getOpenAPIV3Schema()
                  .getProperties()
                  .get("spec")
                  .getProperties()
                  .remove("priority");
              return definition;
            });

    upgrade().call();

    assertThat(
            definition()
                .get()
                .getSpec()
                .getVersions()
                .get(0)
                .getSchema()
                .getOpenAPIV3Schema()
                .getProperties()
                .get("spec")
                .getProperties())
        .containsKey("priority");
    assertThat(jobs.runs())
        .filteredOn(run -> run.arguments().contains("update-crd"))
        .singleElement()
        .satisfies(run -> assertThat(run.code()).as(run.output()).isZero());
    assertThat(left()).noneMatch(each -> each.contains("upgrade"));
  }

  private static Resource<CustomResourceDefinition> definition() {
    return client
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("hardeningpolicies.holdfast.dev");
  }

  @Test
  void the_custom_resource_goes_with_the_release_if_that_is_said() {
    install(OWN).set("crds.keep", "false").call();

    uninstallRelease(OWN);

    await().atMost(Duration.ofSeconds(30)).until(() -> definition().get() == null);
  }

  @Test
  void an_upgrade_keeps_the_ca_that_the_controller_wrote() {
    install(OWN).call();
    String bundle = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
    writeBundle(bundle);

    upgrade().set("webhook.timeoutSeconds", "3").call();

    var webhook = configuration().getWebhooks().get(0);
    assertThat(webhook.getTimeoutSeconds()).isEqualTo(3);
    assertThat(webhook.getClientConfig().getCaBundle()).isEqualTo(bundle);
  }

  /** As the controller does: a JSON patch of this field and no other. */
  private static void writeBundle(String bundle) {
    client
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(CONFIGURATION)
        .patch(
            PatchContext.of(PatchType.JSON),
            "[{\"op\": \"add\", \"path\": \"/webhooks/0/clientConfig/caBundle\", \"value\": \""
                + bundle
                + "\"}]");
  }

  @Test
  void its_own_pods_start_while_nobody_answers() {
    install(OWN).set("webhook.failurePolicy", "Fail").call();

    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> createPod(SHOP, "p"))
                    .hasStackTraceContaining("pods.holdfast.dev"));
    assertThatCode(() -> createPod(OWN, "p")).doesNotThrowAnyException();
    for (String deployment : List.of("holdfast-webhook", "holdfast-controller")) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  !client
                      .pods()
                      .inNamespace(OWN)
                      .withLabel("app.kubernetes.io/component", deployment.replace("holdfast-", ""))
                      .list()
                      .getItems()
                      .isEmpty());
    }
  }

  @Test
  void pods_can_be_created_at_once_after_an_uninstall() {
    install(OWN).set("webhook.failurePolicy", "Fail").call();
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> createPod(SHOP, "p"))
                    .hasStackTraceContaining("pods.holdfast.dev"));

    uninstallRelease(OWN);

    assertThatCode(() -> createPod(SHOP, "p")).doesNotThrowAnyException();
    assertThat(jobs.runs())
        .filteredOn(run -> run.arguments().contains("unregister"))
        .last()
        .satisfies(
            run ->
                assertThat(run.output())
                    .endsWith(
                        "mutatingwebhookconfiguration/%1$s deleted\nvalidatingwebhookconfiguration/%1$s deleted\n"
                            .formatted(CONFIGURATION)));
    assertThat(left()).isEmpty();
    assertThat(client.getApiResources("holdfast.dev/v1alpha1")).as("policies are kept").isNotNull();
  }

  /** What the release made, and is still there. */
  private static Set<String> left() {
    Set<String> left = new TreeSet<>();
    Stream.of(
            client.rbac().clusterRoles().list().getItems(),
            client.rbac().clusterRoleBindings().list().getItems(),
            client.rbac().roles().inNamespace(OWN).list().getItems(),
            client.rbac().roleBindings().inNamespace(OWN).list().getItems(),
            client.serviceAccounts().inNamespace(OWN).list().getItems(),
            client.services().inNamespace(OWN).list().getItems(),
            client.apps().deployments().inNamespace(OWN).list().getItems(),
            client.batch().v1().jobs().inNamespace(OWN).list().getItems(),
            client.batch().v1().cronjobs().inNamespace(OWN).list().getItems(),
            client.secrets().inNamespace(OWN).list().getItems(),
            client.admissionRegistration().v1().mutatingWebhookConfigurations().list().getItems(),
            client.admissionRegistration().v1().validatingWebhookConfigurations().list().getItems())
        .flatMap(List::stream)
        .map(HasMetadata.class::cast)
        .filter(object -> object.getMetadata().getName().startsWith("holdfast"))
        .filter(object -> !object.isMarkedForDeletion())
        .forEach(object -> left.add(object.getKind() + "/" + object.getMetadata().getName()));
    return left;
  }

  /** With a controller that runs, and makes them anew as long as it may. */
  @Test
  void budgets_are_removed_with_the_release_if_that_is_said() throws Exception {
    install(OWN).set("disruptionBudgets.onUninstall", "Remove").call();
    Path kubeconfigOfController;
    try (ApiServer api = ApiServer.connect()) {
      kubeconfigOfController = Account.of(api, OWN, "holdfast-controller", folder).kubeconfig();
    }
    try (RunningHoldfast controller =
        new RunningHoldfast(Files.createDirectory(folder.resolve("controller")))
            .role("controller")
            .with("KUBECONFIG", kubeconfigOfController.toString())
            .with("HOLDFAST_NAMESPACE", OWN)
            .with("POD_NAMESPACE", OWN)
            .with("HOLDFAST_DISRUPTION_CALM", "1s")) {
      controller.launch();
      client
          .resource(
              "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3,"
                  + " selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},"
                  + " spec: {containers: [{name: a, image: i}]}}}}")
          .inNamespace(SHOP)
          .create();
      client
          .resource(
              "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: theirs, labels:"
                  + " {app.kubernetes.io/managed-by: holdfast}}, spec: {maxUnavailable: 1, selector:"
                  + " {matchLabels: {x: y}}}}")
          .inNamespace(SHOP)
          .create();
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> budgets().contains("web-deployment-holdfast"));
      budgetsOfShop().withName("web-deployment-holdfast").delete();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> budgets().contains("web-deployment-holdfast"));

      uninstallRelease(OWN);

      await()
          .during(Duration.ofSeconds(3))
          .atMost(Duration.ofSeconds(30))
          .until(() -> budgets().equals(List.of("theirs")));
    }
  }

  private static NonNamespaceOperation<
          PodDisruptionBudget, PodDisruptionBudgetList, Resource<PodDisruptionBudget>>
      budgetsOfShop() {
    return client.policy().v1().podDisruptionBudget().inNamespace(SHOP);
  }

  private static List<String> budgets() {
    return budgetsOfShop().list().getItems().stream()
        .map(each -> each.getMetadata().getName())
        .toList();
  }

  @Test
  void releases_of_the_same_name_live_side_by_side() {
    install(OWN).call();
    install(OTHER).set("defaultPolicy.enabled", "false").call();

    uninstallRelease(OTHER);

    assertThat(configuration()).isNotNull();
    assertThat(policy()).isNotNull();
    assertThat(client.rbac().clusterRoles().withName("holdfast-webhook." + OWN).get()).isNotNull();
    assertThat(client.rbac().clusterRoles().withName("holdfast-webhook." + OTHER).get()).isNull();
  }

  static Stream<String> cases() throws java.io.IOException {
    return Chart.cases();
  }

  /** The API server's own admission of Pod Security is the judge. */
  @ParameterizedTest
  @MethodSource("cases")
  void every_pod_is_restricted(String name) {
    for (JsonNode template : Chart.ofCase(name).podTemplates()) {
      ObjectNode pod = template.deepCopy();
      pod.put("apiVersion", "v1").put("kind", "Pod").withObject("/metadata").put("name", "p");
      ((ObjectNode) pod.get("spec")).put("serviceAccountName", "default");
      // Whose value is computed by the API server.
      ((ObjectNode) pod.get("spec")).remove("priorityClassName");
      if (pod.at("/spec/hostNetwork").asBoolean()) {
        assertThatThrownBy(() -> dryRun(pod, OWN)).hasStackTraceContaining("host namespaces");
      } else {
        assertThatCode(() -> dryRun(pod, OWN)).doesNotThrowAnyException();
      }
    }
  }

  private static void dryRun(JsonNode object, String namespace) {
    var resource = client.resource(object.toString());
    if (namespace == null) {
      resource.dryRun(true).create();
    } else {
      resource.inNamespace(namespace).dryRun(true).create();
    }
  }

  /** What only the API server knows: required fields, ranges, names. */
  @ParameterizedTest
  @MethodSource("cases")
  void every_object_is_accepted(String name) {
    for (JsonNode object : Chart.ofCase(name).objects()) {
      String group = object.path("apiVersion").asText();
      boolean foreign =
          group.startsWith("cert-manager.io")
              || group.startsWith("monitoring.coreos.com")
              || group.startsWith("holdfast.dev");
      if (!foreign) {
        ObjectNode elsewhere = object.deepCopy();
        boolean clusterWide = object.at("/metadata/namespace").isMissingNode();
        if (!clusterWide) {
          elsewhere.withObject("/metadata").put("namespace", OWN);
        }
        assertThatCode(() -> dryRun(elsewhere, clusterWide ? null : OWN))
            .as(Chart.id(object))
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void policies_of_every_case_are_accepted() throws java.io.IOException {
    install(OWN).set("defaultPolicy.enabled", "false").call();
    await().until(() -> client.getApiResources("holdfast.dev/v1alpha1") != null);

    for (String name : Chart.cases().toList()) {
      for (JsonNode policy : Chart.ofCase(name).ofKind("HardeningPolicy")) {
        assertThatCode(() -> dryRun(policy, null)).as(name).doesNotThrowAnyException();
      }
    }
  }

  @Test
  void a_value_that_is_wrong_changes_nothing() {
    install(OWN).call();

    assertThatThrownBy(() -> upgrade().set("mode", "Enforced").call())
        .isNotInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("/mode");
    assertThat(JSON.valueToTree(policy()).at("/spec/mode").asText()).isEqualTo("Enforce");
  }
}
