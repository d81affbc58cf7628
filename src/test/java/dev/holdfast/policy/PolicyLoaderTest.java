package dev.holdfast.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.holdfast.policy.RuleSettings.Evidence;
import dev.holdfast.policy.RuleSettings.Strategy;
import dev.holdfast.yaml.YamlWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyLoaderTest {
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String HEAD =
      "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: test }\n";

  private static HardeningPolicy load(String spec) throws PolicyException {
    return PolicyLoader.load("p.yaml", bytes(HEAD + "spec:\n  " + spec + "\n")).get(0);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static PolicyException refused(String text) {
    return catchThrowableOfType(
        PolicyException.class, () -> PolicyLoader.load("p.yaml", bytes(text)));
  }

  /** What an editor would say, by the published schema. */
  private static boolean isValidBySchema(String text) throws Exception {
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(PolicySchema.jsonSchema().toString(), com.networknt.schema.InputFormat.JSON);
    return schema.validate(YAML.readTree(text)).isEmpty();
  }

  @Test
  void the_embedded_default_is_standard_with_the_documented_defaults() {
    HardeningPolicy policy = PolicyLoader.embedded();
    assertThat(policy.name()).isEqualTo("default");
    assertThat(policy.profile()).isEqualTo(Profile.STANDARD);
    assertThat(policy.mode()).isEqualTo(Mode.ENFORCE);
    assertThat(policy.rules().preStop().strategy()).isEqualTo(Strategy.SLEEP);
    assertThat(policy.rules().preStop().sleepSeconds()).isEqualTo(10);
    assertThat(policy.rules().terminationGrace())
        .isEqualTo(new RuleSettings.TerminationGrace(30, 600));
    assertThat(policy.rules().readinessProbe())
        .isEqualTo(
            new RuleSettings.ReadinessProbe(
                List.of(Evidence.ANNOTATION, Evidence.PROBE, Evidence.SERVICE), 5, 3, 3));
    assertThat(policy.rules().topologySpread().whenUnsatisfiable().word())
        .isEqualTo("ScheduleAnyway");
    assertThat(policy.ruleModes()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "MINIMAL, 'pre-stop,termination-grace'",
    "STANDARD,"
        + " 'pre-stop,termination-grace,readiness-probe,startup-probe,probe-timeout,anti-affinity,disruption-budget,liveness-probe,memory-limit,replicas,priority-class'",
    "FULL,"
        + " 'init,stop-signal,pre-stop,termination-grace,readiness-probe,startup-probe,probe-timeout,topology-spread,disruption-budget,liveness-probe,memory-limit,replicas,priority-class'",
  })
  void profiles_have_these_rules_on(Profile profile, String rules) {
    assertThat(Arrays.stream(RuleName.values()).filter(profile::includes).map(RuleName::id))
        .containsExactly(rules.split(","));
  }

  @Test
  void what_the_policy_says_wins_over_profile_and_defaults() throws Exception {
    HardeningPolicy policy =
        load(
            """
            profile: full
              priority: 7
              sidecars: [x]
              rules:
                preStop: { sleepSeconds: 15 }
                replicas: { mode: Off }
                disruptionBudget: { maxUnavailable: 25% }
            """);
    assertThat(policy.rules().preStop().sleepSeconds()).isEqualTo(15);
    assertThat(policy.rules().preStop().strategy()).isEqualTo(Strategy.DRAIN);
    assertThat(policy.rules().terminationGrace().shutdownSeconds()).isEqualTo(30);
    assertThat(policy.rules().disruptionBudget().maxUnavailable()).isEqualTo("25%");
    assertThat(policy.ruleMode(RuleName.REPLICAS)).contains(Mode.OFF);
    assertThat(policy.priority()).isEqualTo(7);
    assertThat(policy.sidecars()).isEqualTo(Set.of("x"));
  }

  @ParameterizedTest
  @EnumSource(Profile.class)
  void a_policy_printed_in_full_says_the_same(Profile profile) throws Exception {
    HardeningPolicy policy = PolicyLoader.ofProfile(profile);
    String printed = YamlWriter.write(PolicyLoader.document(policy));
    assertThat(PolicyLoader.load("printed", bytes(printed)).get(0).rules())
        .isEqualTo(policy.rules());
    assertThat(isValidBySchema(printed)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "profile: minimal",
        "mode: Audit",
        "mode: \"Off\"",
        "scope: OptIn",
        "priority: -1000000",
        "namespaceSelector: { matchLabels: { a.b/c: d, e: '' } }",
        "podSelector: { matchExpressions: [{ key: a, operator: NotIn, values: [b] }] }",
        "podSelector: { matchExpressions: [{ key: a, operator: Exists }, { key: a, operator: Exists }] }",
        "excludeNamespaces: [a, b]",
        "overrides: Denied",
        "rules: {}",
        "rules: { preStop: { drain: { maximumSeconds: 3600 } } }",
        "rules: { readinessProbe: { evidence: [] } }",
        "rules: { disruptionBudget: { maxUnavailable: 100%, kinds: [argoproj.io/Rollout] } }",
        "rules: { init: { registries: [{ host: registry.example, plainHttp: true }] } }",
        "rules: { livenessProbe: { mode: Audit } }",
      })
  void takes_what_is_documented(String spec) throws Exception {
    load(spec);
    assertThat(isValidBySchema(HEAD + "spec:\n  " + spec)).isTrue();
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/policy/refused.txt", delimiter = '|', quoteCharacter = '\'')
  void refuses_with_place_and_what_is_allowed(String spec, String place, String allowed)
      throws Exception {
    PolicyException refusal = refused(HEAD + "spec:\n  " + spec + "\n");
    assertThat(refusal).isNotNull();
    assertThat(refusal.problems()).hasSize(1);
    assertThat(refusal.getMessage()).startsWith("p.yaml:" + place + ": ").contains(allowed);
    assertThat(isValidBySchema(HEAD + "spec:\n  " + spec)).isFalse();
  }

  @Test
  void says_how_long_a_reference_may_be() {
    assertThat(refused(HEAD + "spec:\n  rules: { init: { image: " + "x".repeat(513) + " } }\n"))
        .hasMessageEndingWith("expected a text of at most 512 characters without blanks");
  }

  /** Of which the second would never count; JSON Schema cannot say it, the API server does. */
  @Test
  void refuses_two_ways_to_one_registry() {
    assertThat(
            refused(
                HEAD
                    + "spec:\n  rules: { init: { registries: [{ host: a }, { host: a, mirror: b }] } }\n"))
        .hasMessageStartingWith("p.yaml:5:46: ")
        .hasMessageEndingWith(" is there twice");
  }

  /** An API server never stores it: what is null it leaves out. */
  @Test
  void refuses_null() throws Exception {
    assertThat(refused(HEAD + "spec:\n  priority: null\n"))
        .hasMessageStartingWith("p.yaml:5:13: null is not allowed: expected a whole number");
    assertThat(isValidBySchema(HEAD + "spec:\n  priority: null")).isFalse();
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/policy/contradictions.txt", delimiter = '|', quoteCharacter = '\'')
  void refuses_values_that_contradict_each_other(String spec, String problem) {
    assertThat(refused(HEAD + "spec:\n  " + spec + "\n")).hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{ name: a, nme: b } | unknown key \"nme\": did you mean name?",
        "{ name: a, labels: [] } | [] is not allowed: expected",
        "{ name: a, annotations: { a: 1 } } | 1 is not allowed: expected text",
        "{ labels: {} } | the key name is missing"
      })
  void refuses_metadata_that_an_api_server_would_refuse(String metadata, String problem) {
    assertThat(
            refused(
                "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: "
                    + metadata
                    + "\nspec: {}\n"))
        .hasMessageContaining(problem);
  }

  @Test
  void tells_what_contradicts_beside_what_is_wrong_alone() {
    assertThat(
            refused(
                HEAD
                    + "spec:\n  mode: x\n  rules: { terminationGrace: { shutdownSeconds: 700 } }\n"))
        .hasMessageContaining("must not exceed")
        .hasMessageContaining("\"x\" is not allowed");
  }

  @Test
  void tells_everything_that_is_wrong_at_once() {
    PolicyException refusal =
        refused(
            "apiVersion: v1\nkind: HardeningPolicy\nmetadata: {}\nspec:\n  mode: x\n  a: 1\n---\n[]\n");
    assertThat(refusal.problems())
        .extracting(PolicyException.Problem::line)
        .containsExactly(1, 3, 5, 6, 8);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "# nothing\n",
        "---\n---\n",
        "null",
        "[]",
        "text",
        "7",
        "kind: HardeningPolicy",
        "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n",
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: null\n",
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: A_b }\n",
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: a }\nspec: null\n",
        "a: 1\na: 2\n",
        "a: &a [*a]\n",
        "a: [1\n",
        "\t",
        "priority: .inf",
      })
  void refuses_what_is_no_policy(String text) {
    assertThat(refused(text)).isNotNull();
    assertThat(refused(text).problems()).allMatch(problem -> problem.line() >= 1);
  }

  @Test
  void refuses_two_policies_of_one_name() {
    assertThat(refused(HEAD + "---\n" + HEAD)).hasMessageContaining("test is there twice");
  }

  @Test
  void takes_several_policies_and_what_a_cluster_adds() throws Exception {
    assertThat(
            PolicyLoader.load(
                "p.yaml",
                bytes(
                    HEAD
                        + "---\n"
                        + HEAD.replace("name: test", "name: b, uid: x, generation: 3")
                        + "status: { conditions: [] }\n")))
        .extracting(HardeningPolicy::name)
        .containsExactly("test", "b");
  }

  @Test
  void survives_the_enormous_and_the_hostile() {
    String deep = "[".repeat(10_000);
    String bomb =
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
            + "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
            + "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
            + "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    for (String text :
        List.of(deep, bomb, HEAD + "spec: { sidecars: " + deep, "x".repeat(8 * 1024 * 1024 + 1))) {
      assertThat(refused(text)).isNotNull();
    }
    assertThatThrownBy(() -> PolicyLoader.load("p.yaml", new byte[] {'a', (byte) 0xff}))
        .isInstanceOf(PolicyException.class)
        .hasMessageStartingWith("p.yaml:1:2");
  }

  @Test
  void survives_truncation_anywhere() {
    String text =
        HEAD + "spec:\n  rules: { preStop: { sleepSeconds: 15, drain: { quietSeconds: 5 } } }\n";
    for (int length = 0; length < text.length(); length++) {
      try {
        PolicyLoader.load("p.yaml", bytes(text.substring(0, length)));
      } catch (PolicyException e) {
        assertThat(e.problems()).isNotEmpty();
      }
    }
  }
}
