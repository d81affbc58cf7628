package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CliTest {
  static Stream<String> commands() {
    return Stream.of(
        "",
        "harden",
        "audit",
        "policy",
        "policy validate",
        "policy show",
        "policy explain",
        "explain",
        "serve",
        "cluster",
        "cluster update-crd",
        "cluster unregister",
        "certs",
        "certs generate",
        "certs rotate",
        "certs show",
        "certs verify",
        "completion");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void every_command_has_help_with_examples(String command) {
    var result = Invocation.of((command + " --help").trim().split(" "));

    assertThat(result.code()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .startsWith(("Usage: holdfast " + command).trim())
        .contains("Examples:\n  ")
        .endsWith("\n");
    assertThat(result.out().lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(101));
  }

  @Test
  void without_a_command_the_help_is_shown_as_an_error() {
    var result = Invocation.of();

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("Usage: holdfast").contains("  harden ");
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "hardne, Did you mean harden?",
        "harden --profle full, Did you mean --profile?",
        "harden --profile huge, \"expected minimal, standard or full\"",
        "harden --kubernetes-version new, expected a version like 1.34",
        "harden -o xml, holdfast harden --help tells more.",
        "harden --namespace-labels a, holdfast harden --help tells more.",
        "audit --fail-on often, holdfast audit --help tells more.",
        "policy, Usage: holdfast policy",
        "policy validate, \"Missing required parameter: 'FILE'\"",
        "policy explain, \"Missing required option: '--pod=FILE|-'\"",
        "certs, Usage: holdfast certs",
        "certs verify --service a --namespace b, \"(--dir=DIR | --secret=NAME)\"",
        "certs verify --service A_ --namespace b --dir c, \"A_\"",
        "certs show --service a --namespace b --dir c --inject d, --inject needs --secret",
        "certs generate --service a --namespace b --dir c --leaf-lifetime 1w, expected one like 90d",
        "completion fish, holdfast completion --help tells more.",
        "harden file.yaml, holdfast harden --help tells more."
      },
      quoteCharacter = '"')
  void misuse_ends_with_2_and_a_hint(String arguments, String hint) {
    var result = Invocation.piping("").run(arguments.split(" "));

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains(hint);
  }

  @Test
  void the_version_is_that_of_the_build() throws IOException {
    String pom = Files.readString(Path.of("pom.xml"));
    String version =
        pom.replaceFirst("(?s).*?<artifactId>holdfast</artifactId>\\s*<version>(.*?)</.*", "$1");

    assertThat(Invocation.of("--version"))
        .isEqualTo(new Invocation.Result(0, "holdfast " + version + "\n", ""));
  }

  @Test
  void a_reader_that_has_enough_is_no_error() {
    var result = Invocation.piping("a: 1\n").into(failing("Broken pipe")).run("harden");

    assertThat(result).isEqualTo(new Invocation.Result(0, "", ""));
  }

  @Test
  void a_full_disk_is_an_error() {
    var result = Invocation.piping("a: 1\n").into(failing("No space left on device")).run("harden");

    assertThat(result)
        .isEqualTo(
            new Invocation.Result(
                2, "", "holdfast: the output cannot be written: No space left on device\n"));
  }

  private static OutputStream failing(String message) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(message);
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh"})
  void completion_is_a_script_that_knows_all_commands(String shell, @TempDir Path folder)
      throws Exception {
    String script = Invocation.of("completion", shell).out();

    assertThat(script).contains("harden", "audit", "--kubernetes-version", "--in-place");
    Path file = Files.writeString(folder.resolve("completion"), script);
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                "source "
                    + file
                    + " && COMP_WORDS=(holdfast aud) COMP_CWORD=1 && _complete_holdfast"
                    + " && echo \"${COMPREPLY[@]}\"")
            .redirectErrorStream(true)
            .start();
    assertThat(new String(bash.getInputStream().readAllBytes())).isEqualTo("audit\n");
  }

  @Test
  void explain_lists_every_rule() {
    var result = Invocation.of("explain");

    assertThat(result.code()).isZero();
    assertThat(result.out().lines())
        .map(line -> line.split(" ")[0])
        .containsExactlyElementsOf(
            Stream.concat(
                    Rules.ALL.stream().map(rule -> rule.name().id()),
                    Stream.of("disruption-budget"))
                .toList());
  }

  static Stream<Rule> rules() {
    return Rules.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("rules")
  void explain_prints_the_page_of_a_rule(Rule rule) throws IOException {
    var result = Invocation.of("explain", rule.name().id());

    assertThat(result.code()).isZero();
    assertThat(result.out()).startsWith("# " + rule.name().id() + "\n").contains("## Why\n");
    assertThat(result.out()).doesNotContain(".md)");
    String page = Files.readString(Path.of("docs/rules/" + rule.name().id() + ".md"));
    assertThat(page.replaceAll("\\[([^]]+)]\\([^):]+\\)", "$1").lines())
        .containsAll(result.out().lines().toList());
  }

  @ParameterizedTest
  @CsvSource({
    "pre-stpo, 'no rule is named \"pre-stpo\"; did you mean pre-stop?'",
    "x, 'no rule is named \"x\"; expected pre-stop, termination-grace, '",
    "init, the rule init is not in this version"
  })
  void explain_knows_no_other_rules(String rule, String message) {
    var result = Invocation.of("explain", rule);

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith(message);
  }

  @Test
  void serve_refuses_a_bad_policy(@TempDir Path folder) throws IOException {
    Path policy = Files.writeString(folder.resolve("policy.yaml"), "spec: 7\n");

    var result = Invocation.of("serve", "--policy", policy.toString());

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).startsWith(policy + ":1:");
  }
}
