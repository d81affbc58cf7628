package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.cluster.NoCluster;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.oracle.StrictJsonPatch;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReviewHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final ClusterFacts FACTS = ClusterFacts.of(ClusterFacts.DEFAULT_VERSION);
  private static final String POD =
      "{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'web'}]}}";

  private final List<String> observed = new ArrayList<>();
  private final ReviewHandler handler = handler(PolicyLoader.embedded());

  private ReviewHandler handler(HardeningPolicy policy) {
    return handler(new Hardener(List.of(policy), "holdfast-system")::harden);
  }

  private ReviewHandler handler(ReviewHandler.Engine engine) {
    return new ReviewHandler(
        engine,
        new NoCluster(FACTS),
        new ReviewObserver() {
          @Override
          public void reviewed(String uid, String namespace, Outcome outcome, long nanoseconds) {
            observed.add("reviewed " + uid + " " + namespace);
          }

          @Override
          public void passedOver() {
            observed.add("passed over");
          }

          @Override
          public void refused() {
            observed.add("refused");
          }

          @Override
          public void failed(String uid, String namespace, Throwable failure) {
            observed.add("failed " + uid);
          }
        });
  }

  private static HardeningPolicy policy(String spec) throws Exception {
    String text =
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: p }\nspec: { "
            + spec
            + " }\n";
    return PolicyLoader.load("p", text.getBytes(StandardCharsets.UTF_8)).get(0);
  }

  private static String review(String object) {
    return ("{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{'uid':'u-1',"
            + "'kind':{'group':'','version':'v1','kind':'Pod'},'operation':'CREATE',"
            + "'namespace':'shop','object':"
            + object
            + "}}")
        .replace('\'', '"');
  }

  private Answer send(String body) {
    return handler.review("application/json", body.getBytes(StandardCharsets.UTF_8));
  }

  private static JsonNode response(Answer answer) throws IOException {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.contentType()).isEqualTo("application/json");
    JsonNode review = JSON.readTree(answer.body());
    assertThat(review.path("apiVersion").asText()).isEqualTo("admission.k8s.io/v1");
    assertThat(review.path("kind").asText()).isEqualTo("AdmissionReview");
    JsonNode response = review.path("response");
    assertThat(response.path("uid").asText()).isEqualTo("u-1");
    assertThat(response.path("allowed")).isEqualTo(JSON.readTree("true"));
    assertThat(response.has("patch")).isEqualTo(response.has("patchType"));
    return response;
  }

  private static JsonNode patch(JsonNode response) throws IOException {
    return JSON.readTree(Base64.getDecoder().decode(response.path("patch").textValue()));
  }

  @Test
  void answers_with_the_patch_that_hardens_the_pod() throws Exception {
    JsonNode response = response(send(review(POD)));
    assertThat(response.path("patchType").asText()).isEqualTo("JSONPatch");
    JsonNode hardened =
        StrictJsonPatch.apply(JSON.readTree(POD.replace('\'', '"')), patch(response));
    assertThat(hardened.at("/spec/containers/0/lifecycle/preStop/sleep/seconds").asInt())
        .isEqualTo(10);
    assertThat(hardened.at("/spec/terminationGracePeriodSeconds").asInt()).isEqualTo(40);
    assertThat(observed).containsExactly("reviewed u-1 shop");
  }

  @Test
  void the_same_pod_again_needs_no_patch_and_says_the_same() throws Exception {
    JsonNode first = response(send(review(POD)));
    JsonNode hardened = StrictJsonPatch.apply(JSON.readTree(POD.replace('\'', '"')), patch(first));
    JsonNode second = response(send(review(hardened.toString())));
    assertThat(second.has("patch")).isFalse();
    assertThat(second.path("auditAnnotations")).isEqualTo(first.path("auditAnnotations"));
  }

  static Stream<Path> goldenPods() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test/resources/golden"))) {
      return files.filter(file -> file.endsWith("pod.yaml")).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("goldenPods")
  void any_pod_again_needs_no_patch_and_its_changes_are_told_again(Path file) throws Exception {
    JsonNode pod = YAML.readTree(Files.readAllBytes(file));
    JsonNode first = response(send(review(pod.toString())));
    JsonNode hardened = first.has("patch") ? StrictJsonPatch.apply(pod, patch(first)) : pod;
    JsonNode second = response(send(review(hardened.toString())));
    assertThat(second.has("patch")).isFalse();
    assertThat(second.path("auditAnnotations")).isEqualTo(first.path("auditAnnotations"));
  }

  @Test
  void annotates_the_audit_log() throws Exception {
    JsonNode annotations = response(send(review(POD))).path("auditAnnotations");
    assertThat(annotations.toString())
        .isEqualTo(
            "{\"mode\":\"enforce\",\"policy\":\"default\","
                + "\"rules\":\"pre-stop,termination-grace\","
                + "\"findings\":\"memory-limit:no-limit,priority-class:none\"}");
  }

  @Test
  void audit_tells_each_change_with_rule_pointer_reason_and_link_and_makes_none() throws Exception {
    JsonNode response =
        response(
            handler(policy("profile: minimal, mode: Audit"))
                .review("application/json", review(POD).getBytes(StandardCharsets.UTF_8)));
    assertThat(response.has("patch")).isFalse();
    assertThat(response.path("warnings")).hasSize(2);
    assertThat(response.at("/warnings/0").asText())
        .startsWith("holdfast: would set /spec/containers/0/lifecycle/preStop: pauses ")
        .endsWith("holdfast.dev/rules/pre-stop")
        .hasSizeLessThanOrEqualTo(120);
    assertThat(response.at("/auditAnnotations/mode").asText()).isEqualTo("audit");
    assertThat(response.at("/auditAnnotations/rules").asText())
        .isEqualTo("pre-stop,termination-grace");
  }

  @Test
  void a_dry_run_gets_the_same_answer() throws Exception {
    String dry = review(POD).replace("\"operation\"", "\"dryRun\":true,\"operation\"");
    assertThat(send(dry).body()).isEqualTo(send(review(POD)).body());
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "application/json, 200",
        "Application/JSON, 200",
        "application/json; charset=utf-8, 200",
        " application/json ;x=y, 200",
        "-, 415",
        "'', 415",
        "text/plain, 415",
        "application/jsonx, 415",
        "application/merge-patch+json, 415",
      })
  void takes_json_only(String contentType, int status) {
    assertThat(handler.review(contentType, review(POD).getBytes(StandardCharsets.UTF_8)).status())
        .isEqualTo(status);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "7",
        "[]",
        "{}",
        "{",
        "nonsense",
        "{} {}",
        "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"request\":{\"uid\":\"u\"}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\"}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":null}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":[]}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"\"}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":7}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"\\ud800\"}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"a\\nb\"}}",
        "{\"request\":{\"uid\":\"u\"}}",
      })
  void refuses_what_is_no_review(String body) {
    Answer answer = send(body);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(new String(answer.body(), StandardCharsets.UTF_8))
        .hasLineCount(1)
        .hasSizeLessThan(300);
    assertThat(observed).containsExactly("refused");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"operation\":\"CREATE\" | \"operation\":\"UPDATE\"",
        "\"operation\":\"CREATE\" | \"operation\":\"DELETE\"",
        "\"operation\":\"CREATE\" | \"operation\":\"CONNECT\"",
        "\"operation\":\"CREATE\" | \"operation\":null",
        "\"operation\":\"CREATE\" | \"operation\":\"CREATE\",\"subResource\":\"eviction\"",
        "\"kind\":\"Pod\" | \"kind\":\"Deployment\"",
        "\"version\":\"v1\" | \"version\":\"v2\"",
        "\"group\":\"\" | \"group\":\"metrics.k8s.io\"",
      })
  void allows_everything_but_the_creation_of_pods_as_it_is(String from, String to)
      throws Exception {
    String body = review(POD);
    assertThat(body).contains(from);
    JsonNode response = response(send(body.replace(from, to)));
    assertThat(response.has("patch")).isFalse();
    assertThat(response.has("warnings")).isFalse();
    assertThat(observed).containsExactly("passed over");
  }

  @Test
  void an_absent_field_and_null_are_the_same() throws Exception {
    String body =
        review(POD)
            .replace("\"group\":\"\"", "\"group\":null")
            .replace("\"operation\"", "\"subResource\":null,\"operation\"")
            .replace("\"shop\"", "null");
    assertThat(response(send(body)).has("patch")).isTrue();
    assertThat(observed).containsExactly("reviewed u-1 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "7",
        "[]",
        "'text'",
        "{}",
        "{'spec':7}",
        "{'spec':{'containers':'x'}}",
        "{'metadata':[],'spec':{'containers':[{'name':'a'}]}}"
      })
  void allows_what_is_no_pod_with_a_warning(String object) throws Exception {
    JsonNode response = response(send(review(object)));
    assertThat(response.has("patch")).isFalse();
    assertThat(response.path("warnings")).hasSize(1);
    assertThat(response.at("/warnings/0").asText()).startsWith("holdfast: the pod is left alone");
  }

  @Test
  void allows_the_pod_when_we_fail() throws Exception {
    for (Throwable failure :
        List.of(
            new IllegalStateException("secret"),
            new StackOverflowError(),
            new NoClassDefFoundError("secret"))) {
      observed.clear();
      Answer answer =
          handler(
                  (pod, namespace, facts) -> {
                    if (failure instanceof Error error) {
                      throw error;
                    }
                    throw (RuntimeException) failure;
                  })
              .review("application/json", review(POD).getBytes(StandardCharsets.UTF_8));
      assertThat(response(answer).has("patch")).isFalse();
      assertThat(response(answer).path("warnings")).hasSize(1);
      assertThat(new String(answer.body(), StandardCharsets.UTF_8)).doesNotContain("secret");
      assertThat(observed).containsExactly("failed u-1");
    }
  }

  @Test
  void survives_null_in_every_place() throws Exception {
    JsonNode whole = JSON.readTree(review(POD));
    List<String> places = new ArrayList<>();
    collect("", whole, places);
    for (String place : places) {
      JsonNode changed = whole.deepCopy();
      ((ObjectNode) changed.at(place.substring(0, place.lastIndexOf('/'))))
          .putNull(place.substring(place.lastIndexOf('/') + 1));
      assertThat(send(changed.toString()).status()).as(place).isIn(200, 400);
    }
    response(send(review(POD)));
  }

  private static void collect(String at, JsonNode node, List<String> places) {
    node.properties()
        .forEach(
            member -> {
              places.add(at + "/" + member.getKey());
              collect(at + "/" + member.getKey(), member.getValue(), places);
            });
  }

  @Test
  void survives_truncation_anywhere() throws Exception {
    byte[] whole = review(POD).getBytes(StandardCharsets.UTF_8);
    for (int length = 0; length < whole.length; length++) {
      assertThat(handler.review("application/json", Arrays.copyOf(whole, length)).status())
          .isEqualTo(400);
    }
    response(send(review(POD)));
  }

  @Test
  void survives_the_enormous_and_the_hostile() throws Exception {
    assertThat(send("[".repeat(10_000)).status()).isEqualTo(400);
    assertThat(send(review("{'a':".repeat(10_000) + "1" + "}".repeat(10_000))).status())
        .isEqualTo(400);
    assertThat(
            send(review(
                    "{'spec':{'terminationGracePeriodSeconds':1e999,'containers':[{'name':'a'}]}}"))
                .status())
        .isEqualTo(200);
    assertThat(send(review("{'spec':{'x':" + "9".repeat(2000) + "}}")).status()).isEqualTo(400);
    assertThat(send(review("{'spec':1,'spec':{'containers':[{'name':'a'}]}}")).status())
        .isIn(200, 400);
    assertThat(handler.review("application/json", new byte[] {'{', '"', (byte) 0xff}).status())
        .isEqualTo(400);
    assertThat(
            handler
                .review("application/json", new byte[AdmissionRequest.MAX_REVIEW_BYTES + 1])
                .status())
        .isEqualTo(413);
    response(send(review(POD)));
  }

  @Test
  void takes_a_review_of_exactly_the_largest_size() throws Exception {
    String start = review("{'spec':{'containers':[{'name':'web','x':'PADDING'}]}}");
    String padding = "x".repeat(AdmissionRequest.MAX_REVIEW_BYTES - start.length() + 7);
    assertThat(response(send(start.replace("PADDING", padding))).has("patch")).isTrue();
  }
}
