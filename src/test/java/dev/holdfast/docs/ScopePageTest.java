package dev.holdfast.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Explanation;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds docs/scope.md to what the engine decides. */
class ScopePageTest {
  private static final Page PAGE = Page.read(Path.of("docs/scope.md"));
  private static final Pattern POLICY = Pattern.compile("(?ms)^```yaml\n(.*?)^```$");

  /** One row: what is given, and what comes of it. */
  record Decision(String policy, String namespaceLabel, String podLabel, String outcome) {}

  static Stream<Decision> decisions() {
    String table = PAGE.text().substring(PAGE.text().indexOf("<!-- decisions -->"));
    return table
        .lines()
        .skip(4)
        .takeWhile(line -> line.startsWith("|"))
        .map(line -> line.substring(2, line.length() - 2).split(" \\| "))
        .map(
            cell ->
                new Decision(cell[0].replace("`", ""), label(cell[1]), label(cell[2]), cell[3]));
  }

  private static String label(String cell) {
    return cell.replace("`", "");
  }

  private static Map<String, String> labels(String label) {
    if (label.equals("-")) {
      return Map.of();
    }
    String[] pair = label.split("=");
    return Map.of("holdfast.dev/" + pair[0], pair[1]);
  }

  @ParameterizedTest
  @MethodSource("decisions")
  void every_row_is_what_the_engine_decides(Decision decision) throws Exception {
    HardeningPolicy policy = policy("default", "{" + decision.policy() + "}");
    ObjectNode pod = (ObjectNode) new ObjectMapper().readTree("{\"spec\":{\"containers\":[{}]}}");
    labels(decision.podLabel())
        .forEach((key, value) -> pod.withObject("/metadata/labels").put(key, value));

    Explanation explanation =
        new Hardener(List.of(policy), "holdfast-system")
            .explain(
                pod,
                "shop",
                new ClusterFacts(
                    ClusterFacts.DEFAULT_VERSION,
                    ClusterFacts.DEFAULT_VERSION,
                    labels(decision.namespaceLabel()),
                    List.of(),
                    Optional.empty()));

    assertThat(explanation.mode().word() + ": " + explanation.why()).isEqualTo(decision.outcome());
  }

  @Test
  void the_table_has_rows() {
    assertThat(decisions()).hasSizeGreaterThan(15);
  }

  @Test
  void its_policies_are_good() throws Exception {
    List<String> policies =
        POLICY.matcher(PAGE.text()).results().map(match -> match.group(1)).toList();

    assertThat(policies).hasSize(3);
    for (String policy : policies) {
      PolicyLoader.load("scope.md", policy.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static HardeningPolicy policy(String name, String spec) throws Exception {
    String text =
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: {name: "
            + name
            + "}\nspec: "
            + spec
            + "\n";
    return PolicyLoader.load("row", text.getBytes(StandardCharsets.UTF_8)).get(0);
  }
}
