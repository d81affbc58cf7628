package dev.holdfast.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicySelectionTest {
  private static HardeningPolicy policy(String name, String spec) throws PolicyException {
    String text =
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: "
            + name
            + " }\nspec: { "
            + spec
            + " }\n";
    return PolicyLoader.load(name, text.getBytes(StandardCharsets.UTF_8)).get(0);
  }

  private static PolicySelection choose(
      List<HardeningPolicy> policies, Map<String, String> namespace, Map<String, String> pod) {
    return PolicySelection.choose(policies, "shop", namespace, pod);
  }

  private static String name(PolicySelection selection) {
    return selection.policy().map(HardeningPolicy::name).orElse("none");
  }

  @Test
  void the_highest_priority_wins_then_the_name_that_sorts_first() throws Exception {
    HardeningPolicy low = policy("a", "priority: 1");
    HardeningPolicy second = policy("c", "priority: 5");
    HardeningPolicy first = policy("b", "priority: 5");
    assertThat(name(choose(List.of(low, second, first), Map.of(), Map.of()))).isEqualTo("b");
  }

  @Test
  void only_policies_whose_selectors_match_take_part() throws Exception {
    List<HardeningPolicy> policies =
        List.of(
            policy("ns", "priority: 9, namespaceSelector: { matchLabels: { team: a } }"),
            policy(
                "pod",
                "priority: 8, podSelector: { matchExpressions: [{ key: tier, operator: In, values:"
                    + " [x, z] }] }"),
            policy("rest", "priority: 0"));
    assertThat(name(choose(policies, Map.of("team", "a"), Map.of()))).isEqualTo("ns");
    assertThat(name(choose(policies, Map.of(), Map.of("tier", "z")))).isEqualTo("pod");
    assertThat(name(choose(policies, Map.of(), Map.of()))).isEqualTo("rest");
  }

  @Test
  void the_namespace_names_a_policy_whatever_its_namespace_selector_says() throws Exception {
    List<HardeningPolicy> policies =
        List.of(
            policy("named", "namespaceSelector: { matchLabels: { never: there } }"),
            policy("high", "priority: 100"));
    assertThat(name(choose(policies, Map.of("holdfast.dev/policy", " named "), Map.of())))
        .isEqualTo("named");
  }

  @Test
  void the_rest_of_a_named_policy_still_counts_and_selection_does_not_go_on() throws Exception {
    List<HardeningPolicy> policies =
        List.of(
            policy("pods", "podSelector: { matchLabels: { a: b } }"),
            policy("out", "excludeNamespaces: [shop]"),
            policy("opt", "scope: OptIn"),
            policy("other", ""));
    for (String name : List.of("pods", "out", "opt")) {
      PolicySelection selection = choose(policies, Map.of("holdfast.dev/policy", name), Map.of());
      assertThat(selection.mode()).as(name).isEqualTo(Mode.OFF);
      assertThat(selection.why()).isNotBlank();
    }
  }

  @Test
  void a_name_of_no_policy_is_told_and_selection_goes_on() throws Exception {
    PolicySelection selection =
        choose(List.of(policy("a", "")), Map.of("holdfast.dev/policy", "b"), Map.of());
    assertThat(name(selection)).isEqualTo("a");
    assertThat(selection.mode()).isEqualTo(Mode.ENFORCE);
    assertThat(selection.problems())
        .extracting(PodOverrides.Problem::reason)
        .containsExactly("unknown-policy");
  }

  @Test
  void an_excluding_policy_that_is_chosen_ends_the_selection() throws Exception {
    PolicySelection selection =
        choose(
            List.of(policy("high", "priority: 1, excludeNamespaces: [shop]"), policy("low", "")),
            Map.of(),
            Map.of());
    assertThat(selection.mode()).isEqualTo(Mode.OFF);
    assertThat(name(selection)).isEqualTo("high");
  }

  @ParameterizedTest
  @CsvSource({
    // scope, overrides, policy, namespace, pod -> mode, problems
    "Cluster, Allowed, Enforce, , , ENFORCE, 0",
    "Cluster, Allowed, Audit, , , AUDIT, 0",
    "Cluster, Allowed, Audit, enforce, , ENFORCE, 0",
    "Cluster, Allowed, Enforce, off, , OFF, 0",
    "Cluster, Allowed, Enforce, off, enforce, ENFORCE, 0",
    "Cluster, Allowed, Enforce, AUDIT, , AUDIT, 0",
    "Cluster, Allowed, Enforce, , ' Off ', OFF, 0",
    "Cluster, Allowed, Enforce, maybe, never, ENFORCE, 2",
    "Cluster, Denied, Enforce, , off, ENFORCE, 1",
    "Cluster, Denied, Enforce, audit, off, AUDIT, 1",
    "OptIn, Allowed, Enforce, , , OFF, 0",
    "OptIn, Allowed, Enforce, , enforce, OFF, 0",
    "OptIn, Allowed, Enforce, enforce, , ENFORCE, 0",
    "OptIn, Allowed, Audit, enforce, , ENFORCE, 0",
    "OptIn, Allowed, Off, audit, , AUDIT, 0",
    "OptIn, Allowed, Enforce, audit, enforce, AUDIT, 0",
    "OptIn, Allowed, Enforce, enforce, audit, AUDIT, 0",
    "OptIn, Allowed, Enforce, enforce, off, OFF, 0",
    "OptIn, Allowed, Enforce, off, enforce, OFF, 0",
    "OptIn, Allowed, Enforce, yes, , OFF, 1",
    "OptIn, Denied, Enforce, enforce, off, ENFORCE, 1",
  })
  void modes(
      String scope,
      String overrides,
      String ofPolicy,
      String ofNamespace,
      String ofPod,
      Mode expected,
      int problems)
      throws Exception {
    PolicySelection selection =
        choose(
            List.of(
                policy(
                    "p", "scope: " + scope + ", overrides: " + overrides + ", mode: " + ofPolicy)),
            ofNamespace == null ? Map.of() : Map.of("holdfast.dev/mode", ofNamespace),
            ofPod == null ? Map.of() : Map.of("holdfast.dev/mode", ofPod));
    assertThat(selection.mode()).isEqualTo(expected);
    assertThat(selection.problems()).hasSize(problems);
  }

  @Test
  void without_policies_nothing_applies() {
    assertThat(choose(List.of(), Map.of(), Map.of()).mode()).isEqualTo(Mode.OFF);
  }
}
