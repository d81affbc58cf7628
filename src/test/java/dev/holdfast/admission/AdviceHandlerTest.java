package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.ClusterView;
import dev.holdfast.cluster.NoCluster;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.PolicySet;
import dev.holdfast.policy.RuleName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What whoever applies a workload is told. */
class AdviceHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEMPLATE =
      "{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'a'}]}}";

  private final List<Finding> ofWorkloads = new ArrayList<>();
  private AdviceHandler handler = handler(new NoCluster(ClusterFacts.DEFAULT_VERSION));

  private AdviceHandler handler(ClusterView cluster) {
    return handler(cluster, PolicySet.of(List.of(PolicyLoader.embedded())));
  }

  private AdviceHandler handler(ClusterView cluster, PolicySet policies) {
    return new AdviceHandler(
        new Hardener(policies, "holdfast-system")::harden,
        cluster,
        ReviewObserver.NONE,
        (object, namespace) ->
            object.path("kind").asText().equals("PodDisruptionBudget")
                ? List.of(
                    new Finding(
                        Optional.of(RuleName.DISRUPTION_BUDGET),
                        Severity.WARNING,
                        "allows-no-disruption",
                        "",
                        namespace + "/" + object.at("/metadata/name").asText()))
                : List.copyOf(ofWorkloads));
  }

  private static String review(
      String group, String kind, String operation, String object, String old) {
    return "{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{'uid':'u','namespace':'shop',"
        + "'operation':'"
        + operation
        + "','kind':{'group':'"
        + group
        + "','version':'v1','kind':'"
        + kind
        + "'},'object':"
        + object
        + ",'oldObject':"
        + old
        + "}}";
  }

  private static String deployment(String template) {
    return "{'metadata':{'name':'web'},'spec':{'replicas':2,'selector':{'matchLabels':{'app':'web'}},'template':"
        + template
        + "}}";
  }

  private JsonNode send(String review) throws Exception {
    AtomicReference<Answer> answer = new AtomicReference<>();
    handler.advise(
        "application/json",
        review.replace('\'', '"').getBytes(StandardCharsets.UTF_8),
        answer::set);
    assertThat(answer.get().status()).isEqualTo(200);
    JsonNode response = JSON.readTree(answer.get().body()).path("response");
    assertThat(response.path("allowed").booleanValue()).isTrue();
    assertThat(response.path("uid").textValue()).isEqualTo("u");
    assertThat(response.has("patch")).isFalse();
    return response;
  }

  private List<String> advice(String review) throws Exception {
    List<String> lines = new ArrayList<>();
    send(review).path("warnings").forEach(warning -> lines.add(warning.textValue()));
    return lines;
  }

  @ParameterizedTest
  @CsvSource({
    "apps, Deployment, 'pre-stop, termination-grace, anti-affinity'",
    "apps, StatefulSet, 'pre-stop, termination-grace, anti-affinity'",
    "apps, DaemonSet, 'pre-stop, termination-grace'"
  })
  void says_what_the_pods_of_a_workload_will_get(String group, String kind, String rules)
      throws Exception {
    assertThat(advice(review(group, kind, "CREATE", deployment(TEMPLATE), "null")))
        .containsExactly(
            "holdfast: its pods will get " + rules,
            "holdfast: annotations of the pod template change that:"
                + " https://holdfast.dev/reference/annotations");
  }

  @Test
  void knows_where_the_template_of_a_cron_job_is() throws Exception {
    String template = TEMPLATE.replace("'containers'", "'restartPolicy':'Never','containers'");

    assertThat(
            advice(
                review(
                    "batch",
                    "CronJob",
                    "CREATE",
                    "{'spec':{'jobTemplate':{'spec':{'template':" + template + "}}}}",
                    "null")))
        .first()
        .isEqualTo("holdfast: its pods will get pre-stop, termination-grace");
  }

  @Test
  void says_what_is_left_undone_and_why() throws Exception {
    String template =
        TEMPLATE.replace("'labels'", "'annotations':{'holdfast.dev/shutdown':'soon'},'labels'");

    assertThat(advice(review("apps", "Deployment", "CREATE", deployment(template), "null")))
        .contains(
            "holdfast: holdfast.dev/shutdown: \"soon\" is ignored: expected a duration from 1s to"
                + " 1h, like 45s");
  }

  @Test
  void says_nothing_where_pods_need_nothing() throws Exception {
    String template = TEMPLATE.replace("'labels':{", "'labels':{'holdfast.dev/mode':'off',");

    assertThat(
            send(review("apps", "Deployment", "CREATE", deployment(template), "null"))
                .has("warnings"))
        .isFalse();
  }

  /** What pods need nothing more for, under the profile "standard". */
  private static final String HARDENED =
      TEMPLATE.replace(
          "[{'name':'a'}]",
          "[{'name':'a','lifecycle':{'preStop':{'sleep':{'seconds':10}}}}],"
              + "'terminationGracePeriodSeconds':40,'affinity':{'podAntiAffinity':{}}");

  private List<String> adviceOnCreation(String deployment) throws Exception {
    return advice(review("apps", "Deployment", "CREATE", deployment, "null"));
  }

  @Test
  void what_is_worth_a_thought_follows_where_there_is_room() throws Exception {
    String one = deployment(TEMPLATE).replace("'replicas':2", "'replicas':1");
    String thought =
        "holdfast: replicas: Deployment web runs 1 replica; 2 survive the loss of a node";

    assertThat(adviceOnCreation(one))
        .containsExactly(
            "holdfast: its pods will get pre-stop, termination-grace, anti-affinity",
            thought,
            "holdfast: annotations of the pod template change that:"
                + " https://holdfast.dev/reference/annotations");

    ofBudgets("a", "b", "c");
    assertThat(adviceOnCreation(one))
        .hasSize(5)
        .doesNotContain(thought)
        .contains("holdfast: disruption-budget: c");
  }

  @Test
  void what_is_worth_a_thought_alone_is_nothing_where_pods_need_nothing() throws Exception {
    String one = deployment(HARDENED).replace("'replicas':2", "'replicas':1");

    assertThat(adviceOnCreation(one)).isEmpty();
  }

  @Test
  void what_is_left_undone_for_a_reason_is_told_alone() throws Exception {
    String rewritten =
        HARDENED.replace(
            "'name':'a'",
            "'name':'a','livenessProbe':{'timeoutSeconds':3,'httpGet':{'path':'/app-health/a/livez','port':15020}}");

    assertThat(adviceOnCreation(deployment(rewritten)))
        .isNotEmpty()
        .allMatch(line -> line.contains("the service mesh has put its own target there"));
  }

  @Test
  void a_policy_that_cannot_be_used_concerns_those_whose_namespace_names_it() throws Exception {
    PolicySet policies = new PolicySet(List.of(PolicyLoader.embedded()), List.of("lab"));
    handler = handler(new NoCluster(ClusterFacts.DEFAULT_VERSION), policies);
    assertThat(adviceOnCreation(deployment(HARDENED))).isEmpty();

    handler =
        handler(
            new ClusterView() {
              @Override
              public ClusterFacts facts(String namespace, ObjectNode pod) {
                return new ClusterFacts(
                    ClusterFacts.DEFAULT_VERSION,
                    ClusterFacts.DEFAULT_VERSION,
                    Map.of("holdfast.dev/policy", "lab"),
                    List.of(),
                    Optional.empty());
              }

              @Override
              public Optional<CompletionStage<Void>> lookUp(String namespace) {
                return Optional.empty();
              }
            },
            policies);
    assertThat(adviceOnCreation(deployment(HARDENED)))
        .containsExactly(
            "holdfast: holdfast.dev/policy: \"lab\" is ignored: no usable policy has this name");
  }

  private List<String> adviceOnUpdate(String object) throws Exception {
    return advice(review("apps", "Deployment", "UPDATE", object, deployment(TEMPLATE)));
  }

  @Test
  void says_nothing_on_an_update_that_leaves_the_template_as_it_was() throws Exception {
    String scaled = deployment(TEMPLATE).replace("'replicas':2", "'replicas':3");

    assertThat(adviceOnUpdate(scaled)).isEmpty();
    assertThat(adviceOnUpdate(deployment(TEMPLATE.replace("'a'", "'b'")))).isNotEmpty();
  }

  private void ofBudgets(String... messages) {
    for (String message : messages) {
      ofWorkloads.add(
          new Finding(
              Optional.of(RuleName.DISRUPTION_BUDGET),
              Severity.WARNING,
              "refused-value",
              "",
              message));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'app':'web'}},'template':T}}",
        "{'metadata':{'name':'web'},'spec':{'replicas':2,'selector':{'matchLabels':{'app':'x'}},'template':T}}",
        "{'metadata':{'name':'web','annotations':{'holdfast.dev/disruption-budget':'0'}},"
            + "'spec':{'replicas':2,'selector':{'matchLabels':{'app':'web'}},'template':T}}",
        "{'metadata':{'name':'web','labels':{'holdfast.dev/mod':'off'}},"
            + "'spec':{'replicas':2,'selector':{'matchLabels':{'app':'web'}},'template':T}}"
      })
  void an_update_of_what_budgets_depend_on_tells_of_budgets_alone(String changed) throws Exception {
    ofBudgets("it is refused");

    assertThat(adviceOnUpdate(changed.replace("T", TEMPLATE)))
        .containsExactly("holdfast: disruption-budget: it is refused");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'name':'web'}",
        "{'name':'web','generation':2,'labels':{'team':'a'}}",
        "{'name':'web','annotations':{'deployment.kubernetes.io/revision':'2'}}"
      })
  void an_update_of_nothing_that_budgets_depend_on_tells_nothing(String metadata) throws Exception {
    ofBudgets("it is refused");

    assertThat(adviceOnUpdate(deployment(TEMPLATE).replace("{'name':'web'}", metadata))).isEmpty();
  }

  @Test
  void budgets_share_the_five_lines_with_the_rest() throws Exception {
    ofBudgets("a", "b", "c", "d");

    assertThat(advice(review("apps", "Deployment", "CREATE", deployment(TEMPLATE), "null")))
        .containsExactly(
            "holdfast: its pods will get pre-stop, termination-grace, anti-affinity",
            "holdfast: disruption-budget: a",
            "holdfast: disruption-budget: b",
            "holdfast: and 2 more, see holdfast audit",
            "holdfast: annotations of the pod template change that:"
                + " https://holdfast.dev/reference/annotations");
  }

  @Test
  void says_at_most_five_things_in_short_lines() throws Exception {
    StringBuilder annotations = new StringBuilder();
    for (int i = 0; i < 30; i++) {
      annotations.append("'holdfast.dev/unknown-").append("x".repeat(i)).append("':'y',");
    }
    annotations.setLength(annotations.length() - 1);
    String template = TEMPLATE.replace("'labels'", "'annotations':{" + annotations + "},'labels'");

    List<String> advice =
        advice(review("apps", "Deployment", "CREATE", deployment(template), "null"));

    assertThat(advice).hasSize(5).allMatch(line -> line.length() <= 120);
    assertThat(advice.get(0)).startsWith("holdfast: its pods will get");
    assertThat(advice.get(3)).isEqualTo("holdfast: and 28 more, see holdfast audit");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "7",
        "{}",
        "{'spec':7}",
        "{'spec':{'template':[]}}",
        "{'spec':{'template':{'spec':{'containers':'x'}},'selector':7,'replicas':'x'}}"
      })
  void allows_whatever_it_cannot_read(String object) throws Exception {
    send(review("apps", "Deployment", "CREATE", object, "null"));
    send(review("apps", "Deployment", "UPDATE", object, object));
    send(review("batch", "CronJob", "CREATE", object, "null"));
  }

  @ParameterizedTest
  @CsvSource({
    "apps, Deployment, DELETE",
    "apps, ReplicaSet, CREATE",
    "'', Pod, CREATE",
    "extensions, Deployment, CREATE"
  })
  void has_no_advice_about_anything_else(String group, String kind, String operation)
      throws Exception {
    assertThat(advice(review(group, kind, operation, deployment(TEMPLATE), "null"))).isEmpty();
  }

  @Test
  void waits_for_a_namespace_that_is_looked_up() throws Exception {
    CompletableFuture<Void> found = new CompletableFuture<>();
    NoCluster known = new NoCluster(ClusterFacts.DEFAULT_VERSION);
    handler =
        handler(
            new ClusterView() {
              @Override
              public ClusterFacts facts(String namespace, ObjectNode pod) {
                return known.facts(namespace, pod);
              }

              @Override
              public Optional<CompletionStage<Void>> lookUp(String namespace) {
                return Optional.of(found);
              }
            });
    AtomicReference<Answer> answer = new AtomicReference<>();
    handler.advise(
        "application/json",
        review("apps", "Deployment", "CREATE", deployment(TEMPLATE), "null")
            .replace('\'', '"')
            .getBytes(StandardCharsets.UTF_8),
        answer::set);
    assertThat(answer.get()).isNull();

    found.complete(null);

    assertThat(answer.get().status()).isEqualTo(200);
  }

  @Test
  void whoever_applies_a_budget_is_told_what_harm_it_can_do() throws Exception {
    String budget =
        "{'kind':'PodDisruptionBudget','metadata':{'name':'b'},'spec':{'maxUnavailable':0}}";

    assertThat(advice(review("policy", "PodDisruptionBudget", "CREATE", budget, "null")))
        .containsExactly("holdfast: disruption-budget: shop/b");
    assertThat(advice(review("policy", "PodDisruptionBudget", "UPDATE", budget, budget)))
        .as("nothing has changed")
        .isEmpty();
  }
}
