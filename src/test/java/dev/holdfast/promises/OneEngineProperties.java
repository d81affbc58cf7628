package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.admission.TestWebhook;
import dev.holdfast.cli.TestCommand;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Promise 7, one engine: the webhook and the command line give what the engine gives. The webhook
 * tries 600 pods; the commands, which read files and set up options each time, try {@value
 * #COMMANDS} each.
 */
class OneEngineProperties {
  private static final int COMMANDS = 200;

  private static Path policyFile;

  @BeforeContainer
  static void makeRoomForPolicies() throws IOException {
    policyFile = Files.createTempFile("policies-", ".yaml");
  }

  @AfterContainer
  static void cleanUp() throws IOException {
    Files.delete(policyFile);
  }

  @Property
  void the_webhook_says_what_the_engine_says(@ForAll(supplier = Cases.Any.class) Case c)
      throws IOException {
    assertThatWebhookAgrees(c);
  }

  @Property
  void the_webhook_allows_garbage_and_says_of_it_what_the_engine_says(
      @ForAll(supplier = Cases.Garbage.class) Case c) throws IOException {
    assertThatWebhookAgrees(c);
  }

  @Property(tries = COMMANDS)
  void harden_prints_the_patch_of_a_pod_that_the_engine_makes(
      @ForAll(supplier = Cases.Valid.class) Case given) throws IOException {
    Case c = asFile(given).with(document -> document.remove("workload"));
    ArrayNode manifests = manifests(c, c.pod());
    JsonNode patch = lines(c, manifests).get(0);
    assertThatSame(patch, Case.json(c.harden().patch()));
  }

  @Property(tries = COMMANDS)
  void harden_prints_the_patch_of_a_template_that_the_engine_makes(
      @ForAll(supplier = Cases.Valid.class) Case given) throws IOException {
    Case c =
        asFile(given)
            .with(
                document -> {
                  ObjectNode workload = document.withObject("/workload");
                  workload.put("kind", workload.path("kind").asText("Deployment"));
                  workload.put("name", "web");
                  if (workload.path("selector").isEmpty()) {
                    workload.set("selector", Dice.read("{'matchLabels':{'app':'web'}}"));
                  }
                  if (!workload.has("replicas")) {
                    workload.put("replicas", 2);
                  }
                  if (workload.path("kind").asText().matches("DaemonSet|Job")) {
                    workload.put("kind", "DaemonSet").remove("replicas");
                  }
                });
    JsonNode workload = c.document().path("workload");
    ObjectNode object = Dice.object();
    object.put("apiVersion", "apps/v1").set("kind", workload.get("kind"));
    object.putObject("metadata").set("name", workload.get("name"));
    ObjectNode spec = object.putObject("spec");
    spec.set("selector", workload.get("selector"));
    if (workload.has("replicas")) {
      spec.set("replicas", workload.get("replicas"));
    }
    ObjectNode template = c.pod().deepCopy();
    template.remove(List.of("apiVersion", "kind"));
    spec.set("template", template);
    JsonNode patch = lines(c, manifests(c, object)).get(0);
    List<PatchOperation> expected = new ArrayList<>();
    for (PatchOperation operation : c.withPod(template).harden().patch()) {
      expected.add(
          new PatchOperation(
              operation.op(), "/spec/template" + operation.path(), operation.value()));
    }
    assertThatSame(patch, Case.json(expected));
  }

  @Property(tries = COMMANDS)
  void harden_prints_the_pod_that_the_patch_makes(@ForAll(supplier = Cases.Valid.class) Case given)
      throws IOException {
    Case c = asFile(given).with(document -> document.remove("workload"));
    String json = command(c, manifests(c, c.pod()), "json");
    JsonNode printed = Case.JSON.readTree(json);
    JsonNode pod = printed.path("kind").asText().equals("List") ? printed.at("/items/0") : printed;
    assertThatSame(pod, c.patched(c.harden()));
  }

  @Property(tries = COMMANDS)
  void harden_keeps_every_number_and_field_of_a_json_file_as_it_is_written(
      @ForAll(supplier = Cases.Valid.class) Case given) throws IOException {
    Case c =
        asFile(given)
            .with(
                document -> {
                  document.remove("workload");
                  document.remove("services");
                });
    JsonNode printed = Case.JSON.readTree(command(c, c.pod() + "\n", "yaml"));
    assertThatSame(printed, c.patched(c.harden()));
    assertThat(AddOnlyProperties.original(c.pod(), printed, "").toString())
        .isEqualTo(c.pod().toString());
  }

  private static void assertThatWebhookAgrees(Case c) throws IOException {
    Assume.that(hasOnlyNumbersOfGo(c));
    ObjectNode review = Dice.object();
    review.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
    ObjectNode request = review.putObject("request");
    request.put("uid", "0-1").put("operation", "CREATE").put("namespace", c.namespace());
    request.putObject("kind").put("group", "").put("version", "v1").put("kind", "Pod");
    request.set("object", c.pod());
    byte[] answer =
        TestWebhook.answer(new Hardener(c.policies(), Case.OWN_NAMESPACE), c.facts(), review);
    JsonNode response = Case.JSON.readTree(answer).path("response");
    Outcome outcome = c.harden();
    assertThat(response.path("allowed").booleanValue()).isTrue();
    if (outcome.patch().isEmpty()) {
      assertThat(response.has("patch")).isFalse();
      assertThat(response.has("patchType")).isFalse();
    } else {
      assertThat(response.path("patchType").asText()).isEqualTo("JSONPatch");
      assertThatSame(
          Case.JSON.readTree(response.path("patch").binaryValue()), Case.json(outcome.patch()));
    }
  }

  /** Whether kubectl and the API server can read the numbers: 1e400 is none to them. */
  private static boolean hasOnlyNumbersOfGo(Case c) {
    return !c.toString().contains("E+400");
  }

  /** The same JSON, where 1.0 is 1: numbers are read as kubectl reads them. */
  private static void assertThatSame(JsonNode actual, JsonNode expected) {
    assertThat(actual.equals(OneEngineProperties::compare, expected))
        .as("%s should be%n%s", actual, expected)
        .isTrue();
  }

  private static int compare(JsonNode left, JsonNode right) {
    if (left.isNumber() && right.isNumber()) {
      return Double.compare(left.doubleValue(), right.doubleValue());
    }
    return left.equals(right) ? 0 : 1;
  }

  /** The case as the command line can be told of it: no namespace but by option, one version. */
  private static Case asFile(Case given) {
    Assume.that(!given.namespace().isEmpty() && !given.policies().isEmpty());
    Assume.that(hasOnlyNumbersOfGo(given));
    return given.with(
        document -> {
          document.remove("kubelet");
          if (document.path("pod").path("metadata") instanceof ObjectNode metadata) {
            metadata.remove("namespace");
          }
          if (document.path("pod") instanceof ObjectNode pod) {
            pod.put("apiVersion", "v1").put("kind", "Pod");
          }
        });
  }

  private static ArrayNode manifests(Case c, JsonNode object) {
    ArrayNode manifests = Dice.NODES.arrayNode().add(object);
    c.document().path("services").forEach(manifests::add);
    return manifests;
  }

  private static List<JsonNode> lines(Case c, ArrayNode manifests) throws IOException {
    List<JsonNode> patches = new ArrayList<>();
    for (String line : command(c, manifests, "patch").lines().toList()) {
      patches.add(Case.JSON.readTree(line));
    }
    return patches;
  }

  private static String command(Case c, ArrayNode manifests, String output) throws IOException {
    StringBuilder input = new StringBuilder();
    for (JsonNode manifest : manifests) {
      input.append("---\n").append(manifest).append('\n');
    }
    return command(c, input.toString(), output);
  }

  private static String command(Case c, String input, String output) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("harden", "-o", output, "-n", c.namespace()));
    arguments.addAll(List.of("--kubernetes-version", c.facts().apiServer().toString()));
    c.facts()
        .namespaceLabels()
        .forEach(
            (key, value) -> arguments.addAll(List.of("--namespace-labels", key + "=" + value)));
    Optional<String> policies = policies(c);
    if (policies.isPresent()) {
      Files.writeString(policyFile, policies.get());
      arguments.addAll(List.of("--policy", policyFile.toString()));
    }
    return TestCommand.output(input, arguments.toArray(String[]::new));
  }

  private static Optional<String> policies(Case c) {
    if (!c.document().has("policies")) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder();
    c.document()
        .path("policies")
        .forEach(policy -> text.append("---\n").append(policy).append('\n'));
    return Optional.of(text.toString());
  }
}
