package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged jar as a process, started by the script that docs/cli.md shows. */
class CliIT {
  private static final Path CHARTS = Path.of("src/test/resources/charts").toAbsolutePath();

  @TempDir private Path folder;
  private Path holdfast;

  private record Result(int code, String out, String err) {}

  @BeforeEach
  void writeTheScriptOfThePage() throws IOException {
    Matcher script =
        Pattern.compile("(?ms)^<!-- script: holdfast -->\n\n```sh\n(.*?)^```$")
            .matcher(Files.readString(Path.of("docs/cli.md")));
    assertThat(script.find()).isTrue();
    String java = ProcessHandle.current().info().command().orElseThrow();
    holdfast = Files.createDirectory(folder.resolve("bin")).resolve("holdfast");
    Files.writeString(
        holdfast,
        script
            .group(1)
            .replace("exec java ", "exec " + java + " $JVM_OPTIONS ")
            .replace(
                "/opt/holdfast/quarkus-run.jar",
                Path.of(System.getProperty("holdfast.jar")).toAbsolutePath().toString()));
    Files.setPosixFilePermissions(holdfast, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A line of a shell, with {@code holdfast} on its PATH. */
  private Result shell(String line, String... variables) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("bash", "-c", "set -o pipefail; " + line);
    builder
        .directory(folder.toFile())
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(folder.resolve("err").toFile())
        .environment()
        .put("PATH", holdfast.getParent() + ":" + System.getenv("PATH"));
    for (int i = 0; i < variables.length; i += 2) {
      builder.environment().put(variables[i], variables[i + 1]);
    }
    int code = builder.start().waitFor();
    return new Result(
        code, Files.readString(folder.resolve("out")), Files.readString(folder.resolve("err")));
  }

  @Test
  void a_post_renderer_gets_all_manifests_and_gives_them_back_hardened() throws Exception {
    // what Helm does: starts the program with the arguments, pipes in, reads the exit code
    Process process = new ProcessBuilder(holdfast.toString(), "harden", "-n", "shop").start();
    process.getOutputStream().write(Files.readAllBytes(CHARTS.resolve("ingress-controller.yaml")));
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).isZero();
    assertThat(out)
        .isEqualTo(
            Invocation.piping(Files.readAllBytes(CHARTS.resolve("ingress-controller.yaml")))
                .run("harden", "-n", "shop")
                .out())
        .contains("preStop:");
  }

  @Test
  void a_pipe_passes_manifests_from_program_to_program() throws Exception {
    var result = shell("cat " + CHARTS + "/web-app-with-sidecar.yaml | holdfast harden -f - | cat");

    assertThat(result.code()).isZero();
    assertThat(result.out())
        .isEqualTo(Invocation.of("harden", "-f", CHARTS + "/web-app-with-sidecar.yaml").out());
  }

  @ParameterizedTest
  @CsvSource({
    "harden -f good.yaml, 0",
    "audit -f good.yaml, 1",
    "audit -f good.yaml --fail-on never, 0",
    "harden -f bad.yaml, 2",
    "audit -f bad.yaml, 2",
    "harden --no-such-option, 2",
    "'', 2",
    "explain pre-stop, 0",
    "--version, 0",
    "policy show, 0",
    "serve --policy bad.yaml, 2"
  })
  void the_process_ends_with_the_command_s_code(String arguments, int code) throws Exception {
    Files.writeString(
        folder.resolve("good.yaml"),
        "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}");
    Files.writeString(folder.resolve("bad.yaml"), "a: [\n");

    assertThat(shell("holdfast " + arguments + " </dev/null").code()).isEqualTo(code);
  }

  @Test
  void a_reader_that_stops_early_is_no_error() throws Exception {
    String configMap = "kind: ConfigMap\ndata: {a: " + "x".repeat(1 << 20) + "}\n";
    Files.writeString(folder.resolve("large.yaml"), configMap);

    var result = shell("holdfast harden -f large.yaml | head -c 10");

    assertThat(result).isEqualTo(new Result(0, "kind: Conf", ""));
  }

  @Test
  void a_full_disk_is_an_error() throws Exception {
    Files.writeString(folder.resolve("a.yaml"), "a: 1\n");

    var result = shell("holdfast harden -f a.yaml > /dev/full");

    assertThat(result)
        .isEqualTo(
            new Result(2, "", "holdfast: the output cannot be written: No space left on device\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"C", "POSIX", "C.UTF-8"})
  void bytes_survive_in_every_locale(String locale) throws Exception {
    String text = "a: \"größer — 日本語 🚀\"\n";

    var result = shell("printf '%s' '" + text + "' | holdfast harden", "LC_ALL", locale);

    assertThat(result).isEqualTo(new Result(0, text, ""));
  }

  /** What makes a command slow; the seconds themselves are measured by src/jmh/cli.sh. */
  @Test
  void a_command_starts_no_framework() throws Exception {
    Path loaded = folder.resolve("classes");

    var result =
        shell(
            "holdfast harden -f " + CHARTS + "/ingress-controller.yaml",
            "JVM_OPTIONS",
            "-Xlog:class+load:file=" + loaded);

    assertThat(result.code()).isZero();
    List<String> frameworks =
        List.of(
            "io.vertx.",
            "io.netty.",
            "io.smallrye.config.",
            "io.quarkus.runtime.Quarkus ",
            "dev.holdfast.admission.",
            "databind.ObjectMapper ");
    String classes = Files.readString(loaded);
    assertThat(classes).contains("dev.holdfast.hardening.Hardener ");
    assertThat(frameworks).noneMatch(classes::contains);
  }
}
