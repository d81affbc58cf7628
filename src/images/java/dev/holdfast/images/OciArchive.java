package dev.holdfast.images;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * An OCI image layout in a tar. Jib writes one a platform; a release wants one with all.
 *
 * <p>Source: OCI Image Format, "Image Layout Specification" and "Image Index Specification".
 */
final class OciArchive {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String INDEX = "application/vnd.oci.image.index.v1+json";

  private OciArchive() {}

  /** An image of one platform; sizes are those of the compressed layers. */
  record Image(String platform, String digest, List<Layer> layers, JsonNode config) {
    long compressedBytes() {
      return layers.stream().mapToLong(Layer::size).sum();
    }
  }

  /** A layer, and the name that Jib's history gives it. */
  record Layer(String name, String digest, long size) {}

  /** One archive of several, each of another platform. */
  static void merge(List<Path> parts, String reference, Path target) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    ArrayNode manifests = JSON.createArrayNode();
    for (Path part : parts) {
      Map<String, byte[]> content = entries(part);
      ObjectNode manifest = (ObjectNode) index(content).get("manifests").get(0);
      manifest.remove("annotations");
      JsonNode config =
          JSON.readTree(
              content.get(blob(JSON.readTree(content.get(blob(manifest))).get("config"))));
      manifest
          .putObject("platform")
          .put("architecture", config.get("architecture").asText())
          .put("os", config.get("os").asText());
      manifests.add(manifest);
      content.remove("index.json");
      files.putAll(content);
    }
    ObjectNode root = (ObjectNode) manifests.get(0);
    if (parts.size() > 1) {
      root = JSON.createObjectNode().put("mediaType", INDEX);
      byte[] nested = JSON.writeValueAsBytes(index(manifests));
      root.put("digest", "sha256:" + sha256(nested)).put("size", nested.length);
      files.put(blob(root), nested);
    }
    // containerd takes the first, others the second
    root.putObject("annotations")
        .put("io.containerd.image.name", reference)
        .put(
            "org.opencontainers.image.ref.name",
            reference.substring(reference.lastIndexOf(':') + 1));
    files.put("index.json", JSON.writeValueAsBytes(index(JSON.createArrayNode().add(root))));
    write(files, target);
  }

  /** The images of an archive. */
  static List<Image> read(Path archive) throws IOException {
    Map<String, byte[]> content = entries(archive);
    List<Image> images = new ArrayList<>();
    for (JsonNode root : index(content).get("manifests")) {
      if (INDEX.equals(root.path("mediaType").asText())) {
        for (JsonNode manifest : JSON.readTree(content.get(blob(root))).get("manifests")) {
          images.add(image(content, manifest));
        }
      } else {
        images.add(image(content, root));
      }
    }
    return images;
  }

  /** The compressed tar of a layer. */
  static byte[] blob(Path archive, String digest) throws IOException {
    return entries(archive).get("blobs/sha256/" + digest.substring("sha256:".length()));
  }

  private static Image image(Map<String, byte[]> content, JsonNode descriptor) throws IOException {
    JsonNode manifest = JSON.readTree(content.get(blob(descriptor)));
    JsonNode config = JSON.readTree(content.get(blob(manifest.get("config"))));
    List<Layer> layers = new ArrayList<>();
    JsonNode history = config.path("history");
    int n = 0;
    for (JsonNode layer : manifest.get("layers")) {
      layers.add(
          new Layer(
              history.path(n++).path("comment").asText("?"),
              layer.get("digest").asText(),
              layer.get("size").asLong()));
    }
    return new Image(
        config.get("os").asText() + "/" + config.get("architecture").asText(),
        descriptor.get("digest").asText(),
        layers,
        config);
  }

  private static JsonNode index(Map<String, byte[]> content) throws IOException {
    return JSON.readTree(content.get("index.json"));
  }

  private static ObjectNode index(ArrayNode manifests) {
    ObjectNode index = JSON.createObjectNode().put("schemaVersion", 2).put("mediaType", INDEX);
    index.set("manifests", manifests);
    return index;
  }

  private static String blob(JsonNode descriptor) {
    return "blobs/" + descriptor.get("digest").asText().replace(':', '/');
  }

  private static Map<String, byte[]> entries(Path archive) throws IOException {
    Map<String, byte[]> entries = new TreeMap<>();
    try (InputStream file = Files.newInputStream(archive);
        TarArchiveInputStream tar = new TarArchiveInputStream(file)) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.isFile()) {
          entries.put(entry.getName(), tar.readAllBytes());
        }
      }
    }
    return entries;
  }

  private static void write(Map<String, byte[]> files, Path target) throws IOException {
    try (OutputStream file = Files.newOutputStream(target);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(file)) {
      for (Map.Entry<String, byte[]> content : files.entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry(content.getKey());
        entry.setSize(content.getValue().length);
        entry.setModTime(0);
        tar.putArchiveEntry(entry);
        tar.write(content.getValue());
        tar.closeArchiveEntry();
      }
    }
  }

  private static String sha256(byte[] data) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
