package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code harden --in-place}. */
class InPlaceTest {
  private static final String POD =
      """
      # the pod
      apiVersion: v1
      kind: Pod
      metadata:
        name: 'web'   # quoted
      spec:
        containers:
          # the app
          - image: "registry.example/web:1"
            name: app
      """;

  private static final String SHARED =
      """
      apiVersion: v1
      kind: List
      items:
        - {apiVersion: v1, kind: Pod, spec: &spec {containers: [{name: a}]}}
        - {apiVersion: v1, kind: Pod, spec: *spec}
      """;

  @TempDir private Path folder;

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private Invocation.Result harden() {
    return Invocation.of("harden", "--in-place", "--profile", "minimal", "-f", folder.toString());
  }

  private static String hardened() {
    return Invocation.piping(POD).run("harden", "--profile", "minimal").out();
  }

  private Set<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return Set.of(files.map(file -> file.getFileName().toString()).toArray(String[]::new));
    }
  }

  @Test
  void keeps_comments_quoting_and_order() throws IOException {
    Path file = write("pod.yaml", POD);

    assertThat(harden()).isEqualTo(new Invocation.Result(0, file + "\n", ""));

    assertThat(Files.readString(file))
        .isEqualTo(
            """
            # the pod
            apiVersion: v1
            kind: Pod
            metadata:
              name: 'web'   # quoted
              annotations:
                holdfast.dev/hardened: pre-stop,termination-grace
            spec:
              containers:
                # the app
                - image: "registry.example/web:1"
                  name: app
                  lifecycle:
                    preStop:
                      sleep:
                        seconds: 10
              terminationGracePeriodSeconds: 40
            """);
  }

  @Test
  void does_not_touch_files_that_need_nothing() throws IOException {
    Path file = write("service.yaml", "kind: Service\n");
    FileTime old = FileTime.fromMillis(0);
    Files.setLastModifiedTime(file, old);

    assertThat(harden()).isEqualTo(new Invocation.Result(0, "", ""));

    assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);
    assertThat(names()).containsExactly("service.yaml");
  }

  @Test
  void changes_nothing_the_second_time() throws IOException {
    write("pod.yaml", POD);

    harden();

    assertThat(harden().out()).isEmpty();
  }

  @Test
  void keeps_permissions() throws IOException {
    Path file = write("pod.yaml", POD);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));

    harden();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rwxr-x---");
  }

  @Test
  void a_link_stays_a_link_and_its_target_changes(@TempDir Path elsewhere) throws IOException {
    Path target = Files.writeString(elsewhere.resolve("pod.yaml"), POD);
    Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), target);

    harden();

    assertThat(Files.readSymbolicLink(link)).isEqualTo(target);
    assertThat(Files.readString(target)).isEqualTo(hardened());
    assertThat(names()).containsExactly("link.yaml");
  }

  @Test
  void prints_what_is_asked_for_instead_of_names() throws IOException {
    write("pod.yaml", POD);

    var result = Invocation.of("harden", "--in-place", "-o", "diff", "-f", folder + "/pod.yaml");

    assertThat(result.out()).startsWith("--- a" + folder + "/pod.yaml\n");
    assertThat(Files.readString(folder.resolve("pod.yaml"))).contains("preStop");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-f -", "", "-f a.yaml -o yaml", "-f a.yaml -o json", "-f a.yaml -"})
  void needs_files_and_prints_no_manifests(String arguments) {
    String[] all = ("harden --in-place " + arguments).trim().split(" ");

    var result = Invocation.piping(POD).run(all);

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("--in-place").contains("holdfast harden --help tells more.");
  }

  @Test
  void leaves_a_file_alone_that_cannot_be_edited_and_changes_the_others() throws IOException {
    write("a.yaml", SHARED);
    Path other = write("b.yaml", POD);

    var result = harden();

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEqualTo(other + "\n");
    assertThat(result.err())
        .startsWith(folder + "/a.yaml:4:")
        .endsWith("; the file is as it was\n");
    assertThat(Files.readString(folder.resolve("a.yaml"))).isEqualTo(SHARED);
    assertThat(Files.readString(other)).isEqualTo(hardened());
  }

  @Test
  void leaves_a_file_alone_that_cannot_be_read_and_changes_the_others() throws IOException {
    Path bad = write("a.yaml", POD + "b: [\n");
    Path other = write("b.yaml", POD);

    var result = harden();

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).startsWith(bad + ":");
    assertThat(Files.readString(bad)).isEqualTo(POD + "b: [\n");
    assertThat(Files.readString(other)).isEqualTo(hardened());
  }

  @Test
  void a_file_that_cannot_be_written_is_as_it_was() throws IOException {
    Path file = write("pod.yaml", POD);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
    // root writes everywhere
    assumeThat(Files.isWritable(folder)).isFalse();

    var result = harden();

    assertThat(result)
        .isEqualTo(
            new Invocation.Result(
                2, "", file + ": cannot be written: permission denied; it is as it was\n"));
    assertThat(Files.readString(file)).isEqualTo(POD);
  }

  @Test
  void what_cannot_be_moved_there_leaves_nothing_behind() throws IOException {
    // a directory takes the place of a file that cannot be written: also root cannot replace it
    Path directory = Files.createDirectory(folder.resolve("pod.yaml"));
    Files.writeString(directory.resolve("x"), "x");

    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> AtomicWrite.replace(directory, new byte[] {1}))
        .isInstanceOfAny(IOException.class, AccessDeniedException.class);

    assertThat(names()).containsExactly("pod.yaml");
    assertThat(directory.resolve("x")).hasContent("x");
  }

  @Test
  void readers_never_see_a_part(@TempDir Path other) throws Exception {
    Path file = other.resolve("big");
    byte[] one = "1".repeat(1 << 20).getBytes();
    byte[] two = "2".repeat(1 << 20).getBytes();
    Files.write(file, one);
    Thread writer =
        new Thread(
            () -> {
              try {
                for (int i = 0; i < 10; i++) {
                  AtomicWrite.replace(file, i % 2 == 0 ? two : one);
                }
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });

    writer.start();
    while (writer.isAlive()) {
      byte[] seen = Files.readAllBytes(file);
      assertThat(seen.length).isEqualTo(1 << 20);
      assertThat(seen[0]).isEqualTo(seen[seen.length - 1]);
    }
    writer.join();

    assertThat(Files.readAllBytes(file)).isEqualTo(one);
  }
}
