package dev.holdfast.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.Profile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the documentation to the code: the front matter of rule pages to the rules, their examples
 * to the golden cases, their tables to the findings. {@code -Dholdfast.update=true} writes examples
 * anew.
 */
class RulePagesTest {
  private static final Path RULES = Path.of("docs/rules");
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path REVIEW = Path.of("src/test/resources/admission/review.json");

  /** The one rule that is not the engine's: the controller's. */
  private static final String CONTROLLERS = "disruption-budget";

  private static final boolean UPDATE = Boolean.getBoolean("holdfast.update");

  /** Golden cases are short enough to be shown whole. */
  private static final int CONTEXT_LINES = 1000;

  private static final ObjectMapper JSON = new ObjectMapper();

  static List<Rule> rules() {
    return Rules.ALL;
  }

  static List<Page> pages() {
    return Page.all();
  }

  @ParameterizedTest
  @MethodSource("rules")
  void a_rule_has_a_page_whose_front_matter_agrees_with_it(Rule rule) {
    Map<String, Object> frontMatter = pageOf(rule.name().id()).frontMatter();

    assertThat(frontMatter)
        .containsOnly(
            Map.entry("rule", rule.name().id()),
            Map.entry("key", rule.name().key()),
            Map.entry(
                "profiles",
                Arrays.stream(Profile.values())
                    .filter(profile -> profile.includes(rule.name()))
                    .map(profile -> profile.name().toLowerCase(Locale.ROOT))
                    .toList()),
            Map.entry("kind", rule.writes().isEmpty() ? "finds" : "edits"),
            Map.entry("changes", rule.writes()));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void a_rule_page_has_the_same_sections_as_every_other(Rule rule) {
    assertThat(pageOf(rule.name().id()).headings())
        .containsExactly(
            rule.name().id(),
            "What it does",
            "Why",
            "Example",
            "What it never touches",
            "Settings",
            "Annotation",
            "Findings");
  }

  @Test
  void there_is_no_page_without_a_rule() {
    assertThat(children(RULES))
        .map(file -> file.getFileName().toString())
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(
                    Stream.of("README.md", CONTROLLERS + ".md"),
                    Rules.ALL.stream().map(rule -> rule.name().id() + ".md"))
                .toList());
  }

  @Test
  void the_table_of_rules_lists_them_in_the_order_they_run() {
    String table = Page.read(RULES.resolve("README.md")).text();

    assertThat(table.lines().filter(line -> line.startsWith("| [") && !line.contains(CONTROLLERS)))
        .map(line -> line.substring(3, line.indexOf(']')))
        .containsExactlyElementsOf(Rules.ALL.stream().map(rule -> rule.name().id()).toList());
    for (Rule rule : Rules.ALL) {
      StringBuilder row = new StringBuilder("");
      for (Profile profile : Profile.values()) {
        row.append(profile.includes(rule.name()) ? " on |" : " |");
      }
      row.append(" `").append(rule.name().key()).append("` |");
      assertThat(table.lines().filter(line -> line.startsWith("| [" + rule.name().id() + "]")))
          .as("profiles and key of %s", rule.name())
          .singleElement()
          .asString()
          .contains(row);
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void examples_are_what_the_golden_cases_say(Page page) throws IOException {
    String current = page.withQuotes("golden", RulePagesTest::goldenBlock);

    check(page, current);
  }

  @Test
  void the_answer_in_the_readme_is_what_the_engine_says_about_the_review() throws IOException {
    ObjectNode pod = (ObjectNode) JSON.readTree(Files.readAllBytes(REVIEW)).at("/request/object");
    Outcome outcome =
        new Hardener(List.of(PolicyLoader.embedded()), "holdfast-system")
            .harden(pod, "shop", ClusterFacts.of(ClusterFacts.DEFAULT_VERSION));
    ArrayNode patch = JSON.createArrayNode();
    for (PatchOperation operation : outcome.patch()) {
      patch
          .addObject()
          .put("op", operation.op().word())
          .put("path", operation.path())
          .set("value", operation.value());
    }
    Page readme = Page.read(Path.of("README.md"));

    assertThat(readme.text()).contains("<!-- answer: " + REVIEW + " -->");
    check(readme, readme.withQuotes("answer", ignored -> fenced("json", CompactJson.of(patch))));
  }

  @Test
  void the_first_curl_example_sends_the_review() {
    assertThat(Page.read(Path.of("README.md")).code("sh").get(0))
        .startsWith("curl ")
        .contains("@" + REVIEW)
        .contains("https://localhost:8443/mutate");
  }

  @Test
  void every_finding_of_a_golden_case_is_explained() {
    Page annotations = Page.read(Path.of("docs/reference/annotations.md"));
    TreeSet<String> ofAnyRule =
        new TreeSet<>(Page.read(RULES.resolve("README.md")).explainedReasons());
    Map<String, Path> unexplained = new TreeMap<>();
    for (Path file : goldenFindings()) {
      for (String line : read(file).lines().filter(line -> !line.isBlank()).toList()) {
        String code = line.strip().split("\\s+")[1];
        String rule = code.substring(0, code.indexOf(':'));
        String reason = code.substring(code.indexOf(':') + 1);
        Page page = rule.equals("pod") ? annotations : pageOf(rule);
        if (!page.explainedReasons().contains(reason) && !ofAnyRule.contains(reason)) {
          unexplained.put(code, file);
        }
      }
    }

    assertThat(unexplained).as("findings without a row in a table").isEmpty();
  }

  private static Page pageOf(String rule) {
    return Page.read(RULES.resolve(rule + ".md"));
  }

  private static void check(Page page, String current) throws IOException {
    if (UPDATE && !current.equals(page.text())) {
      Files.writeString(page.file(), current);
    } else {
      assertThat(page.text())
          .as("%s (rewrite it with -Dholdfast.update=true)", page.file())
          .isEqualTo(current);
    }
  }

  /** What a marker such as {@code pre-stop/native-sleep diff} stands for. */
  private static String goldenBlock(String marker) {
    String[] words = marker.split(" ");
    Path directory = GOLDEN.resolve(words[0]);
    if (words[1].equals("diff")) {
      return fenced("diff", diff(directory));
    }
    String language = words[1].endsWith(".yaml") ? "yaml" : "text";
    return fenced(language, read(directory.resolve(words[1])).stripTrailing());
  }

  private static String diff(Path directory) {
    List<String> before = read(directory.resolve("pod.yaml")).lines().toList();
    List<String> after = read(directory.resolve("expected.yaml")).lines().toList();
    List<String> diff =
        UnifiedDiffUtils.generateUnifiedDiff(
            "before", "after", before, DiffUtils.diff(before, after), CONTEXT_LINES);
    assertThat(diff).as("changes in %s", directory).isNotEmpty();
    // Without file names and line numbers, which tell nothing here.
    return String.join("\n", diff.subList(3, diff.size()));
  }

  private static String fenced(String language, String text) {
    return "\n```" + language + "\n" + text + "\n```\n";
  }

  private static List<Path> goldenFindings() {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> found = Files.walk(GOLDEN)) {
      found.filter(file -> file.endsWith("findings")).sorted().forEach(files::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertThat(files).as("golden findings").isNotEmpty();
    return files;
  }

  private static List<Path> children(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
