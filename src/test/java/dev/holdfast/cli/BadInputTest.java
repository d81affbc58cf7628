package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever comes in, a command says file, line and column, or does its work; it never fails. */
class BadInputTest {
  @Test
  void an_empty_name_is_not_the_current_directory() {
    var result = Invocation.of("harden", "-f", "", "-o", "patch");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).isEqualTo("\"\": this is no path\n");
  }

  @Test
  void hidden_directories_and_pipes_in_a_directory_are_passed_over(@TempDir Path folder)
      throws Exception {
    Files.createDirectory(folder.resolve(".hidden"));
    Files.writeString(folder.resolve(".hidden/a.yaml"), "a: [");
    Files.writeString(folder.resolve("b.yaml"), "b: 1\n");
    assertThat(new ProcessBuilder("mkfifo", folder + "/pipe.yaml").start().waitFor()).isZero();

    assertThat(Invocation.of("harden", "-f", folder.toString()))
        .isEqualTo(new Invocation.Result(0, "b: 1\n", ""));
    assertThat(Invocation.of("harden", "-f", folder + "/.hidden").code()).isEqualTo(2);
  }

  @Test
  void an_input_without_pods_is_told_by_audit() {
    var result = Invocation.piping("").run("audit");

    assertThat(result.code()).isZero();
    assertThat(result.err())
        .isEqualTo("holdfast audit: no pods and no pod templates in the input\n");
  }

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web}
      spec:
        containers:
          - name: app
            image: registry.example/web:1
            livenessProbe: {httpGet: {path: /, port: 80}}
      """;

  private static final List<List<String>> COMMANDS =
      List.of(
          List.of("harden"),
          List.of("harden", "-o", "json"),
          List.of("harden", "-o", "diff"),
          List.of("harden", "-o", "summary"),
          List.of("harden", "-o", "patch"),
          List.of("audit", "-o", "sarif", "--fail-on", "never"),
          List.of("policy", "explain", "--pod", "-"));

  static Stream<Arguments> refused() {
    return Stream.of(
        arguments("unclosed", "a: [1\nb: 2\n".getBytes(), 2, 2),
        arguments("two values", "a: b: c\n".getBytes(), 1, 5),
        arguments("a tab", "a:\n\tb: 1\n".getBytes(), 2, 1),
        arguments("truncated JSON", "{\"kind\": \"Pod\", \"spec\": {".getBytes(), 1, 26),
        arguments("a key twice", "a: 1\nb: 2\na: 3\n".getBytes(), 3, 1),
        arguments("a key twice in JSON", "{\"a\": 1,\n \"a\": 2}".getBytes(), 2, 2),
        arguments("deep flow", ("x: " + "[".repeat(10_000)).getBytes(), 1, 0),
        arguments("deep blocks", deepBlocks().getBytes(), 501, 0),
        arguments("deep JSON", "{\"a\":".repeat(10_000).getBytes(), 1, 0),
        arguments("no UTF-8", new byte[] {'a', ':', ' ', (byte) 0xC3, (byte) 0x28, '\n'}, 1, 4),
        arguments("UTF-16", "a: 1\n".getBytes(StandardCharsets.UTF_16LE), 1, 0),
        arguments("a control character", "a: 1\nb: \u0007\n".getBytes(), 2, 4),
        arguments("a bomb", bomb().getBytes(), 0, 0),
        arguments("an alias of itself", "a: &a [*a]\n".getBytes(), 1, 8),
        arguments("an alias of nothing", "a: *b\n".getBytes(), 1, 4),
        arguments("a template", "a: {{ .Values.a }}\n".getBytes(), 1, 0),
        arguments("no number", "a: .inf\n".getBytes(), 1, 4),
        arguments("a list as key", "? [a]\n: b\n".getBytes(), 1, 3),
        arguments("bytes", bytes(), 1, 0));
  }

  private static String deepBlocks() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      text.append(" ".repeat(i)).append("a:\n");
    }
    return text.toString();
  }

  private static String bomb() {
    StringBuilder text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      text.append("a%d: &a%d [".formatted(i, i))
          .append(("*a" + (i - 1) + ", ").repeat(9))
          .append("*a%d]\n".formatted(i - 1));
    }
    return text.toString();
  }

  private static byte[] bytes() {
    byte[] bytes = new byte[4096];
    new Random(42).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void is_refused_with_file_line_and_column(String what, byte[] text, int line, int column) {
    for (List<String> command : COMMANDS) {
      var result =
          org.junit.jupiter.api.Assertions.assertTimeout(
              Duration.ofSeconds(20),
              () -> Invocation.piping(text).run(command.toArray(String[]::new)));

      assertThat(result.code()).as("%s", command).isEqualTo(2);
      assertThat(result.err())
          .as("%s", command)
          .matches(
              "stdin:%s:%s: [^\n]{5,300}\n"
                  .formatted(line == 0 ? "\\d+" : line, column == 0 ? "\\d+" : column));
      assertThat(result.out()).as("%s", command).doesNotContain("preStop");
    }
  }

  static Stream<Arguments> odd() {
    return Stream.of(
        arguments("a huge number", POD.replace("port: 80", "port: 1e999")),
        arguments("a long number", POD.replace("port: 80", "port: " + "9".repeat(500))),
        arguments("nulls", "apiVersion: v1\nkind: Pod\nmetadata:\nspec:\n"),
        arguments("null containers", POD.replace("- name: app", "-\n    - name: app")),
        arguments(
            "null everywhere",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: , labels: , annotations: }\nspec: {containers: [{name: , image: , ports: , livenessProbe: , lifecycle: , resources: }], initContainers: , affinity: , volumes: , terminationGracePeriodSeconds: }\n"),
        arguments(
            "containers of a wrong type", "apiVersion: v1\nkind: Pod\nspec: {containers: x}\n"),
        arguments("a spec of a wrong type", "apiVersion: v1\nkind: Pod\nspec: [1]\n"),
        arguments("labels of a wrong type", POD.replace("{name: web}", "{name: web, labels: [a]}")),
        arguments("a name of a wrong type", POD.replace("{name: web}", "{name: {a: b}}")),
        arguments("kind of a wrong type", "apiVersion: [v1]\nkind: {a: b}\n"),
        arguments("a list of nothing", "apiVersion: v1\nkind: List\nitems: [null, 1, [], {}]\n"),
        arguments("only a separator", "---"),
        arguments("an anchor", POD.replace("metadata: {", "metadata: &m {")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("odd")
  void is_no_reason_to_fail(String what, String text) {
    for (List<String> command : COMMANDS.subList(0, 6)) {
      var result = Invocation.piping(text).run(command.toArray(String[]::new));

      assertThat(result.code()).as("%s: %s", command, result.err()).isZero();
    }
  }

  @Test
  void nulls_for_any_value_of_a_pod_are_no_reason_to_fail() {
    String[] lines = POD.split("\n");
    for (int i = 0; i < lines.length; i++) {
      String[] changed = lines.clone();
      changed[i] = lines[i].replaceFirst(": .*|:$", ":");
      String text = String.join("\n", List.of(changed).subList(0, i + 1)) + "\n";

      var result = Invocation.piping(text).run("harden");

      assertThat(result.code()).as(text).isIn(0, 2);
      assertThat(result.err()).doesNotContain("defect");
    }
  }

  @Test
  void a_text_cut_anywhere_is_no_reason_to_fail() {
    IntStream.range(0, POD.length())
        .forEach(
            length -> {
              var result = Invocation.piping(POD.substring(0, length)).run("harden");

              assertThat(result.code()).isIn(0, 2);
              assertThat(result.err()).doesNotContain("defect");
              assertThat(result.code() == 2).isEqualTo(result.out().isEmpty() && length > 0);
            });
  }

  @Test
  void large_files_are_read() {
    String data = "  k%06d: " + "v".repeat(100) + "\n";
    StringBuilder text = new StringBuilder(POD + "---\nkind: ConfigMap\ndata:\n");
    for (int i = 0; text.length() <= 8 << 20; i++) {
      text.append(data.formatted(i));
    }

    var result = Invocation.piping(text.toString()).run("harden");

    assertThat(result.code()).isZero();
    assertThat(result.out()).endsWith(text.substring(POD.length()));
  }

  @Test
  void what_is_larger_than_any_manifest_is_refused() {
    var result = Invocation.piping(new byte[(64 << 20) + 1]).run("harden");

    assertThat(result).isEqualTo(new Invocation.Result(2, "", "stdin:1:1: larger than 64 MiB\n"));
  }

  @Test
  void files_that_cannot_be_read_are_named(@TempDir Path folder) throws IOException {
    Path loop = folder.resolve("loop.yaml");
    Files.createSymbolicLink(loop, loop);
    Path dangling = Files.createSymbolicLink(folder.resolve("gone.yaml"), folder.resolve("none"));

    var result =
        Invocation.of("harden", "-f", folder + "/none", loop.toString(), dangling.toString(), "\0");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().lines())
        .containsExactlyInAnyOrder(
            folder + "/none: no such file or directory",
            loop
                + ": Too many levels of symbolic links or unable to access attributes of symbolic link",
            dangling + ": no such file or directory",
            "?: this is no path");
  }
}
