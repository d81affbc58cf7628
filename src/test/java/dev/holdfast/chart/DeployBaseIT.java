package dev.holdfast.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * {@code deploy/base} is what the build makes of the application. {@code -Dholdfast.update=true}
 * copies it.
 */
class DeployBaseIT {
  private static final Path BUILT = Path.of("target/kubernetes/kubernetes.yml");
  private static final Path COMMITTED = Path.of("deploy/base/kubernetes.yaml");

  @Test
  void is_what_the_build_makes() throws IOException {
    if (Boolean.getBoolean("holdfast.update")) {
      Files.copy(BUILT, COMMITTED, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
    assertThat(objects(COMMITTED)).isEqualTo(objects(BUILT));
  }

  /** The extension writes ports in no order that it keeps. */
  private static List<JsonNode> objects(Path file) throws IOException {
    List<JsonNode> objects = Chart.parse(Files.readString(file));
    for (JsonNode object : objects) {
      for (JsonNode ports : object.findValues("ports")) {
        List<JsonNode> sorted = new ArrayList<>();
        ports.forEach(sorted::add);
        sorted.sort(Comparator.comparing(JsonNode::toString));
        ((ArrayNode) ports).removeAll().addAll(sorted);
      }
    }
    return objects;
  }
}
