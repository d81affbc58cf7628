package dev.holdfast.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page about security lists every right that the chart grants, and no other. */
class SecurityModelTest {
  private static final Path PAGE = Path.of("docs/security-model.md");

  @Test
  void every_right_has_its_row_and_every_row_its_right() throws IOException {
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(PAGE)) {
      String[] cells = line.split("\\|");
      if (cells.length == 7 && cells[3].strip().startsWith("`")) {
        rows.add(
            String.join(
                " | ",
                cells[1].strip(),
                cells[2].strip(),
                cells[3].strip(),
                cells[4].strip(),
                cells[5].strip()));
      }
    }

    assertThat(rows).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(granted());
  }

  private static Set<String> granted() throws IOException {
    Set<String> rights = new TreeSet<>();
    for (Chart chart :
        List.of(
            Chart.rendered(
                "holdfast",
                "holdfast-system",
                "crds.keep=false",
                "disruptionBudgets.onUninstall=Remove"),
            Chart.rendered("holdfast", "holdfast-system", "certificates.mode=generator"))) {
      chart.ofKind("ClusterRole").forEach(role -> collect(role, "cluster", rights));
      chart.ofKind("Role").forEach(role -> collect(role, "own", rights));
    }
    // Only where a cluster has another schema, so that no rendering shows it.
    JsonNode upgrade =
        Chart.tree(
            Files.readString(Chart.FOLDER.resolve("templates/upgrade-hook.yaml"))
                .replaceAll("(?s).*\nkind: ClusterRole\n.*?\n(rules:.*?)\n---.*", "$1"));
    collect(upgrade.get("rules"), "upgrade", "cluster", rights);
    return rights;
  }

  private static void collect(JsonNode role, String where, Set<String> rights) {
    String name = role.at("/metadata/name").asText().replaceAll("^holdfast-|-install$", "");
    collect(role.get("rules"), name, where, rights);
  }

  private static void collect(JsonNode rules, String role, String where, Set<String> rights) {
    for (JsonNode rule : rules) {
      for (JsonNode resource : rule.get("resources")) {
        rights.add(
            String.join(
                " | ",
                role,
                where,
                "`" + resource.asText() + "`",
                sorted(rule.path("verbs"), ""),
                sorted(rule.path("resourceNames"), "`")));
      }
    }
  }

  private static String sorted(JsonNode words, String quote) {
    List<String> list = new ArrayList<>();
    words.forEach(word -> list.add(word.asText()));
    return list.stream()
        .sorted()
        .map(word -> quote + word + quote)
        .collect(Collectors.joining(", "));
  }
}
