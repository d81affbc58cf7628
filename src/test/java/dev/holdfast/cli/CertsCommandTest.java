package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.certs.TestPairs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CertsCommandTest {
  @TempDir private Path folder;

  private Invocation.Result certs(String command, String... more) {
    List<String> words = new ArrayList<>(List.of("certs", command));
    words.addAll(List.of("--service", "holdfast", "--namespace", "holdfast-system"));
    words.addAll(List.of("--dir", folder.resolve("certs").toString()));
    words.addAll(List.of(more));
    return Invocation.of(words.toArray(String[]::new));
  }

  private String file(String name) throws IOException {
    return Files.readString(folder.resolve("certs").resolve(name));
  }

  private void write(Map<String, byte[]> content) throws IOException {
    Files.createDirectories(folder.resolve("certs"));
    for (var file : content.entrySet()) {
      Files.write(folder.resolve("certs").resolve(file.getKey()), file.getValue());
    }
  }

  @Test
  void what_is_generated_is_verified_and_only_its_owner_reads_keys() throws IOException {
    var result = certs("generate");

    assertThat(result.code()).as(result.err()).isZero();
    assertThat(certs("verify").code()).isZero();
    assertThat(certs("verify").out()).startsWith("fine: for holdfast.holdfast-system.svc");
    for (String name : List.of("tls.key", "ca.key")) {
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(folder.resolve("certs").resolve(name))))
          .isEqualTo("rw-------");
    }
    try (Stream<Path> files = Files.list(folder.resolve("certs"))) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("ca.crt", "tls.crt", "tls.key", "ca.key");
    }
  }

  @Test
  void a_second_call_leaves_what_is_good() throws IOException {
    certs("generate");
    String certificate = file("tls.crt");

    var result = certs("generate");

    assertThat(result.out()).startsWith("nothing is due before ");
    assertThat(file("tls.crt")).isEqualTo(certificate);
  }

  @Test
  void several_at_once_make_one_authority() throws Exception {
    var executor = Executors.newFixedThreadPool(4);
    try {
      Callable<Invocation.Result> generate = () -> certs("generate");
      var results = executor.invokeAll(Collections.nCopies(4, generate));
      long made = 0;
      for (var result : results) {
        made +=
            result.get().out().lines().filter(line -> line.contains("authority is made")).count();
      }
      assertThat(made).isOne();
    } finally {
      executor.shutdownNow();
    }
    assertThat(file("ca.crt").split("BEGIN")).hasSize(2);
  }

  @Test
  void rotate_replaces_the_serving_certificate_and_keeps_the_authority() throws IOException {
    certs("generate");
    String certificate = file("tls.crt");
    String authority = file("ca.crt");

    assertThat(certs("rotate").code()).isZero();

    assertThat(file("tls.crt")).isNotEqualTo(certificate);
    assertThat(file("ca.crt")).isEqualTo(authority);
    assertThat(certs("verify").code()).isZero();
  }

  @Test
  void a_new_authority_is_trusted_before_it_signs() throws IOException {
    certs("generate");
    String certificate = file("tls.crt");
    String authority = file("ca.crt");

    assertThat(certs("rotate", "--ca").out())
        .containsPattern(
            "not finished before 20\\S+Z: ca.crt holds a new authority, which signs then or when"
                + " rotate is called again\n");

    assertThat(file("ca.crt")).endsWith(authority).isNotEqualTo(authority);
    assertThat(file("tls.crt")).isEqualTo(certificate);
    assertThat(certs("verify").code()).isZero();

    assertThat(certs("rotate").out())
        .containsPattern(
            "not finished before 20\\S+Z: ca.crt keeps the old authority until then\n");
    assertThat(file("tls.crt")).isNotEqualTo(certificate);
    assertThat(file("ca.crt")).endsWith(authority);
    assertThat(certs("verify").code()).isZero();
  }

  @Test
  void a_lost_or_broken_authority_is_replaced_and_the_old_one_still_trusted() throws IOException {
    certs("generate");
    String authority = file("ca.crt");
    for (String broken : List.of("garbage", "")) {
      Files.writeString(folder.resolve("certs/ca.key"), broken);
      assertThat(certs("verify").code()).isOne();

      assertThat(certs("generate").code()).isZero();

      assertThat(file("ca.crt")).contains(authority);
      assertThat(certs("verify").code()).isZero();
    }
  }

  static Stream<String> bad() {
    return TestPairs.bad(Instant.now()).keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("bad")
  void verify_says_what_is_wrong(String message) throws IOException {
    write(TestPairs.bad(Instant.now()).get(message));

    var result = certs("verify");

    assertThat(result.code()).isOne();
    assertThat(result.out()).contains(message);
  }

  @ParameterizedTest
  @MethodSource("bad")
  void generate_makes_good_what_is_wrong(String message) throws IOException {
    write(TestPairs.bad(Instant.now()).get(message));

    assertThat(certs("generate").code()).isZero();
    assertThat(certs("verify").out()).startsWith("fine");
  }

  @Test
  void show_tells_names_times_and_authorities_but_no_key() throws IOException {
    certs("generate");

    var result = certs("show");

    assertThat(result.code()).isZero();
    assertThat(result.out())
        .contains("holdfast.holdfast-system.svc, holdfast.holdfast-system.svc.cluster.local")
        .contains("CN=holdfast-ca-")
        .doesNotContain(file("tls.key").split("\n")[1]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--leaf-lifetime", "--ca-lifetime"})
  void a_life_of_more_than_a_century_is_bad_usage(String option) {
    var result = certs("generate", option, "200y");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("expected at most 100y").doesNotContain("defect");
  }

  @Test
  void nothing_to_show_or_to_verify_ends_with_1() {
    assertThat(certs("show").code()).isOne();
    assertThat(certs("verify").out()).contains("tls.crt: not there").contains("ca.crt: not there");
  }
}
