package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuditCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String POD =
      """
      apiVersion: v1
      kind: List
      items:
        - apiVersion: v1
          kind: Pod
          metadata:
            name: web
            namespace: shop
            annotations:
              holdfast.dev/pre-stop: "1%"
          spec:
            containers:
              - name: app
                image: registry.example/web:1
                resources: {requests: {memory: 1Gi}, limits: {memory: 1Gi}}
            terminationGracePeriodSeconds: 30
      """;

  /** Nothing to change, and findings of one severity at most. */
  private static final String QUIET =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web}
      spec:
        terminationGracePeriodSeconds: 60
        priorityClassName: high
        containers:
          - name: app
            image: registry.example/web:1
            lifecycle: {preStop: {sleep: {seconds: 10}}}
            resources: {requests: {memory: 1Gi}, limits: {memory: 1Gi}}
      """;

  private static JsonNode json(String format) throws IOException {
    return JSON.readTree(
        Invocation.piping(POD).run("audit", "-o", format, "--profile", "minimal").out());
  }

  @Test
  void the_table_says_where_what_and_which_rule_explains_it() {
    var result = Invocation.piping(POD).run("audit", "--profile", "minimal");

    assertThat(result)
        .isEqualTo(
            new Invocation.Result(
                1,
                """
                Pod shop/web
                  stdin:10:9   warning  pod                holdfast.dev/pre-stop: "1%" is ignored: expected a duration like 15s, drain or off at /metadata/annotations/holdfast.dev~1pre-stop
                  stdin:13:11  warning  pre-stop           would set /spec/containers/0/lifecycle/preStop: pauses 10 s before SIGTERM, while traffic moves to other pods
                  stdin:16:7   warning  termination-grace  would set /spec/terminationGracePeriodSeconds: raises the grace period from 30 s to 40 s: 10 s pause, 30 s shutdown

                pod: https://holdfast.dev/reference/annotations
                pre-stop: https://holdfast.dev/rules/pre-stop
                termination-grace: https://holdfast.dev/rules/termination-grace

                0 errors, 3 warnings, 0 info in 1 object with pods
                """,
                ""));
  }

  @Test
  void json_has_every_field() throws IOException {
    JsonNode document = json("json");

    assertThat(document.get("summary").toString())
        .isEqualTo("{\"objects\":1,\"info\":0,\"warning\":3,\"error\":0}");
    assertThat(document.get("findings").get(1).toString())
        .isEqualTo(
            "{\"file\":\"stdin\",\"line\":13,\"column\":11,\"kind\":\"Pod\",\"namespace\":\"shop\","
                + "\"name\":\"web\",\"severity\":\"warning\",\"rule\":\"pre-stop\","
                + "\"reason\":\"would-change\",\"pointer\":\"/spec/containers/0/lifecycle/preStop\","
                + "\"message\":\"pauses 10 s before SIGTERM, while traffic moves to other pods\","
                + "\"documentation\":\"https://holdfast.dev/rules/pre-stop\","
                + "\"value\":{\"sleep\":{\"seconds\":10}}}");
  }

  @Test
  void yaml_says_the_same_as_json() throws IOException {
    String yaml = Invocation.piping(POD).run("audit", "-o", "yaml", "--profile", "minimal").out();

    assertThat(new YAMLMapper().readTree(yaml)).isEqualTo(json("json"));
  }

  @Test
  void sarif_has_the_structure_of_2_1_0() throws IOException {
    JsonNode sarif = json("sarif");

    assertThat(sarif.get("version").asText()).isEqualTo("2.1.0");
    assertThat(sarif.get("$schema").asText()).endsWith("sarif-schema-2.1.0.json");
    assertThat(names(sarif)).containsExactly("$schema", "runs", "version");
    JsonNode run = sarif.at("/runs/0");
    assertThat(names(run)).containsExactly("columnKind", "results", "tool");
    assertThat(run.get("columnKind").asText()).isEqualTo("unicodeCodePoints");
    JsonNode driver = run.at("/tool/driver");
    assertThat(names(driver)).containsExactly("informationUri", "name", "rules", "version");
    for (JsonNode rule : driver.get("rules")) {
      assertThat(names(rule)).containsExactly("helpUri", "id", "shortDescription");
      assertThat(rule.at("/shortDescription/text").asText()).isNotBlank();
      assertThat(rule.get("helpUri").asText()).startsWith("https://holdfast.dev/");
    }
    assertThat(run.get("results")).hasSize(3);
    for (JsonNode result : run.get("results")) {
      assertThat(names(result))
          .containsExactly("level", "locations", "message", "properties", "ruleId", "ruleIndex");
      assertThat(driver.get("rules").get(result.get("ruleIndex").intValue()).get("id"))
          .isEqualTo(result.get("ruleId"));
      assertThat(result.get("level").asText()).isIn("note", "warning", "error");
      assertThat(result.at("/message/text").asText()).startsWith("Pod shop/web: ");
      JsonNode place = result.at("/locations/0/physicalLocation");
      assertThat(place.at("/artifactLocation/uri").asText()).isEqualTo("stdin");
      assertThat(place.at("/region/startLine").intValue()).isPositive();
      assertThat(place.at("/region/startColumn").intValue()).isPositive();
    }
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void sarif_writes_paths_as_uris(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("a b%ü.yaml"), POD);

    var result = Invocation.of("audit", "-o", "sarif", "-f", file.toString());

    assertThat(JSON.readTree(result.out()).findValue("uri").asText())
        .isEqualTo("file://" + folder + "/a%20b%25%C3%BC.yaml");
  }

  @Test
  void sarif_of_nothing_is_sarif() throws IOException {
    JsonNode sarif = JSON.readTree(Invocation.piping("a: 1\n").run("audit", "-o", "sarif").out());

    assertThat(sarif.at("/runs/0/results").isArray()).isTrue();
    assertThat(sarif.at("/runs/0/results")).isEmpty();
  }

  @Test
  void github_gets_annotations_with_its_escapes(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("a,b:c%.yaml"), POD);

    var result =
        Invocation.of("audit", "-o", "github", "--profile", "minimal", "-f", file.toString());

    assertThat(result.out().lines().toList().get(0))
        .isEqualTo(
            "::warning file="
                + folder
                + "/a%2Cb%3Ac%25.yaml,line=10,col=9,title=holdfast pod%3Aunreadable-annotation::"
                + "Pod shop/web: holdfast.dev/pre-stop: \"1%25\" is ignored: expected a duration like"
                + " 15s, drain or off (https://holdfast.dev/reference/annotations)");
  }

  @ParameterizedTest
  @CsvSource({
    "info, 1, 1, 0",
    "warning, 1, 0, 0",
    "error, 0, 0, 0",
    "never, 0, 0, 0",
  })
  void fails_from_the_given_severity_on(String failOn, int warnings, int info, int nothing) {
    String withInfo = QUIET.replace("  priorityClassName: high\n", "");

    assertThat(Invocation.piping(POD).run("audit", "--fail-on", failOn).code()).isEqualTo(warnings);
    assertThat(Invocation.piping(withInfo).run("audit", "--fail-on", failOn).code())
        .isEqualTo(info);
    assertThat(Invocation.piping(QUIET).run("audit", "--fail-on", failOn).code())
        .isEqualTo(nothing);
  }

  @Test
  void what_only_would_change_in_audit_counts_too() {
    String audited =
        POD.replace(
                "      namespace: shop\n",
                "      namespace: shop\n      labels: {holdfast.dev/mode: audit}\n")
            .replace("\"1%\"", "12s");

    var result = Invocation.piping(audited).run("audit");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).contains("would set /spec/containers/0/lifecycle/preStop");
  }

  @Test
  void bad_input_is_told_and_the_rest_is_audited_nevertheless(@TempDir Path folder)
      throws IOException {
    Files.writeString(folder.resolve("bad.yaml"), "a: [\n");
    Files.writeString(folder.resolve("good.yaml"), POD);

    var result = Invocation.of("audit", "-f", folder.toString());

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).startsWith(folder + "/bad.yaml:2:");
    assertThat(result.out()).contains("good.yaml:13:11");
  }

  @Test
  void colours_are_for_terminals_only_and_never_with_no_color() {
    for (List<String> command :
        List.of(
            List.of("audit"),
            List.of("harden", "-o", "diff"),
            List.of("harden", "-o", "summary"),
            List.of("--help"))) {
      String[] arguments = command.toArray(String[]::new);
      String plain = Invocation.piping(POD).run(arguments).out();
      String coloured = Invocation.piping(POD).onTerminals(1).run(arguments).out();

      assertThat(plain).doesNotContain("\u001b");
      assertThat(coloured).contains("\u001b[");
      assertThat(coloured.replaceAll("\u001b\\[[0-9;]*m", "")).isEqualTo(plain);
      assertThat(Invocation.piping(POD).onTerminals(1).with("NO_COLOR", "1").run(arguments).out())
          .isEqualTo(plain);
      assertThat(Invocation.piping(POD).onTerminals(1).with("TERM", "dumb").run(arguments).out())
          .isEqualTo(plain);
      assertThat(Invocation.piping(POD).onTerminals(1).with("NO_COLOR", "").run(arguments).out())
          .isEqualTo(coloured);
      assertThat(Invocation.piping(POD).onTerminals(2).run(arguments).out()).isEqualTo(plain);
    }
  }
}
