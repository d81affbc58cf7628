package dev.holdfast.chart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The chart, as Helm renders it for one release, with its hooks.
 *
 * @param text what {@code helm template} prints
 * @param objects its objects, in that order
 */
public record Chart(String text, List<JsonNode> objects) {
  public static final Path FOLDER = Path.of("charts/holdfast");

  /** Helm's template command as a library leaves hooks out: it must not see that they are. */
  private static final String HOOK = "helm.sh/hook";

  private static final String UNSEEN = "hook.test/hook";
  private static final Path WITH_HOOKS = copyWithHooks();

  /** One that has all that the chart can use. */
  static final String KUBERNETES = "1.34.0";

  static final Path CASES = Path.of("src/test/resources/chart");
  private static final Map<String, Chart> RENDERED = new ConcurrentHashMap<>();
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Pattern SEPARATOR = Pattern.compile("(?m)^---$");

  /** The names of all cases: folders with {@code values.yaml}. */
  public static Stream<String> cases() throws IOException {
    try (Stream<Path> files = Files.list(CASES)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  /** As {@code helm template holdfast -n holdfast-system -f VALUES}, once. */
  public static Chart ofCase(String name) {
    return RENDERED.computeIfAbsent(
        name,
        key ->
            rendered(
                command("holdfast", "holdfast-system")
                    .withValuesFile(CASES.resolve(key).resolve("values.yaml"))));
  }

  /** As {@code helm template RELEASE -n NAMESPACE --set …}. */
  static Chart rendered(String release, String namespace, String... settings) {
    return rendered(command(release, namespace, settings));
  }

  static Chart rendered(TemplateCommand command) {
    String text = command.call().replace(UNSEEN, HOOK);
    return new Chart(text, parse(text));
  }

  static TemplateCommand command(String release, String namespace, String... settings) {
    TemplateCommand command =
        new Helm(WITH_HOOKS)
            .template()
            .withName(release)
            .withNamespace(namespace)
            .withKubeVersion(KUBERNETES);
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      command.set(setting.substring(0, equals), setting.substring(equals + 1));
    }
    return command;
  }

  private static Path copyWithHooks() {
    try (Stream<Path> files = Files.walk(FOLDER)) {
      Path copy = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "chart");
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = copy.resolve(FOLDER.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.writeString(target, Files.readString(file).replace(HOOK, UNSEEN));
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The objects of a stream of YAML. */
  static List<JsonNode> parse(String text) {
    List<JsonNode> objects = new ArrayList<>();
    for (String document : SEPARATOR.split(text)) {
      JsonNode object = tree(document);
      if (object.isObject()) {
        objects.add(object);
      }
    }
    return objects;
  }

  static JsonNode tree(String yaml) {
    try {
      return YAML.readTree(yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode read(Path file) {
    try {
      return tree(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Optional<JsonNode> find(String kind, String name) {
    return objects.stream().filter(object -> id(object).equals(kind + "/" + name)).findFirst();
  }

  JsonNode get(String kind, String name) {
    return find(kind, name)
        .orElseThrow(() -> new AssertionError("no " + kind + "/" + name + " in " + ids(objects)));
  }

  /** Those of a kind. */
  public List<JsonNode> ofKind(String kind) {
    return objects.stream().filter(object -> object.path("kind").asText().equals(kind)).toList();
  }

  static List<String> ids(List<JsonNode> objects) {
    return objects.stream().map(Chart::id).toList();
  }

  /** {@code Kind/name}. */
  public static String id(JsonNode object) {
    return object.path("kind").asText() + "/" + object.at("/metadata/name").asText();
  }

  /** Whether Helm makes it beside the release, at some time. */
  static boolean isHook(JsonNode object) {
    return object.path("metadata").path("annotations").has("helm.sh/hook");
  }

  /** The pod templates of all workloads. */
  public List<JsonNode> podTemplates() {
    List<JsonNode> templates = new ArrayList<>();
    for (JsonNode object : objects) {
      for (String place : List.of("/spec/template", "/spec/jobTemplate/spec/template")) {
        if (object.at(place).has("spec")) {
          templates.add(object.at(place));
        }
      }
    }
    return templates;
  }
}
