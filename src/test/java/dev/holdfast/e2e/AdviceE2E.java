package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.e2e.ApiServer.Answer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What whoever applies a workload reads: the Warning headers of the API server. */
class AdviceE2E {
  private static final String NAMESPACE = ApiServer.unique("advice");
  private static final String OFF = ApiServer.unique("advice-off");

  /** Pods that need nothing more under the profile "minimal". */
  private static final String HARDENED =
      "{terminationGracePeriodSeconds: 40, containers: [{name: web, image: example/web, lifecycle:"
          + " {preStop: {sleep: {seconds: 10}}}}]}";

  private static final String PLAIN = "{containers: [{name: web, image: example/web}]}";

  @TempDir static Path folder;
  private static ApiServer api;
  private static RunningHoldfast holdfast;
  private static Registration registration;

  @BeforeAll
  static void install() throws Exception {
    api = ApiServer.connect();
    api.installCustomResource();
    api.policy("default", "profile: minimal").object();
    api.namespace(NAMESPACE, Map.of());
    api.namespace(OFF, Map.of("holdfast.dev/mode", "off"));
    api.awaitServiceAccounts(List.of(NAMESPACE, OFF));
    holdfast = new RunningHoldfast(folder);
    holdfast.start();
    registration = Registration.of(api, holdfast).apply(NAMESPACE);
    // The other configuration takes its time, too.
    await().until(() -> !api.dryRun(workload("Deployment", "first", PLAIN)).advice().isEmpty());
  }

  @AfterAll
  static void uninstall() {
    if (registration != null) {
      registration.close();
    }
    if (api != null) {
      List.of(NAMESPACE, OFF).forEach(api::deleteNamespace);
      api.deletePolicies();
      api.close();
    }
    if (holdfast != null) {
      holdfast.close();
    }
  }

  private static ObjectNode workload(String kind, String name, String podSpec) {
    boolean batch = kind.equals("Job") || kind.equals("CronJob");
    ObjectNode object =
        ApiServer.tree("{apiVersion: " + (batch ? "batch" : "apps") + "/v1, kind: " + kind + "}");
    object.withObject("/metadata").put("name", name).put("namespace", NAMESPACE);
    ObjectNode template = ApiServer.tree("{metadata: {labels: {app: " + name + "}}}");
    template.set("spec", ApiServer.tree(podSpec));
    switch (kind) {
      case "CronJob" -> {
        template.withObject("/spec").put("restartPolicy", "Never");
        object.withObject("/spec").put("schedule", "0 0 1 1 *");
        object.withObject("/spec/jobTemplate/spec").set("template", template);
      }
      case "Job" -> {
        template.withObject("/spec").put("restartPolicy", "Never");
        object.withObject("/spec").put("suspend", true).set("template", template);
      }
      default -> {
        object.withObject("/spec/selector/matchLabels").put("app", name);
        object.withObject("/spec").set("template", template);
      }
    }
    return object;
  }

  private static String name(String kind, String what) {
    return kind.toLowerCase(Locale.ROOT) + "-" + what;
  }

