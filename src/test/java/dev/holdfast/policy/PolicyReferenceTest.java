package dev.holdfast.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.policy.SchemaType.Key;
import dev.holdfast.policy.SchemaType.Struct;
import dev.holdfast.yaml.YamlWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * The published schema and reference are those that the loader checks by. {@code
 * -Dholdfast.update=true} writes them anew.
 */
class PolicyReferenceTest {
  private static final Path FOLDER = Path.of("docs/reference");
  private static final boolean UPDATE = Boolean.getBoolean("holdfast.update");
  private static final String START = "<!-- generated from the schema: do not edit below -->\n";

  @Test
  void the_json_schema_is_the_loaders() throws IOException {
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
    String schema =
        new ObjectMapper().writer(printer).writeValueAsString(PolicySchema.jsonSchema());
    compare(FOLDER.resolve("hardeningpolicy.schema.json"), schema + "\n");
  }

  @Test
  void the_custom_resource_is_the_loaders() throws IOException {
    compare(
        Path.of("deploy/crd/hardeningpolicies.holdfast.dev.yaml"),
        YamlWriter.write(PolicyCustomResource.definition()));
  }

  /** What structural schemas have no keyword for; {@code CustomResourceE2E} asks an API server. */
  @Test
  void the_custom_resource_refuses_what_is_there_twice_and_names_of_another_form() {
    JsonNode schema = PolicySchema.jsonSchema().at("/properties/spec");
    JsonNode structural =
        PolicyCustomResource.definition()
            .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
    assertThat(pointers(schema, "", node -> node.has("uniqueItems")))
        .isNotEmpty()
        .isEqualTo(
            pointers(
                structural,
                "",
                node ->
                    Set.of("set", "map").contains(node.path("x-kubernetes-list-type").asText())));
    assertThat(pointers(schema, "", node -> node.has("propertyNames")))
        .hasSize(2)
        .allSatisfy(
            pointer -> {
              JsonNode rule = structural.at(pointer + "/x-kubernetes-validations/0");
              assertThat(rule.path("rule").asText()).startsWith("self.all(name, name.matches('^");
              assertThat(rule.path("message").asText())
                  .isEqualTo("a name is not allowed as a key: expected a label name");
            });
  }

  private static Set<String> pointers(JsonNode node, String at, Predicate<JsonNode> wanted) {
    Set<String> pointers = new TreeSet<>();
    if (wanted.test(node)) {
      pointers.add(at);
    }
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      pointers.addAll(pointers(member.getValue(), at + "/" + member.getKey(), wanted));
    }
    return pointers;
  }

  @Test
  void the_reference_page_is_the_loaders() throws IOException {
    Path page = FOLDER.resolve("policy.md");
    String text = Files.readString(page);
    int start = text.indexOf(START);
    assertThat(start).as("the marker in " + page).isPositive();
    compare(page, text.substring(0, start + START.length()) + tables());
  }

  private static void compare(Path file, String expected) throws IOException {
    if (UPDATE) {
      Files.writeString(file, expected);
    }
    assertThat(file).hasContent(expected);
  }

  private static String tables() {
    StringBuilder text = new StringBuilder("\n## spec\n\n");
    table(text, PolicySchema.SPEC, "");
    text.append("\n## spec.rules\n");
    text.append(
        "\nEvery rule has an optional `mode` (Off, Audit or Enforce), which switches it on or off"
            + " whatever the profile\nsays, and can only lower the mode of the pod.\n");
    for (Key rule : PolicySchema.RULES.keys().values()) {
      Struct settings = (Struct) rule.type();
      text.append("\n### ").append(rule.name()).append("\n\n").append(rule.description());
      RuleName name = RuleName.ofKey(rule.name());
      if (Files.exists(Path.of("docs/rules", name.id() + ".md"))) {
        text.append(" See [").append(name.id()).append("](../rules/").append(name.id());
        text.append(".md).");
      }
      text.append('\n');
      if (settings.keys().size() > 1) {
        text.append('\n');
        table(text, settings, "");
      }
    }
    return text.toString();
  }

  private static void table(StringBuilder text, Struct struct, String prefix) {
    if (prefix.isEmpty()) {
      text.append("| key | allowed | default | |\n|---|---|---|---|\n");
    }
    for (Key key : struct.keys().values()) {
      if (key.name().equals("rules") || key.name().equals("mode") && struct != PolicySchema.SPEC) {
        continue;
      }
      if (key.type() instanceof Struct below && key.defaultValue().isMissingNode()) {
        table(text, below, prefix + key.name() + ".");
        continue;
      }
      String allowed =
          key.type() instanceof Struct ? "a Kubernetes LabelSelector" : key.type().allowed();
      text.append("| `")
          .append(prefix)
          .append(key.name())
          .append("` | ")
          .append(allowed)
          .append(" | `")
          .append(key.defaultValue())
          .append("` | ")
          .append(key.description())
          .append(" |\n");
    }
  }
}
