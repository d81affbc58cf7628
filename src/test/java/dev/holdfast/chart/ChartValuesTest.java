package dev.holdfast.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.comments.CommentLine;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * The values of the chart, their schema and the table of its README say the same. {@code
 * -Dholdfast.update=true} writes table and schema anew.
 */
class ChartValuesTest {
  private static final Path VALUES = Chart.FOLDER.resolve("values.yaml");
  private static final Path README = Chart.FOLDER.resolve("README.md");
  private static final Path SCHEMA = Chart.FOLDER.resolve("values.schema.json");
  private static final String START = "<!-- made from values.yaml: do not edit below -->\n";
  private static final boolean UPDATE = Boolean.getBoolean("holdfast.update");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Begins the comment that documents a value. */
  private static final String MARK = "-- ";

  /**
   * A value of the chart.
   *
   * @param comment what it is for, empty if nothing says so
   */
  private record Value(String comment, JsonNode preset) {}

  private static Map<String, Value> values() throws IOException {
    Map<String, Value> values = new TreeMap<>();
    LoaderOptions options = new LoaderOptions();
    options.setProcessComments(true);
    Node root = new Yaml(options).compose(new StringReader(Files.readString(VALUES)));
    collect((MappingNode) root, Chart.read(VALUES), "", values);
    return values;
  }

  private static void collect(
      MappingNode mapping, JsonNode tree, String prefix, Map<String, Value> values) {
    for (NodeTuple tuple : mapping.getValue()) {
      String key = ((ScalarNode) tuple.getKeyNode()).getValue();
      String comment = comment(tuple.getKeyNode());
      JsonNode preset = tree.get(key);
      if (comment.isEmpty()
          && tuple.getValueNode() instanceof MappingNode below
          && !below.getValue().isEmpty()) {
        collect(below, preset, prefix + key + ".", values);
      } else {
        values.put(prefix + key, new Value(comment, preset));
      }
    }
  }

  /** What stands behind the mark, to the end of the comment. */
  private static String comment(Node key) {
    if (key.getBlockComments() == null) {
      return "";
    }
    String all =
        key.getBlockComments().stream()
            .map(CommentLine::getValue)
            .map(String::strip)
            .collect(Collectors.joining(" "));
    int mark = all.indexOf(MARK);
    return mark < 0 ? "" : all.substring(mark + MARK.length()).strip();
  }

  @Test
  void every_value_is_documented() throws IOException {
    assertThat(values()).allSatisfy((name, value) -> assertThat(value.comment()).isNotEmpty());
  }

  @Test
  void the_readme_lists_every_value() throws IOException {
    StringBuilder table = new StringBuilder("\n| value | default | |\n|---|---|---|\n");
    values()
        .forEach(
            (name, value) ->
                table
                    .append("| `")
                    .append(name)
                    .append("` | `")
                    .append(value.preset())
                    .append("` | ")
                    .append(value.comment())
                    .append(" |\n"));
    String page = Files.readString(README);
    int start = page.indexOf(START);
    assertThat(start).as("the marker in " + README).isPositive();
    String expected = page.substring(0, start + START.length()) + table;
    if (UPDATE) {
      Files.writeString(README, expected);
    }
    assertThat(README).hasContent(expected);
  }

  @Test
  void the_schema_knows_these_values_and_no_others() throws IOException {
    assertThat(keys(JSON.readTree(SCHEMA.toFile()), Chart.read(VALUES), "")).isEmpty();
  }

  /**
   * Helm takes a value of null away before it looks at the schema. A group or a list that a
   * template needs is missed there in clear words. Single values are not: a release of an older
   * chart, whose values are used again, has none of the new ones.
   */
  @Test
  void the_schema_misses_groups_and_lists_that_are_null() throws IOException {
    Set<String> optional = new TreeSet<>();
    Set<String> required = new TreeSet<>();
    collect(JSON.readTree(SCHEMA.toFile()), Chart.read(VALUES), "", required, optional);

    assertThat(optional)
        .containsExactly(
            "controller.nodeSelector",
            "dashboard.labels",
            "hooks.nodeSelector",
            "webhook.nodeSelector");
    assertThat(required).contains("policies", "webhook", "certificates.generator");
    for (String name : optional) {
      assertThat(
              Chart.rendered(
                      "holdfast", "holdfast-system", "dashboard.enabled=true", name + "=null")
                  .objects())
          .as(name)
          .isNotEmpty();
    }
  }

  /** Groups and lists, by whether the schema wants them; of single values it may want none. */
  private static void collect(
      JsonNode schema, JsonNode values, String prefix, Set<String> required, Set<String> optional) {
    Set<String> wanted = new TreeSet<>();
    schema.path("required").forEach(key -> wanted.add(key.asText()));
    for (Map.Entry<String, JsonNode> value : values.properties()) {
      String key = value.getKey();
      if (value.getValue().isContainerNode()) {
        (wanted.contains(key) ? required : optional).add(prefix + key);
      } else {
        assertThat(wanted).as(prefix).doesNotContain(key);
      }
      JsonNode below = schema.path("properties").path(key);
      if (below.has("properties") && !value.getValue().isEmpty()) {
        collect(below, value.getValue(), prefix + key + ".", required, optional);
      }
    }
  }

  /** Keys that only one of them has. */
  private static List<String> keys(JsonNode schema, JsonNode values, String prefix) {
    Map<String, String> odd = new TreeMap<>();
    JsonNode properties = schema.path("properties");
    assertThat(schema.path("additionalProperties").asBoolean(true)).as(prefix).isFalse();
    properties
        .fieldNames()
        .forEachRemaining(
            key -> {
              if (!values.has(key) && !(prefix + key).equals("global")) {
                odd.put(prefix + key, "schema only");
              }
            });
    values
        .fieldNames()
        .forEachRemaining(
            key -> {
              if (!properties.has(key)) {
                odd.put(prefix + key, "values only");
              } else if (values.get(key).isObject()
                  && !values.get(key).isEmpty()
                  && properties.get(key).has("properties")) {
                odd.putAll(
                    keys(properties.get(key), values.get(key), prefix + key + ".").stream()
                        .collect(Collectors.toMap(name -> name, name -> "")));
              }
            });
    return odd.entrySet().stream()
        .map(entry -> (entry.getKey() + " " + entry.getValue()).strip())
        .toList();
  }

  @Test
  void policies_have_the_schema_of_the_loader() throws IOException {
    ObjectNode schema = (ObjectNode) JSON.readTree(SCHEMA.toFile());
    JsonNode spec =
        JSON.readTree(Path.of("docs/reference/hardeningpolicy.schema.json").toFile())
            .at("/properties/spec");
    if (UPDATE) {
      schema.withObject("/$defs").set("policySpec", spec);
      Files.writeString(
          SCHEMA,
          JSON.writer(
                      new DefaultPrettyPrinter()
                          .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                          .withArrayIndenter(new DefaultIndenter("  ", "\n")))
                  .writeValueAsString(schema)
              + "\n");
    }
    assertThat(JSON.readTree(SCHEMA.toFile()).at("/$defs/policySpec")).isEqualTo(spec);
  }

  @Test
  void commands_of_the_readme_set_values_that_there_are() throws IOException {
    List<String> names =
        StreamSupport.stream(Files.readString(README).lines().spliterator(), false)
            .filter(line -> line.contains("--set "))
            .map(line -> line.replaceFirst(".*--set ([^=\\s]+)=.*", "$1"))
            .toList();

    assertThat(names).isNotEmpty();
    assertThat(values().keySet()).containsAll(names);
  }
}
