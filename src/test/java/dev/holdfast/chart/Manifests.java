package dev.holdfast.chart;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What kustomize makes of {@code deploy/} and its overlays: as it was written down, so that it can
 * be compared without kustomize, and as it is now.
 */
public final class Manifests {
  /** Where it is written down: {@code NAME.yaml}, {@code default} and one for each overlay. */
  public static final Path WRITTEN = Path.of("src/test/resources/deploy");

  /** What is compared as it is: deploy/default/rbac.yaml, and nothing changes it here. */
  private static final List<String> ROLES =
      List.of("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding");

  private static final Set<String> WITH_THESE_ROLES =
      Set.of("default", "opt-in", "overrides-denied", "before-1.30");

  private Manifests() {}

  /** Objects as they were written down. */
  static Chart written(String name) {
    return chart(read(WRITTEN.resolve(name + ".yaml")));
  }

  /** Roles and bindings. */
  static Chart roles(String name) {
    return WITH_THESE_ROLES.contains(name)
        ? chart(read(Path.of("deploy/default/rbac.yaml")))
        : written(name);
  }

  /** Whether an object is worth to be written down: the custom resource has its own test. */
  static boolean isWorthWriting(String name, JsonNode object) {
    String kind = object.path("kind").asText();
    return !kind.equals("CustomResourceDefinition")
        && !(WITH_THESE_ROLES.contains(name) && ROLES.contains(kind));
  }

  /** The objects that are worth to be written down. */
  public static String worthWriting(String name, String kustomized) {
    StringBuilder text = new StringBuilder();
    for (String document : kustomized.split("(?m)^---\n")) {
      if (isWorthWriting(name, Chart.tree(document))) {
        text.append(text.isEmpty() ? "" : "---\n").append(document);
      }
    }
    return text.toString();
  }

  /** {@code default}, and the overlays by their names. */
  public static List<String> names() throws IOException {
    List<String> names = new ArrayList<>(List.of("default"));
    try (var overlays = Files.list(Path.of("deploy/overlays"))) {
      overlays.map(folder -> folder.getFileName().toString()).sorted().forEach(names::add);
    }
    return names;
  }

  /** What {@code kubectl kustomize} is to be called with. */
  public static String folder(String name) {
    return name.equals("default") ? "deploy" : "deploy/overlays/" + name;
  }

  private static Chart chart(String text) {
    List<JsonNode> objects = Chart.parse(text);
    return new Chart(text, objects);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
