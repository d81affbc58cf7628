package dev.holdfast.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** What the API server of {@code src/test/cluster/up.sh --audit} has recorded. */
final class AuditLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;

  private AuditLog(Path folder) {
    this.folder = folder;
  }

  /** Skips the test where the cluster keeps none. */
  static AuditLog open() {
    Path folder = Path.of(System.getenv("KUBECONFIG")).resolve("../../log").normalize();
    Assumptions.assumeTrue(
        Files.isReadable(folder.resolve("audit.log")),
        "needs the audit log of src/test/cluster/up.sh --audit");
    return new AuditLog(folder);
  }

  /**
   * What a user has asked for since then, as RBAC sees it, {@code list apps/deployments}.
   *
   * @param refused whether only what was refused for want of permission
   */
  SortedSet<String> verbs(String user, Instant since, boolean refused) throws IOException {
    SortedSet<String> verbs = new TreeSet<>();
    for (Path file : writtenSince(since)) {
      try (Stream<String> lines = Files.lines(file)) {
        for (String line : (Iterable<String>) lines::iterator) {
          if (line.contains(user)) {
            JsonNode event = JSON.readTree(line);
            boolean counts =
                event.at("/user/username").asText().equals(user)
                    && event.path("objectRef").has("resource")
                    && !time(event).isBefore(since)
                    && (!refused || event.at("/responseStatus/code").asInt() == 403);
            if (counts) {
              verbs.add(verb(event));
            }
          }
        }
      }
    }
    return verbs;
  }

  /** It starts a new file now and then. */
  private List<Path> writtenSince(Instant since) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, "audit*.log")) {
      for (Path file : all) {
        if (!Files.getLastModifiedTime(file).toInstant().isBefore(since)) {
          files.add(file);
        }
      }
    }
    return files;
  }

  private static Instant time(JsonNode event) {
    return Instant.parse(event.path("requestReceivedTimestamp").asText());
  }

  private static String verb(JsonNode event) {
    JsonNode object = event.path("objectRef");
    String subresource = object.path("subresource").asText();
    return event.path("verb").asText()
        + " "
        + object.path("apiGroup").asText()
        + "/"
        + object.path("resource").asText()
        + (subresource.isEmpty() ? "" : "/" + subresource);
  }
}
