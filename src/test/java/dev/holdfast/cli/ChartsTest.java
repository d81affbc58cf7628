package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.oracle.StrictJsonPatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Manifests in the shape of charts that many run. What would change is in {@code NAME.diff} beside
 * them; {@code -Dholdfast.update=true} writes it anew, read the difference then.
 */
class ChartsTest {
  private static final Path CHARTS = Path.of("src/test/resources/charts");
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<Path> charts() throws IOException {
    try (Stream<Path> files = Files.list(CHARTS)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  private static List<JsonNode> documents(String text) throws IOException {
    return YAML.readerFor(JsonNode.class).<JsonNode>readValues(text).readAll();
  }

  @ParameterizedTest
  @MethodSource("charts")
  void changes_as_expected(Path chart) throws IOException {
    Path expected = CHARTS.resolve(chart.getFileName().toString().replace(".yaml", ".diff"));

    String diff = Invocation.of("harden", "-o", "diff", "-f", chart.toString()).out();

    if (Boolean.getBoolean("holdfast.update")) {
      Files.writeString(expected, diff);
    }
    assertThat(diff).isEqualTo(Files.readString(expected));
  }

  @ParameterizedTest
  @MethodSource("charts")
  void once_is_enough(Path chart) {
    String once = Invocation.of("harden", "-f", chart.toString()).out();

    var twice = Invocation.piping(once).run("harden");

    assertThat(twice.code()).isZero();
    assertThat(twice.out()).isEqualTo(once);
    assertThat(Invocation.piping(once).run("harden", "-o", "diff").out()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("charts")
  void every_line_of_the_chart_survives_or_is_in_the_diff(Path chart) throws IOException {
    List<String> hardened = Invocation.of("harden", "-f", chart.toString()).out().lines().toList();
    List<String> removed =
        Invocation.of("harden", "-o", "diff", "-f", chart.toString())
            .out()
            .lines()
            .filter(line -> line.startsWith("-") && !line.startsWith("---"))
            .map(line -> line.substring(1))
            .toList();

    int at = 0;
    for (String line : Files.readAllLines(chart)) {
      if (!removed.contains(line)) {
        int found = hardened.subList(at, hardened.size()).indexOf(line);
        assertThat(found).as(line).isNotNegative();
        at += found + 1;
      }
    }
  }

  @ParameterizedTest
  @MethodSource("charts")
  void other_readers_see_the_patched_objects(Path chart) throws IOException {
    List<JsonNode> before = documents(Files.readString(chart));
    List<JsonNode> after = documents(Invocation.of("harden", "-f", chart.toString()).out());
    List<String> patches =
        Invocation.of("harden", "-o", "patch", "-f", chart.toString()).out().lines().toList();

    assertThat(after).hasSameSizeAs(before);
    int next = 0;
    for (int i = 0; i < before.size(); i++) {
      for (String pointer : objects(before.get(i))) {
        JsonNode object = before.get(i).at(pointer);
        JsonNode patch = JSON.createArrayNode();
        if (hasPods(object)) {
          patch = JSON.readTree(patches.get(next));
          next++;
        }
        assertThat(JSON.readTree(after.get(i).at(pointer).toString()))
            .isEqualTo(
                JSON.readTree(
                    StrictJsonPatch.apply(JSON.readTree(object.toString()), patch).toString()));
      }
    }
    assertThat(next).isEqualTo(patches.size()).isPositive();
  }

  private static boolean hasPods(JsonNode object) {
    return object.path("kind").asText().equals("Pod")
        || object.at("/spec/template/spec").isObject()
        || object.at("/spec/jobTemplate").isObject();
  }

  private static List<String> objects(JsonNode document) {
    if (!document.path("kind").asText().equals("List")) {
      return List.of("");
    }
    return Stream.iterate(0, i -> i < document.get("items").size(), i -> i + 1)
        .map(i -> "/items/" + i)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("charts")
  void in_place_writes_what_is_printed(Path chart, @TempDir Path folder) throws IOException {
    Path copy = Files.copy(chart, folder.resolve("chart.yaml"));

    var result = Invocation.of("harden", "--in-place", "-f", copy.toString());

    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo(copy + "\n");
    assertThat(Files.readString(copy))
        .isEqualTo(Invocation.of("harden", "-f", chart.toString()).out());
  }

  /** As {@code helm install --post-renderer} and {@code kustomize build |} do. */
  @ParameterizedTest
  @MethodSource("charts")
  void a_pipe_gives_what_a_file_gives(Path chart) throws IOException {
    String piped = Invocation.piping(Files.readAllBytes(chart)).run("harden").out();

    assertThat(piped).isEqualTo(Invocation.of("harden", "-f", chart.toString()).out());
  }
}