  private static void assertReadable(List<String> advice) {
    assertThat(advice)
        .hasSizeBetween(1, 5)
        .allSatisfy(
            line ->
                assertThat(line)
                    .hasSizeLessThanOrEqualTo(120)
                    .matches("[ -~]+")
                    .startsWith("holdfast: "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
  void an_author_reads_what_pods_will_get(String kind) {
    Answer created = api.create(workload(kind, name(kind, "created"), PLAIN));
    assertThat(created.isAccepted()).isTrue();
    assertReadable(created.advice());
    assertThat(created.advice().get(0)).contains("pre-stop", "termination-grace");

    Answer applied = api.apply(workload(kind, name(kind, "applied"), PLAIN));
    assertThat(applied.isAccepted()).isTrue();
    assertThat(applied.advice()).isEqualTo(created.advice());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
  void nothing_is_said_where_pods_need_nothing(String kind) {
    Answer created = api.create(workload(kind, name(kind, "hardened"), HARDENED));

    assertThat(created.isAccepted()).isTrue();
    assertThat(created.advice()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
  void nothing_is_said_where_the_template_stays(String kind) {
    ObjectNode object = workload(kind, name(kind, "stays"), PLAIN);
    api.create(object).object();

    Answer labelled = api.patch(ApiServer.path(object), "{metadata: {labels: {a: b}}}");
    assertThat(labelled.object().at("/metadata/labels/a").asText()).isEqualTo("b");
    assertThat(labelled.advice()).isEmpty();

    String change =
        switch (kind) {
          case "Deployment", "StatefulSet" -> "{spec: {replicas: 3}}";
          case "CronJob" -> "{spec: {schedule: '0 0 2 1 *'}}";
          case "Job" -> "{spec: {parallelism: 2}}";
          default -> "{spec: {minReadySeconds: 5}}";
        };
    Answer changed = api.patch(ApiServer.path(object), change);
    assertThat(changed.isAccepted()).isTrue();
    assertThat(changed.advice()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Deployment", "StatefulSet", "DaemonSet", "CronJob"})
  void a_change_of_the_template_is_advised_on(String kind) {
    ObjectNode object = workload(kind, name(kind, "changes"), PLAIN);
    api.create(object).object();
    String template = "{template: {metadata: {annotations: {a: b}}}}";

    Answer changed =
        api.patch(
            ApiServer.path(object),
            kind.equals("CronJob")
                ? "{spec: {jobTemplate: {spec: " + template + "}}}"
                : "{spec: " + template + "}");

    assertThat(changed.isAccepted()).isTrue();
    assertReadable(changed.advice());
  }

  @Test
  void the_fewest_and_most_useful_lines_are_kept_of_many() {
    ObjectNode object = workload("Deployment", "many", PLAIN);
    ObjectNode annotations = object.withObject("/spec/template/metadata/annotations");
    for (String key : List.of("pre-stop", "shutdown", "startup-probe", "readiness-probe", "init")) {
      annotations.put("holdfast.dev/" + key + ".web", "nonsense");
    }
    annotations.put("holdfast.dev/unheard-of", "x");
    annotations.put("holdfast.dev/skip", "no-such-rule");

    Answer created = api.create(object);

    assertThat(created.isAccepted()).isTrue();
    assertReadable(created.advice());
    assertThat(created.advice().get(0)).contains("pre-stop");
    assertThat(created.advice()).anyMatch(line -> line.contains("nonsense"));
  }

  @Test
  void a_template_that_cannot_be_followed_is_allowed_and_told_of() {
    ObjectNode object = workload("Deployment", "bad", HARDENED);
    object.withObject("/spec/template/metadata/annotations").put("holdfast.dev/pre-stop", "soon");

    Answer created = api.create(object);

    assertThat(created.isAccepted()).isTrue();
    assertReadable(created.advice());
    assertThat(created.advice().get(0)).contains("holdfast.dev/pre-stop", "soon");
  }

  @Test
  void a_refusal_of_the_api_server_stays_its_own() {
    Answer refused =
        api.create(workload("Deployment", "refused", "{containers: [{name: 'A_B', image: i}]}"));

    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.body().path("message").asText()).doesNotContain("webhook");
  }

  @Test
  void nothing_is_said_in_a_namespace_that_is_left_alone() {
    ObjectNode object = workload("Deployment", "left-alone", PLAIN);
    object.withObject("/metadata").put("namespace", OFF);

    assertThat(api.create(object).advice()).isEmpty();
  }

  @Test
  void it_is_what_the_pods_get() {
    ObjectNode object = workload("Deployment", "same", PLAIN);
    List<String> advice = api.create(object).advice();

    JsonNode pod =
        await()
            .until(
                () ->
                    api.get("/api/v1/namespaces/" + NAMESPACE + "/pods?labelSelector=app%3Dsame")
                        .body()
                        .at("/items/0"),
                JsonNode::isObject);
    String hardened = pod.at("/metadata/annotations").path("holdfast.dev/hardened").asText();
    assertThat(hardened).isNotEmpty();
    assertThat(hardened.split(",")).allMatch(rule -> advice.get(0).contains(rule.trim()));
  }
}
