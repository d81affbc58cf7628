package dev.holdfast.hardening;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.hardening.rule.Situation;
import dev.holdfast.hardening.rule.TestRule;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.PolicySet;
import dev.holdfast.policy.RuleName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HardenerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String WEB = "{'spec':{'containers':[{'name':'web'}]}}";
  private static final ClusterFacts FACTS = ClusterFacts.of(ClusterFacts.DEFAULT_VERSION);

  private static ObjectNode pod(String json) throws Exception {
    return (ObjectNode) JSON.readTree(json.replace('\'', '"'));
  }

  private static HardeningPolicy policy(String... spec) throws Exception {
    String text =
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: test }\nspec:\n"
            + "  profile: minimal\n  "
            + String.join("\n  ", spec)
            + "\n";
    return PolicyLoader.load("test.yaml", text.getBytes(StandardCharsets.UTF_8)).get(0);
  }

  private static Outcome harden(HardeningPolicy policy, String pod) throws Exception {
    return new Hardener(List.of(policy), "holdfast-system").harden(pod(pod), "shop", FACTS);
  }

  private static List<String> codes(Outcome outcome) {
    return outcome.findings().stream().map(Finding::code).toList();
  }

  private static List<String> paths(List<Edit> edits) {
    return edits.stream().map(Edit::path).toList();
  }

  @Test
  void says_that_a_policy_cannot_be_used_and_goes_on_without_it() throws Exception {
    Hardener hardener =
        new Hardener(
            new PolicySet(List.of(policy("mode: Enforce")), List.of("broken")), "holdfast-system");

    Outcome outcome = hardener.harden(pod(WEB), "shop", FACTS);

    assertThat(codes(outcome)).containsExactly("pod:unusable-policy");
    assertThat(outcome.policy()).isEqualTo("test");
    assertThat(outcome.edits()).isNotEmpty();
    assertThat(hardener.harden(pod(WEB), "kube-system", FACTS).findings()).isEmpty();
  }

  @Test
  void explains_every_change() throws Exception {
    Outcome outcome = harden(policy(), WEB);
    assertThat(outcome.mode()).isEqualTo(Mode.ENFORCE);
    assertThat(outcome.policy()).isEqualTo("test");
    assertThat(outcome.edits())
        .extracting(Edit::rule, Edit::path)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                RuleName.PRE_STOP, "/spec/containers/0/lifecycle/preStop"),
            org.assertj.core.groups.Tuple.tuple(
                RuleName.TERMINATION_GRACE, "/spec/terminationGracePeriodSeconds"));
    assertThat(outcome.edits()).allSatisfy(edit -> assertThat(edit.reason()).isNotBlank());
    assertThat(outcome.rules()).containsExactly(RuleName.PRE_STOP, RuleName.TERMINATION_GRACE);
  }

  @Test
  void names_the_rules_in_an_annotation_at_the_end_of_the_patch() throws Exception {
    List<PatchOperation> patch = harden(policy(), WEB).patch();
    assertThat(patch.get(patch.size() - 1))
        .isEqualTo(
            new PatchOperation(
                Edit.Op.ADD,
                "/metadata",
                pod("{'annotations':{'holdfast.dev/hardened':'pre-stop,termination-grace'}}")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "probe-timeout | pre-stop,termination-grace,probe-timeout",
        "nonsense, PRE-STOP | pre-stop,termination-grace",
        "'' | pre-stop,termination-grace",
      })
  void unites_the_annotation_with_the_valid_names_already_there(String before, String after)
      throws Exception {
    Outcome outcome =
        harden(
            policy(),
            "{'metadata':{'annotations':{'holdfast.dev/hardened':'%s'}},%s"
                .formatted(before, WEB.substring(1)));
    PatchOperation last = outcome.patch().get(outcome.patch().size() - 1);
    assertThat(last.op()).isEqualTo(Edit.Op.REPLACE);
    assertThat(last.path()).isEqualTo("/metadata/annotations/holdfast.dev~1hardened");
    assertThat(last.value().asText()).isEqualTo(after);
  }

  @Test
  void never_writes_the_annotation_alone() throws Exception {
    assertThat(
            harden(
                    policy("rules: { preStop: { mode: Off } }"),
                    "{'metadata':{'annotations':{'holdfast.dev/hardened':'x'}},%s"
                        .formatted(WEB.substring(1)))
                .patch())
        .isEmpty();
  }

  @Test
  void leaves_the_annotation_out_where_the_api_server_would_refuse_its_size() throws Exception {
    ObjectNode pod = pod(WEB);
    pod.putObject("metadata").putObject("annotations").put("blob", "x".repeat(256 * 1024 - 20));
    Outcome outcome = new Hardener(List.of(policy()), "").harden(pod, "shop", FACTS);
    assertThat(outcome.patch()).extracting(PatchOperation::path).noneMatch(p -> p.contains("meta"));
    assertThat(outcome.edits()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"kube-system", "kube-public", "kube-node-lease", "holdfast-system"})
  void leaves_namespaces_of_the_control_plane_and_its_own_alone(String namespace) throws Exception {
    Outcome outcome =
        new Hardener(List.of(policy()), "holdfast-system").harden(pod(WEB), namespace, FACTS);
    assertThat(outcome.mode()).isEqualTo(Mode.OFF);
    assertThat(outcome.patch()).isEmpty();
    assertThat(outcome.why()).contains(namespace);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'metadata':{'annotations':{'kubernetes.io/config.mirror':'x'}},'spec':{'containers':[{'name':'a'}]}}",
        "{'spec':{'priorityClassName':'system-node-critical','containers':[{'name':'a'}]}}",
        "{'spec':{'priorityClassName':'system-cluster-critical','containers':[{'name':'a'}]}}",
      })
  void leaves_mirror_and_critical_pods_alone(String pod) throws Exception {
    assertThat(harden(policy(), pod).patch()).isEmpty();
    assertThat(harden(policy(), pod).findings()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | /spec/containers",
        "{'spec':null} | /spec/containers",
        "{'spec':[]} | /spec",
        "{'spec':{'containers':{}}} | /spec/containers",
        "{'spec':{'containers':[]}} | /spec/containers",
        "{'spec':{'containers':['web']}} | /spec/containers/0",
        "{'spec':{'containers':[{'name':7}]}} | /spec/containers/0/name",
        "{'metadata':7,'spec':{'containers':[{'name':'a'}]}} | /metadata",
        "{'metadata':{'labels':[]},'spec':{'containers':[{'name':'a'}]}} | /metadata/labels",
        "{'metadata':{'annotations':{'a':1}},'spec':{'containers':[{'name':'a'}]}} | /metadata/annotations",
        "{'spec':{'priorityClassName':1,'containers':[{'name':'a'}]}} | /spec/priorityClassName",
      })
  void leaves_what_is_no_pod_alone_and_says_so(String pod, String where) throws Exception {
    Outcome outcome = harden(policy(), pod);
    assertThat(outcome.patch()).isEmpty();
    assertThat(outcome.findings())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.code()).isEqualTo("pod:unreadable-pod");
              assertThat(finding.path()).isEqualTo(where);
              assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            });
  }

  @Test
  void drops_only_the_rule_that_needs_an_unreadable_field() throws Exception {
    Outcome outcome =
        harden(
            policy("rules: { readinessProbe: { mode: Enforce, evidence: [Port] } }"),
            "{'spec':{'containers':[{'name':'web','ports':'x'}]}}");
    assertThat(codes(outcome)).containsExactly("readiness-probe:unreadable-field");
    assertThat(paths(outcome.edits()))
        .containsExactly(
            "/spec/containers/0/lifecycle/preStop", "/spec/terminationGracePeriodSeconds");
  }

  @Test
  void derives_no_readiness_probe_where_the_ports_are_unreadable() throws Exception {
    Outcome outcome =
        harden(
            policy("rules: { readinessProbe: { mode: Enforce }, startupProbe: { mode: Enforce } }"),
            "{'spec':{'containers':[{'name':'web','ports':'x',"
                + "'livenessProbe':{'tcpSocket':{'port':1}}}]}}");
    assertThat(codes(outcome)).contains("readiness-probe:unreadable-field");
    assertThat(paths(outcome.edits()))
        .contains("/spec/containers/0/lifecycle/preStop", "/spec/containers/0/startupProbe")
        .doesNotContain("/spec/containers/0/readinessProbe");
  }

  @Test
  void adds_no_pause_where_the_grace_period_is_unreadable() throws Exception {
    Outcome outcome =
        harden(
            policy(),
            "{'spec':{'terminationGracePeriodSeconds':'soon','containers':[{'name':'web'}]}}");
    assertThat(outcome.patch()).isEmpty();
    assertThat(codes(outcome))
        .containsExactly("pre-stop:unreadable-field", "termination-grace:unreadable-field");
  }

  private static Outcome hardenWith(Rule rule, String... spec) throws Exception {
    List<Rule> rules = new ArrayList<>();
    for (Rule each : Rules.ALL) {
      rules.add(each.name() == rule.name() ? rule : each);
    }
    return new Hardener(List.of(policy(spec)), "", rules).harden(pod(WEB), "shop", FACTS);
  }

  @Test
  void drops_a_rule_that_throws_and_keeps_the_others() throws Exception {
    Outcome outcome =
        hardenWith(
            TestRule.of(
                RuleName.TERMINATION_GRACE,
                (situation, verdict) -> {
                  throw new IllegalStateException("secret");
                }));
    assertThat(codes(outcome)).containsExactly("termination-grace:failed");
    assertThat(outcome.findings().get(0).severity()).isEqualTo(Severity.ERROR);
    assertThat(outcome.findings().get(0).message())
        .contains("IllegalStateException at HardenerTest.java")
        .doesNotContain("secret");
    assertThat(paths(outcome.edits())).containsExactly("/spec/containers/0/lifecycle/preStop");
  }

  @Test
  void lets_no_rule_build_on_one_that_failed() throws Exception {
    // The pause of 40 s fits only if termination-grace raises the 30 s.
    Outcome outcome =
        hardenWith(
            TestRule.of(
                RuleName.TERMINATION_GRACE,
                (situation, verdict) -> {
                  throw new IllegalStateException();
                }),
            "rules: { preStop: { sleepSeconds: 40 } }");
    assertThat(outcome.patch()).isEmpty();
    assertThat(codes(outcome))
        .containsExactly("pre-stop:pause-too-long", "termination-grace:failed");
  }

  @Test
  void drops_edits_that_the_api_server_would_refuse() throws Exception {
    Outcome outcome =
        hardenWith(
            TestRule.adding(
                RuleName.PRE_STOP,
                "/spec/containers/0/lifecycle/preStop",
                pod("{'sleep':{'seconds':0}}")));
    assertThat(codes(outcome)).containsExactly("pre-stop:unsafe");
    assertThat(outcome.patch()).isEmpty();
  }

  @Test
  void drops_edits_of_another_rules_field() throws Exception {
    Outcome outcome =
        hardenWith(
            TestRule.adding(
                RuleName.PRE_STOP, "/spec/terminationGracePeriodSeconds", LongNode.valueOf(99)));
    assertThat(codes(outcome)).containsExactly("pre-stop:unsafe");
    assertThat(outcome.patch()).isEmpty();
  }

  @Test
  void drops_edits_that_have_no_place() throws Exception {
    Outcome outcome =
        hardenWith(
            TestRule.adding(
                RuleName.PRE_STOP, "/spec/containers/7/lifecycle/preStop", IntNode.valueOf(1)));
    assertThat(codes(outcome)).containsExactly("pre-stop:failed");
    assertThat(outcome.patch()).isEmpty();
  }

  @Test
  void survives_a_stack_overflow_in_a_rule() throws Exception {
    Outcome outcome = hardenWith(TestRule.of(RuleName.PRE_STOP, HardenerTest::overflow));
    assertThat(codes(outcome)).containsExactly("pre-stop:failed");
  }

  private static void overflow(Situation situation, Object verdict) {
    overflow(situation, verdict);
  }

  @Test
  void audit_computes_everything_and_changes_nothing() throws Exception {
    Outcome audited = harden(policy("mode: Audit"), WEB);
    Outcome enforced = harden(policy(), WEB);
    assertThat(audited.mode()).isEqualTo(Mode.AUDIT);
    assertThat(audited.patch()).isEmpty();
    assertThat(audited.edits()).isEmpty();
    assertThat(audited.auditEdits()).isEqualTo(enforced.edits());
    assertThat(audited.rules()).isEqualTo(enforced.rules());
  }

  @Test
  void audits_single_rules() throws Exception {
    Outcome outcome = harden(policy("rules: { terminationGrace: { mode: Audit } }"), WEB);
    assertThat(paths(outcome.edits())).containsExactly("/spec/containers/0/lifecycle/preStop");
    assertThat(paths(outcome.auditEdits())).containsExactly("/spec/terminationGracePeriodSeconds");
    assertThat(outcome.rules()).containsExactly(RuleName.PRE_STOP);
  }

  @Test
  void a_pause_that_needs_an_audited_raise_is_not_made() throws Exception {
    Outcome outcome =
        harden(
            policy("rules: { preStop: { sleepSeconds: 40 }, terminationGrace: { mode: Audit } }"),
            WEB);
    assertThat(outcome.patch()).isEmpty();
    assertThat(codes(outcome)).contains("pre-stop:pause-too-long");
  }

  @ParameterizedTest
  @CsvSource({
    // policy, namespace, pod -> result
    "Enforce, , , ENFORCE",
    "Enforce, audit, , AUDIT",
    "Enforce, audit, off, OFF",
    "Audit, off, Enforce, ENFORCE",
    "Off, , , OFF",
    "Off, enforce, , ENFORCE",
    "Enforce, , nonsense, ENFORCE",
  })
  void the_pods_label_wins_over_the_namespaces_and_that_over_the_policy(
      String policy, String namespace, String pod, Mode expected) throws Exception {
    ClusterFacts facts =
        new ClusterFacts(
            FACTS.apiServer(),
            FACTS.oldestKubelet(),
            namespace == null ? Map.of() : Map.of("holdfast.dev/mode", namespace),
            List.of(),
            Optional.empty());
    ObjectNode tree = pod(WEB);
    if (pod != null) {
      tree.putObject("metadata").putObject("labels").put("holdfast.dev/mode", pod);
    }
    Outcome outcome =
        new Hardener(List.of(policy("mode: " + policy)), "").harden(tree, "shop", facts);
    assertThat(outcome.mode()).isEqualTo(expected);
    assertThat(codes(outcome).size()).isEqualTo("nonsense".equals(pod) ? 1 : 0);
  }

  @Test
  void denied_overrides_are_told_and_not_followed() throws Exception {
    Outcome outcome =
        harden(
            policy("overrides: Denied"),
            "{'metadata':{'labels':{'holdfast.dev/mode':'off'},'annotations':{'holdfast.dev/skip':'pre-stop'}},%s"
                .formatted(WEB.substring(1)));
    assertThat(outcome.mode()).isEqualTo(Mode.ENFORCE);
    assertThat(outcome.rules()).contains(RuleName.PRE_STOP);
    assertThat(codes(outcome)).containsExactly("pod:overrides-denied", "pod:overrides-denied");
    assertThat(outcome.findings())
        .extracting(Finding::path)
        .containsExactly(
            "/metadata/labels/holdfast.dev~1mode", "/metadata/annotations/holdfast.dev~1skip");
  }

  @Test
  void says_when_an_annotation_asks_for_a_rule_that_is_not_there_yet() throws Exception {
    Outcome outcome =
        harden(
            policy(),
            "{'metadata':{'annotations':{'holdfast.dev/init':'on'}},%s"
                .formatted(WEB.substring(1)));
    assertThat(codes(outcome)).containsExactly("init:not-in-this-version");
  }

  @Test
  void an_annotation_switches_its_rule_on_unless_the_policy_sets_it_to_off() throws Exception {
    String pod =
        "{'metadata':{'annotations':{'holdfast.dev/readiness-probe':'tcp:80'}},%s"
            .formatted(WEB.substring(1));
    assertThat(harden(policy(), pod).rules()).contains(RuleName.READINESS_PROBE);
    assertThat(harden(policy("rules: { readinessProbe: { mode: Off } }"), pod).rules())
        .doesNotContain(RuleName.READINESS_PROBE);
  }

  @Test
  void applies_nothing_where_no_policy_matches() throws Exception {
    Outcome outcome = harden(policy("namespaceSelector: { matchLabels: { team: x } }"), WEB);
    assertThat(outcome.mode()).isEqualTo(Mode.OFF);
    assertThat(outcome.policy()).isEmpty();
    assertThat(outcome.patch()).isEmpty();
  }

  @Test
  void no_two_rules_write_the_same_field() {
    List<String> all = new ArrayList<>();
    for (Rule rule : Rules.ALL) {
      all.addAll(rule.writes());
    }
    assertThat(all).doesNotHaveDuplicates();
  }

  @Test
  void the_incoming_tree_stays_as_it_is() throws Exception {
    ObjectNode pod = pod(WEB);
    JsonNode before = pod.deepCopy();
    new Hardener(List.of(policy()), "").harden(pod, "shop", FACTS);
    assertThat(pod).isEqualTo(before);
  }
}
