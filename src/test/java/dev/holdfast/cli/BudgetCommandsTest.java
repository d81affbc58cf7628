package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code audit} and {@code harden --with-budgets} say about disruption budgets in files. */
class BudgetCommandsTest {
  @TempDir Path folder;

  private static final String WEB =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        replicas: 3
        selector:
          matchLabels: { app: web }
        template:
          metadata:
            labels: { app: web }
          spec:
            containers:
              - name: app
                image: registry.example/web:1.4
      """;

  private static final String AUTOSCALER =
      """
      ---
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata:
        name: web
      spec:
        scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
        minReplicas: MINIMUM
        maxReplicas: 9
      """;

  private static final String BUDGET =
      """
      ---
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      metadata:
        name: mine
      spec:
        SPEC
      """;

  private String file(String text) throws IOException {
    return Files.writeString(folder.resolve("web.yaml"), text).toString();
  }

  @Test
  void harden_adds_the_budget_at_the_end_of_the_file() throws IOException {
    var result =
        Invocation.of("harden", "--with-budgets", "--profile", "standard", "-f", file(WEB));

    assertThat(result.code()).isZero();
    String[] documents = result.out().split("(?m)^---\n");
    assertThat(documents).hasSize(2);
    assertThat(new YAMLMapper().readTree(documents[1]))
        .isEqualTo(
            new YAMLMapper()
                .readTree(
                    """
                    apiVersion: policy/v1
                    kind: PodDisruptionBudget
                    metadata:
                      name: web-deployment
                      labels: {app.kubernetes.io/managed-by: holdfast}
                    spec:
                      maxUnavailable: 1
                      selector: {matchLabels: {app: web}}
                      unhealthyPodEvictionPolicy: AlwaysAllow
                    """));
  }

  @Test
  void hardening_what_has_the_budget_adds_none() throws IOException {
    String once = Invocation.of("harden", "--with-budgets", "-f", file(WEB)).out();

    assertThat(Invocation.of("harden", "--with-budgets", "-f", file(once)).out()).isEqualTo(once);
  }

  @Test
  void harden_adds_none_unless_asked() throws IOException {
    assertThat(Invocation.of("harden", "-f", file(WEB)).out())
        .doesNotContain("PodDisruptionBudget");
  }

  @Test
  void an_autoscaler_in_the_files_sets_the_floor() throws IOException {
    for (int minimum : new int[] {1, 2}) {
      String out =
          Invocation.of(
                  "harden",
                  "--with-budgets",
                  "-f",
                  file(WEB + AUTOSCALER.replace("MINIMUM", Integer.toString(minimum))))
              .out();

      assertThat(out.contains("PodDisruptionBudget")).isEqualTo(minimum > 1);
    }
  }

  @Test
  void a_budget_in_the_files_is_the_only_one() throws IOException {
    String budget =
        BUDGET.replace("SPEC", "maxUnavailable: 1\n  selector: {matchLabels: {app: web}}");

    assertThat(Invocation.of("harden", "--with-budgets", "-f", file(WEB + budget)).out())
        .doesNotContain("name: web-deployment");
  }

  @Test
  void harden_in_place_writes_it_into_the_file() throws IOException {
    String file = file(WEB);
    var result = Invocation.of("harden", "--with-budgets", "--in-place", "-f", file);

    assertThat(result.code()).isZero();
    assertThat(Files.readString(Path.of(file))).contains("name: web-deployment");
  }

  @Test
  void harden_prints_it_as_json_and_in_the_summary_and_in_no_patch() throws IOException {
    JsonNode list =
        new ObjectMapper()
            .readTree(
                Invocation.of("harden", "--with-budgets", "-o", "json", "-f", file(WEB)).out());
    assertThat(list.at("/items/1/kind").asText()).isEqualTo("PodDisruptionBudget");
    assertThat(Invocation.of("harden", "--with-budgets", "-o", "summary", "-f", file(WEB)).out())
        .endsWith("adds PodDisruptionBudget web-deployment: maxUnavailable: 1\n");
    assertThat(Invocation.of("harden", "--with-budgets", "-o", "diff", "-f", file(WEB)).out())
        .contains("+kind: PodDisruptionBudget");
    assertThat(Invocation.of("harden", "--with-budgets", "-o", "patch", "-f", file(WEB)).code())
        .isEqualTo(2);
  }

  @Test
  void audit_prints_the_budget_as_information() throws IOException {
    var result = Invocation.of("audit", "-o", "json", "-f", file(WEB));

    JsonNode findings = new ObjectMapper().readTree(result.out()).get("findings");
    JsonNode budget = null;
    for (JsonNode finding : findings) {
      if (finding.get("rule").asText().equals("disruption-budget")) {
        budget = finding;
      }
    }
    assertThat(budget).isNotNull();
    assertThat(budget.get("severity").asText()).isEqualTo("info");
    assertThat(budget.get("reason").asText()).isEqualTo("would-create");
    assertThat(budget.at("/value/spec/maxUnavailable").asInt()).isEqualTo(1);
  }

  @Test
  void audit_tells_of_users_budgets_that_can_do_harm() throws IOException {
    String budget =
        BUDGET.replace("SPEC", "minAvailable: 3\n  selector: {matchLabels: {app: web}}");

    var result = Invocation.of("audit", "-f", file(WEB + budget));

    assertThat(result.code()).isOne();
    assertThat(result.out())
        .contains("PodDisruptionBudget default/mine")
        .contains("drains wait, as it allows no eviction: minAvailable: 3 of 3 replicas")
        .contains("at /spec/minAvailable");
  }

  @Test
  void audit_refuses_an_annotation_that_would_forbid_every_eviction() throws IOException {
    String annotated =
        WEB.replace(
            "  name: web\n",
            "  name: web\n  annotations: { holdfast.dev/disruption-budget: minAvailable=3 }\n");

    assertThat(Invocation.of("audit", "-f", file(annotated)).out())
        .contains("the annotation's minAvailable: 3 would forbid every eviction at 3 replicas")
        .contains("gets a PodDisruptionBudget: maxUnavailable: 1");
  }

  @Test
  void a_workload_whose_selector_is_too_wide_gets_a_warning() throws IOException {
    String canary =
        "---\n"
            + WEB.replace("name: web", "name: canary")
                .replace("{ app: web }", "{ app: web, track: canary }");

    assertThat(Invocation.of("audit", "-f", file(WEB + canary)).out())
        .contains("its selector selects pods of Deployment canary, too");
  }

  @Test
  void the_replica_set_of_a_deployment_is_no_workload() throws IOException {
    String deployment = WEB.replace("  name: web\n", "  name: web\n  uid: u-1\n");
    String part =
        WEB.replace("kind: Deployment", "kind: ReplicaSet")
            .replace(
                "  name: web\n",
                """
                  name: web-7d4b9c
                  uid: u-2
                  ownerReferences:
                    - { apiVersion: apps/v1, kind: Deployment, name: web, uid: u-1, controller: true }
                """);

    var result = Invocation.of("harden", "--with-budgets", "-f", file(part + "---\n" + deployment));

    assertThat(result.out())
        .containsOnlyOnce("kind: PodDisruptionBudget")
        .contains("name: web-deployment");
    assertThat(result.err()).doesNotContain("selects pods of");
  }

  @Test
  void a_workload_without_a_name_gets_no_budget_whose_name_would_be_wrong() throws IOException {
    String generated = WEB.replace("  name: web\n", "  generateName: web-\n");

    var result = Invocation.of("harden", "--with-budgets", "-f", file(generated));

    assertThat(result.out()).doesNotContain("PodDisruptionBudget");
    assertThat(result.err())
        .contains("it has no name here: its disruption budget is made in the cluster");
    assertThat(Invocation.of("audit", "-f", file(generated)).out())
        .contains("Deployment default/web-?")
        .contains("it has no name here")
        .doesNotContain("gets a PodDisruptionBudget");
  }

  private String audited(String own, String ofTemplate) throws IOException {
    String text =
        WEB.replace("  name: web\n", "  name: web\n  annotations: { " + own + " }\n")
            .replace(
                "      labels: { app: web }\n",
                "      labels: { app: web }\n      annotations: { " + ofTemplate + " }\n");
    return Invocation.of("audit", "-f", file(text)).out();
  }

  @Test
  void an_annotation_of_the_workload_that_is_not_followed_is_told_whatever_its_template_has()
      throws IOException {
    assertThat(audited("holdfast.dev/disruption-budget: some", "holdfast.dev/pre-stop: 20s"))
        .contains("holdfast.dev/disruption-budget: \"some\" is ignored");
    assertThat(audited("holdfast.dev/disruption-bugdet: '2'", ""))
        .contains("did you mean holdfast.dev/disruption-budget?");
    assertThat(audited("holdfast.dev/pre-stop: 20s", ""))
        .contains("holdfast.dev/pre-stop: \"20s\" is ignored: it belongs on the pod template");
  }

  @Test
  void an_annotation_of_the_template_is_told_once() throws IOException {
    assertThat(audited("team: a", "holdfast.dev/disruption-budget: some"))
        .containsOnlyOnce("\"some\" is ignored");
    assertThat(
            audited("holdfast.dev/disruption-budget: some", "holdfast.dev/disruption-budget: some"))
        .containsOnlyOnce("\"some\" is ignored");
  }
}
