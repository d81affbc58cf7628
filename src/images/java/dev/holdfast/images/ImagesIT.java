package dev.holdfast.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The images, of what the build has packaged. */
class ImagesIT {
  private static final Path APP = Path.of("target/quarkus-app");
  private static final Path SBOM = Path.of("target/holdfast.cdx.json");
  private static final long MEGABYTE = 1_000_000;

  @TempDir private static Path folder;
  private static Path first;

  @BeforeAll
  static void build() throws Exception {
    first = images("first", APP);
  }

  private static Path images(String name, Path app, String... more) throws Exception {
    Path init = Files.createDirectories(folder.resolve("init"));
    for (String platform : List.of("linux-amd64", "linux-arm64", "sanitize")) {
      Files.writeString(
          Files.createDirectories(init.resolve(platform)).resolve("holdfast-init"),
          "a binary for " + platform);
    }
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--app=" + app,
                "--sbom=" + SBOM,
                "--classes=src/images/classes.txt",
                "--flags=src/images/jvm.flags",
                "--init=" + init,
                "--output=" + folder.resolve(name),
                "--repository=registry.example/team",
                "--image-version=1.2.3",
                "--created=2026-01-01T00:00:00Z",
                "--revision=0123abc",
                "--jdk=" + System.getProperty("images.jdk")));
    arguments.addAll(Arrays.asList(more));
    Images.main(arguments.toArray(String[]::new));
    return folder.resolve(name);
  }

  @Test
  void two_builds_are_the_same_byte_for_byte() throws Exception {
    Path second = images("a/folder/of/another/name", APP);
    for (String archive : List.of("holdfast.tar", "holdfast-init.tar")) {
      assertThat(Files.mismatch(first.resolve(archive), second.resolve(archive)))
          .as(archive)
          .isEqualTo(-1);
    }
  }

  @Test
  void a_change_of_code_changes_one_small_layer_and_the_cache() throws Exception {
    Path app = folder.resolve("changed-app");
    for (Path path : Trees.below(APP)) {
      Path target = app.resolve(APP.relativize(path));
      if (Files.isDirectory(path)) {
        Files.createDirectories(target);
      } else {
        Files.createDirectories(target.getParent());
        Files.copy(path, target);
      }
    }
    Path jar = Trees.below(app.resolve("app")).get(0);
    try (FileSystem content =
        FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), Map.of())) {
      Files.writeString(content.getPath("changed"), "by this test");
    }

    List<OciArchive.Layer> before = main(first).layers();
    List<OciArchive.Layer> after = main(images("changed", app)).layers();

    assertThat(after).extracting(OciArchive.Layer::name).isEqualTo(names(before));
    assertThat(after.stream().filter(layer -> !before.contains(layer)))
        .allSatisfy(
            layer -> {
              assertThat(layer.name()).isIn("holdfast", "cache");
              if (layer.name().equals("holdfast")) {
                assertThat(layer.size()).isLessThan(MEGABYTE);
              }
            })
        .extracting(OciArchive.Layer::name)
        .contains("holdfast");
  }

  @Test
  void the_main_image_has_its_layers_and_is_small() throws Exception {
    OciArchive.Image image = main(first);
    assertThat(names(image.layers()))
        .startsWith("java", "libraries", "quarkus", "holdfast")
        .isSubsetOf("java", "libraries", "quarkus", "holdfast", "cache");
    assertThat(image.compressedBytes()).isLessThan(140 * MEGABYTE);
  }

  @Test
  void the_main_image_is_the_command_line_and_not_root() throws Exception {
    JsonNode config = main(first).config().get("config");
    assertThat(config.get("User").asText()).isEqualTo("65532:65532");
    assertThat(config.get("Entrypoint")).hasToString("[\"java\",\"@/app/holdfast.options\"]");
    assertThat(config.get("Labels").properties())
        .extracting(label -> label.getKey() + "=" + label.getValue().asText())
        .contains(
            "org.opencontainers.image.title=Holdfast",
            "org.opencontainers.image.version=1.2.3",
            "org.opencontainers.image.revision=0123abc",
            "org.opencontainers.image.licenses=Apache-2.0",
            "org.opencontainers.image.created=2026-01-01T00:00:00Z");
  }

  @Test
  void nobody_but_root_may_write_what_is_in_the_main_image() throws Exception {
    Map<String, TarArchiveEntry> files = files(first.resolve("holdfast.tar"));
    assertThat(files).containsKeys("app/holdfast.jar", "opt/java/bin/java", "opt/java/lib/modules");
    files.forEach(
        (name, file) -> {
          assertThat(file.getLongUserId()).as(name).isZero();
          assertThat(file.getMode() & 07022).as(name).isEqualTo(name.equals("tmp/") ? 022 : 0);
        });
  }

  @Test
  void the_main_image_has_no_shell() throws Exception {
    assertThat(files(first.resolve("holdfast.tar")).keySet())
        .noneMatch(name -> name.matches("(.*/)?(sh|bash|dash|busybox)"))
        .filteredOn(name -> name.contains("bin/"))
        .containsExactlyInAnyOrder("opt/java/bin/", "opt/java/bin/java");
  }

  @Test
  void every_library_of_the_main_image_is_in_its_sbom() throws Exception {
    JsonNode sbom = new ObjectMapper().readTree(first.resolve("root/app/sbom.cdx.json").toFile());
    List<String> components =
        sbom.findValues("purl").stream()
            .map(
                purl ->
                    purl.asText().replaceFirst("pkg:maven/([^/]+)/([^@]+)@([^?]+).*", "$1.$2-$3"))
            .toList();
    try (Stream<Path> libraries = Files.list(first.resolve("root/app/lib"))) {
      assertThat(libraries)
          .isNotEmpty()
          .allSatisfy(
              library ->
                  assertThat(components)
                      .contains(library.getFileName().toString().replaceFirst("\\.jar$", "")));
    }
    assertThat(sbom.at("/metadata/component/name").asText()).isEqualTo("holdfast");
  }

  @Test
  void the_init_image_is_the_binary_for_each_platform() throws Exception {
    List<OciArchive.Image> images = OciArchive.read(first.resolve("holdfast-init.tar"));
    assertThat(images)
        .extracting(OciArchive.Image::platform)
        .containsExactly("linux/amd64", "linux/arm64");
    for (OciArchive.Image image : images) {
      JsonNode config = image.config().get("config");
      assertThat(config.get("Entrypoint")).hasToString("[\"/holdfast-init\"]");
      assertThat(config.get("User").asText()).isEqualTo("65532:65532");
      assertThat(image.layers()).hasSize(1);
      byte[] layer =
          OciArchive.blob(first.resolve("holdfast-init.tar"), image.layers().get(0).digest());
      Map<String, String> content = new TreeMap<>();
      each(
          layer,
          (entry, bytes) -> {
            content.put(entry.getName(), new String(bytes, UTF_8));
            assertThat(entry.getMode() & 0777).isEqualTo(0755);
          });
      assertThat(content)
          .isEqualTo(Map.of("holdfast-init", "a binary for " + image.platform().replace('/', '-')));
    }
  }

  @Test
  void a_base_image_of_a_registry_takes_the_place_of_the_local_runtime() throws Exception {
    try (TestRegistry registry = new TestRegistry("java", List.of("linux/amd64", "linux/arm64"))) {
      Path built =
          images(
              "based",
              APP,
              "--base=" + registry.reference(),
              "--insecure-base",
              "--platforms=linux/amd64,linux/arm64");
      List<OciArchive.Image> images = OciArchive.read(built.resolve("holdfast.tar"));
      assertThat(images)
          .extracting(OciArchive.Image::platform)
          .containsExactly("linux/amd64", "linux/arm64");
      for (OciArchive.Image image : images) {
        assertThat(image.layers().get(0).digest()).isEqualTo(registry.layer(image.platform()));
        assertThat(names(image.layers()).subList(1, image.layers().size()))
            .containsExactly("libraries", "quarkus", "holdfast");
        assertThat(image.config().at("/config/Env")).hasToString("[\"PATH=/from/the/base\"]");
        assertThat(image.config().at("/config/Labels/org.opencontainers.image.base.name").asText())
            .isEqualTo(registry.reference());
      }
    }
  }

  @Test
  void a_base_image_that_cannot_be_had_fails_the_build() {
    assertThatThrownBy(() -> images("none", APP, "--base=localhost:1/java:17", "--insecure-base"))
        .hasStackTraceContaining("localhost:1");
  }

  private static OciArchive.Image main(Path images) throws IOException {
    return OciArchive.read(images.resolve("holdfast.tar")).get(0);
  }

  private static List<String> names(List<OciArchive.Layer> layers) {
    return layers.stream().map(OciArchive.Layer::name).toList();
  }

  private static Map<String, TarArchiveEntry> files(Path archive) throws IOException {
    Map<String, TarArchiveEntry> files = new TreeMap<>();
    for (OciArchive.Layer layer : OciArchive.read(archive).get(0).layers()) {
      each(
          OciArchive.blob(archive, layer.digest()),
          (entry, content) -> files.put(entry.getName(), entry));
    }
    return files;
  }

  private interface Visitor {
    void visit(TarArchiveEntry entry, byte[] content);
  }

  private static void each(byte[] layer, Visitor visitor) {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new GZIPInputStream(new ByteArrayInputStream(layer)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        visitor.visit(entry, tar.readAllBytes());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
