package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.cluster.MockApiServer;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyCommandTest {
  @ParameterizedTest
  @ValueSource(strings = {"minimal", "standard", "full"})
  void what_show_prints_is_the_same_policy(String profile, @TempDir Path folder)
      throws IOException {
    Path shown = folder.resolve("shown.yaml");
    Files.writeString(shown, Invocation.of("policy", "show", "--profile", profile).out());
    String pod =
        "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {holdfast.dev/startup-probe:"
            + " 'http:80/x', holdfast.dev/anti-affinity: preferred}}, spec: {containers: [{name: a}]}}";

    assertThat(
            Invocation.piping(pod).run("harden", "-o", "patch", "--policy", shown.toString()).out())
        .isEqualTo(Invocation.piping(pod).run("harden", "-o", "patch", "--profile", profile).out())
        .contains("startupProbe");
  }

  private static final String POLICY =
      """
      apiVersion: holdfast.dev/v1alpha1
      kind: HardeningPolicy
      metadata: {name: %s}
      spec:
        profile: minimal
        priority: %s
        rules:
          preStop: {sleepSeconds: 25}
          terminationGrace: {mode: Audit}
      """;

  @TempDir private Path folder;

  private String write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  @Test
  void validate_names_good_policies_and_everything_wrong_with_bad_ones() throws IOException {
    String good = write("good.yaml", POLICY.formatted("a", 1) + "---\n" + POLICY.formatted("b", 2));
    String bad =
        write(
            "bad.yaml", POLICY.formatted("c", 3).replace("25", "never").replace("minimal", "huge"));
    String broken = write("broken.yaml", "a: [\n");

    var result = Invocation.of("policy", "validate", good, bad, broken, folder + "/none");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEqualTo(good + ": a is good\n" + good + ": b is good\n");
    assertThat(result.err().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith(bad + ":5:12: ").contains("minimal"),
            line -> assertThat(line).startsWith(bad + ":8:29: "),
            line -> assertThat(line).startsWith(broken + ":2:"),
            line -> assertThat(line).isEqualTo(folder + "/none: no such file or directory"));
    assertThat(Invocation.of("policy", "validate", good).code()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal", "standard", "full"})
  void show_spells_a_profile_out_so_that_it_is_a_valid_policy(String profile) throws Exception {
    String shown = Invocation.of("policy", "show", "--profile", profile).out();

    HardeningPolicy policy = PolicyLoader.load("shown", shown.getBytes()).get(0);
    assertThat(policy.profile().name()).isEqualToIgnoringCase(profile);
    assertThat(shown).contains("sleepSeconds: 10").contains("whenUnsatisfiable: ScheduleAnyway");
  }

  @Test
  void show_prints_the_default_without_options() {
    assertThat(Invocation.of("policy", "show"))
        .isEqualTo(Invocation.of("policy", "show", "--profile", "standard"));
  }

  @Test
  void show_prints_all_policies_of_all_files() throws IOException {
    String one = write("one.yaml", POLICY.formatted("a", 1));
    String two = write("two.yaml", POLICY.formatted("b", 2));

    String yaml = Invocation.of("policy", "show", "--policy", one, "--policy", two).out();
    String json =
        Invocation.of("policy", "show", "--policy", one, "--policy", two, "-o", "json").out();

    var ofYaml = new YAMLMapper().readerFor(JsonNode.class).<JsonNode>readValues(yaml).readAll();
    var ofJson = new ObjectMapper().readerFor(JsonNode.class).<JsonNode>readValues(json).readAll();
    assertThat(ofYaml).hasSize(2).isEqualTo(ofJson);
    assertThat(ofYaml.get(1).at("/spec/priority").intValue()).isEqualTo(2);
    assertThat(ofYaml.get(1).at("/spec/rules/preStop/sleepSeconds").intValue()).isEqualTo(25);
  }

  @Test
  void explain_says_which_policy_applies_in_which_mode_and_why() throws IOException {
    String low = write("low.yaml", POLICY.formatted("low", 1));
    String high = write("high.yaml", POLICY.formatted("high", 2));
    String pod =
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          annotations:
            other/annotation: x
            holdfast.dev/skip: termination-grace
            holdfast.dev/anti-affinity: required
            holdfast.dev/wait-for: tcp://db:5432
            holdfast.dev/shutdown: soon
        spec: {containers: [{name: a}]}
        """;

    var result =
        Invocation.piping(pod)
            .run(
                "policy", "explain", "-n", "shop", "--pod", "-", "--policy", low, "--policy", high);

    assertThat(result)
        .isEqualTo(
            new Invocation.Result(
                0,
                """
                Pod shop/web
                  policy: high
                  mode:   Enforce: policy high decides
                  rules:
                    init               Off      neither profile nor annotation asks for it
                    wait-for           Off      this version does not have it
                    stop-signal        Off      neither profile nor annotation asks for it
                    pre-stop           Enforce  the profile has it
                    termination-grace  Off      the pod's annotation skips it
                    readiness-probe    Off      neither profile nor annotation asks for it
                    startup-probe      Off      neither profile nor annotation asks for it
                    probe-timeout      Off      neither profile nor annotation asks for it
                    anti-affinity      Enforce  an annotation of the pod asks for it
                    topology-spread    Off      neither profile nor annotation asks for it
                    disruption-budget  Off      neither profile nor annotation asks for it
                    liveness-probe     Off      neither profile nor annotation asks for it
                    memory-limit       Off      neither profile nor annotation asks for it
                    replicas           Off      neither profile nor annotation asks for it
                    priority-class     Off      neither profile nor annotation asks for it
                  annotations:
                    holdfast.dev/skip: termination-grace
                    holdfast.dev/anti-affinity: required
                    holdfast.dev/wait-for: tcp://db:5432
                    holdfast.dev/shutdown: soon
                  not followed:
                    holdfast.dev/shutdown: soon: expected a duration from 1s to 1h, like 45s
                """,
                ""));
  }

  @Test
  void explain_says_which_rule_gives_way_and_what_the_policy_lowers() throws IOException {
    String policy =
        write(
            "policy.yaml",
            """
            apiVersion: holdfast.dev/v1alpha1
            kind: HardeningPolicy
            metadata: {name: a}
            spec: {profile: full, rules: {preStop: {mode: Audit}, antiAffinity: {}}}
            """);
    String pod =
        "{apiVersion: v1, kind: Pod, metadata: {annotations: {holdfast.dev/anti-affinity: preferred}}, spec: {containers: [{name: a}]}}";

    String out =
        Invocation.piping(pod).run("policy", "explain", "--pod", "-", "--policy", policy).out();

    assertThat(out)
        .contains("    pre-stop           Audit    the policy says so\n")
        .contains("    anti-affinity      Enforce  an annotation of the pod asks for it\n")
        .contains(
            "    topology-spread    Off      the other rule that spreads replicas takes its place\n");
  }

  @Test
  void explain_says_why_a_pod_is_left_alone() throws IOException {
    String template = "{apiVersion: v1, kind: Pod, metadata: %s, spec: %s}\n---\n";
    String pods =
        template.formatted("{namespace: kube-system}", "{containers: [{name: a}]}")
            + template.formatted(
                "{labels: {holdfast.dev/mode: 'off'}}", "{containers: [{name: a}]}")
            + template.formatted("{labels: 7}", "{containers: [{name: a}]}");

    String out = Invocation.piping(pods).run("policy", "explain", "--pod", "-").out();

    assertThat(out)
        .contains("  policy: none\n  mode:   Off: namespace kube-system is of the control plane\n")
        .contains("  policy: default\n  mode:   Off: the pod's mode label decides\n")
        .contains("  mode:   Off: the pod cannot be read: ");
  }

  @Test
  void explain_agrees_with_the_engine_about_namespaces() throws IOException {
    String pod = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}";

    var result =
        Invocation.piping(pod)
            .run(
                "policy", "explain", "--pod", "-", "--namespace-labels", "holdfast.dev/mode=audit");

    assertThat(result.out()).contains("  mode:   Audit: the namespace's mode label decides\n");
  }

  @Test
  void explain_needs_a_pod() {
    var result = Invocation.piping("kind: Service\n").run("policy", "explain", "--pod", "-");

    assertThat(result)
        .isEqualTo(new Invocation.Result(2, "", "-: there is no pod or workload here\n"));
  }

  @Test
  void explain_asks_the_cluster_of_the_kubeconfig_as_the_webhook_does() throws IOException {
    String pod = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}";
    try (MockApiServer api = new MockApiServer()) {
      api.create("{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {team: a}}}");
      api.createPolicy(
          policy("of-team-a", "namespaceSelector: {matchLabels: {team: a}}, mode: Audit"));
      api.createPolicy(policy("broken", "profile: huge"));
      api.refuse("/api/v1/nodes", 403);
      String kubeconfig = api.kubeconfig(folder).toString();

      var result =
          Invocation.piping(pod)
              .with("KUBECONFIG", kubeconfig)
              .run("policy", "explain", "-n", "shop", "--pod", "-");

      assertThat(result.err()).isEmpty();
      assertThat(result.code()).isZero();
      assertThat(result.out())
          .startsWith("cluster " + api.server().url("/") + "\n")
          .contains("  not known: nodes: not permitted (403)\n")
          .contains("  not used: HardeningPolicy broken: /spec/profile: ")
          .contains("  policy: of-team-a\n  mode:   Audit: policy of-team-a decides\n");
      assertThat(
              Invocation.piping(pod)
                  .with("KUBECONFIG", kubeconfig)
                  .run("policy", "explain", "-n", "shop", "--pod", "-", "--no-cluster")
                  .out())
          .startsWith("Pod shop/")
          .contains("  policy: default\n");
      assertThat(
              Invocation.piping(pod)
                  .with("KUBECONFIG", kubeconfig)
                  .run("policy", "explain", "--cluster", "--pod", "-", "--profile", "minimal")
                  .out())
          .startsWith("cluster ")
          .contains("  policy: default\n");
    }
  }

  private static String policy(String name, String spec) {
    return "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, metadata: {name: "
        + name
        + "}, spec: {"
        + spec
        + "}}";
  }

  @Test
  void explain_says_which_cluster_does_not_answer() throws IOException {
    String kubeconfig;
    try (MockApiServer api = new MockApiServer()) {
      kubeconfig = api.kubeconfig(folder).toString();
    }

    var result =
        Invocation.piping("{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}")
            .with("KUBECONFIG", kubeconfig)
            .run("policy", "explain", "--pod", "-");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err())
        .startsWith("the cluster at http")
        .contains("does not answer: ")
        .endsWith("; --no-cluster does without\n");
  }

  @Test
  void explain_says_that_a_kubeconfig_cannot_be_read() throws IOException {
    var result =
        Invocation.piping("{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}")
            .with("KUBECONFIG", write("kubeconfig", "clusters: {a: [\n"))
            .run("policy", "explain", "--pod", "-");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).startsWith("the kubeconfig cannot be read: ").hasLineCount(1);
  }

  @Test
  void explain_does_not_take_a_kubeconfig_that_is_not_there_for_no_cluster() {
    String missing = folder.resolve("mistyped").toString();
    Invocation invocation =
        Invocation.piping("{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}")
            .with("KUBECONFIG", missing);

    var result = invocation.run("policy", "explain", "--pod", "-");

    assertThat(result)
        .isEqualTo(
            new Invocation.Result(
                2,
                "",
                "the kubeconfig cannot be read: KUBECONFIG names no file that is there: "
                    + missing
                    + "; --no-cluster does without\n"));
  }

  @Test
  void explain_asks_no_cluster_that_a_blank_kubeconfig_names() {
    var result =
        Invocation.piping("{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}")
            .with("KUBECONFIG", " ")
            .run("policy", "explain", "--pod", "-");

    assertThat(result.code()).isZero();
  }
}
