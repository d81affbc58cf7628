package dev.holdfast.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.policy.SchemaType.Key;
import dev.holdfast.policy.SchemaType.Struct;
import dev.holdfast.yaml.YamlWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
