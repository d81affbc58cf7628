package dev.holdfast.disruption;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.hardening.Finding;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What whoever applies a budget or a workload is told. */
class AdvisorTest {
  private static final String SELECTOR = "selector: {matchLabels: {app: web}}";

  private final Neighbourhoods neighbourhoods = new Neighbourhoods();
  private final Advisor advisor =
      new Advisor(
          neighbourhoods,
          () -> List.of(PolicyLoader.embedded()),
          "holdfast-system",
          namespace -> Map.of());

  private static JsonNode yaml(String text) {
    try {
      return new YAMLMapper().readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode deployment(int replicas, String own, String ofTemplate) {
    return yaml(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop, OWN}
        spec:
          replicas: REPLICAS
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}, TEMPLATE}}
        """
            .replace("REPLICAS", Integer.toString(replicas))
            .replace("OWN", own)
            .replace("TEMPLATE", ofTemplate));
  }

  private static JsonNode budget(String spec) {
    return yaml("{kind: PodDisruptionBudget, metadata: {name: mine}, spec: {" + spec + "}}");
  }

  private void runs(int replicas) {
    neighbourhoods.with(
        "shop", all -> all.put(Documents.workload(deployment(replicas, "", ""), "shop")));
  }

  private List<String> reasons(JsonNode object) {
    return advisor.advise(object, "shop").stream().map(Finding::reason).toList();
  }

  private List<String> messages(JsonNode object) {
    return advisor.advise(object, "shop").stream().map(Finding::message).toList();
  }

  @Test
  void a_budget_over_one_replica_is_told_to_whoever_applies_it() {
    runs(1);

    assertThat(reasons(budget("maxUnavailable: 1, " + SELECTOR))).containsExactly("single-replica");
  }

  @Test
  void a_budget_that_selects_nothing_is_told() {
    assertThat(reasons(budget("maxUnavailable: 1, " + SELECTOR)))
        .containsExactly("selects-nothing");
    assertThat(reasons(budget("maxUnavailable: 1"))).containsExactly("selects-nothing");
  }

  @ParameterizedTest
  @CsvSource({"DaemonSet, apps/v1", "Job, batch/v1"})
  void whoever_applies_a_kind_without_scale_is_told_of_a_budget_on_its_pods(
      String kind, String version) {
    neighbourhoods.with(
        "shop", all -> all.put(Documents.budget(budget("maxUnavailable: 1, " + SELECTOR), "shop")));

    assertThat(
            reasons(
                yaml(
                    "{apiVersion: "
                        + version
                        + ", kind: "
                        + kind
                        + ", metadata: {name: d}, spec: {template: {metadata: {labels: {app: web}}}}}")))
        .containsExactly("kind-without-scale");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          disruption-budget: minAvailable=3 | the annotation's minAvailable: 3 would forbid every eviction at 3 replicas; maxUnavailable: 1 is used
          disruption-budget: some           | holdfast.dev/disruption-budget: "some" is ignored: expected
          skip: pre-stopp                   | holdfast.dev/skip: "pre-stopp" is ignored: no rule has this name
          disruption-budgets: '2'           | holdfast.dev/disruption-budgets: "2" is ignored: did you mean holdfast.dev/disruption-budget?
          pre-stop: 15s                     | holdfast.dev/pre-stop: "15s" is ignored: it belongs on the pod template
          mode: 'off'                       | holdfast.dev/mode: "off" is ignored: this is a label, not an annotation
          """)
  void an_annotation_of_the_workload_that_is_not_followed_is_told(
      String annotation, String message) {
    assertThat(messages(deployment(3, "annotations: {holdfast.dev/" + annotation + "}", "")))
        .singleElement()
        .asString()
        .startsWith(message);
  }

  @Test
  void a_label_of_the_workload_that_is_not_followed_is_told() {
    assertThat(messages(deployment(3, "labels: {holdfast.dev/mod: 'off', app: web}", "")))
        .containsExactly(
            "holdfast.dev/mod: \"off\" is ignored: of a workload's labels only holdfast.dev/mode is read");
    assertThat(reasons(deployment(3, "labels: {holdfast.dev/mode: 'of'}", "")))
        .containsExactly("unreadable-label");
  }

  @Test
  void what_the_template_has_is_left_to_the_engine() {
    String budget = "annotations: {holdfast.dev/disruption-budget: some}";
    assertThat(reasons(deployment(3, "", budget))).isEmpty();
    assertThat(reasons(deployment(3, budget, budget))).isEmpty();
    String skip = "annotations: {holdfast.dev/skip: 'pre-stopp, init'}";
    assertThat(reasons(deployment(3, "", skip))).isEmpty();
    assertThat(reasons(deployment(3, "annotations: {holdfast.dev/skip: no-rule}", skip)))
        .containsExactly("unknown-rule");
    String misspelt = "annotations: {holdfast.dev/pre-stopp: 15s}";
    assertThat(reasons(deployment(3, misspelt, misspelt))).isEmpty();
  }

  @Test
  void workloads_are_told_of_no_trifles() {
    assertThat(reasons(deployment(3, "labels: {holdfast.dev/mode: audit}", ""))).isEmpty();
    assertThat(reasons(deployment(1, "", ""))).isEmpty();
  }
}
