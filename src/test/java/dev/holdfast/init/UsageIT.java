package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line: what it takes, what it refuses, and what belongs to the child. */
@Execution(ExecutionMode.CONCURRENT)
class UsageIT {

  private static final List<String> NO_SIGNALS =
      List.of(
          "",
          "0",
          "65",
          "-1",
          "15x",
          " 15",
          "TERMINATE",
          "SIGSIGTERM",
          "RTMIN+31",
          "RTMIN-1",
          "RTMIN+",
          "99999999999999999999",
          "x".repeat(5_000));

  private static final List<String> NO_DURATIONS =
      List.of(
          "",
          "-1",
          "-5s",
          "s",
          "ms",
          "1x",
          "1.5.2",
          "abc",
          "1 s",
          "0x10",
          "1e3",
          "99999999999999999999",
          "9223372036854775807m",
          "4294967296m",
          "١",
          "x".repeat(5_000));

  static Stream<List<String>> mistakes() {
    List<List<String>> all = new ArrayList<>();
    all.add(List.of());
    all.add(List.of("--"));
    all.add(List.of("true"));
    all.add(List.of("ls", "-h"));
    all.add(List.of("true", "--"));
    all.add(List.of("--subreaper", "true"));
    all.add(List.of("--no-such-option", "--", "true"));
    all.add(List.of("-x", "--", "true"));
    all.add(List.of("-", "--", "true"));
    all.add(List.of("", "--", "true"));
    all.add(List.of("Drain", "--ports", "80"));
    for (String option :
        List.of(
            "--rewrite",
            "--drain-on",
            "--exit-code-remap",
            "--parent-death-signal",
            "--wait-all")) {
      all.add(List.of(option));
      all.add(List.of(option, "--", "true"));
    }
    for (String signal : NO_SIGNALS) {
      all.add(List.of("--rewrite", signal + ":TERM", "--", "true"));
      if (!signal.equals("0")) {
        all.add(List.of("--rewrite", "TERM:" + signal, "--", "true"));
      }
      all.add(List.of("--drain-on", signal, "--", "true"));
      all.add(List.of("--parent-death-signal", signal, "--", "true"));
    }
    for (String rewrite : List.of("TERM", "TERM:QUIT:INT", ":", "TERM,QUIT")) {
      all.add(List.of("--rewrite", rewrite, "--", "true"));
    }
    for (String code : List.of("", "-1", "256", "1.5", "x", "99999999999999999999", "1 ", "0x1")) {
      all.add(List.of("--exit-code-remap", code, "--", "true"));
    }
    for (String duration : NO_DURATIONS) {
      all.add(List.of("--wait-all", duration, "--", "true"));
      all.add(List.of("sleep", duration));
      all.add(List.of("drain", "--ports", "80", "--quiet", duration));
      all.add(List.of("drain", "--ports", "80", "--quiet-connections", duration));
      all.add(List.of("drain", "--ports", "80", "--min", duration));
      all.add(List.of("drain", "--ports", "80", "--max", duration));
      all.add(List.of("drain", "--ports", "80", "--probe-budget", "4/" + duration));
      all.add(List.of("wait-for", "--timeout", duration, "tcp://127.0.0.1:1"));
    }
    for (String ports :
        List.of(
            "",
            "0",
            "65536",
            "-1",
            "http",
            "80,,81",
            ",",
            "80,",
            "80;81",
            "80 81",
            "8".repeat(5_000),
            "1,".repeat(60_000) + "1x")) {
      all.add(List.of("drain", "--ports", ports));
      all.add(List.of("--drain", "--ports", ports, "--", "true"));
    }
    for (String sources :
        List.of(
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10.0.0.256",
            "::1/129",
            ":::1",
            "fd00::/x",
            "node",
            "10.0.0.1 10.0.0.2",
            "[::1]",
            "1.".repeat(40_000))) {
      all.add(List.of("drain", "--ports", "80", "--ignore", sources));
    }
    for (String budget :
        List.of(
            "",
            "4",
            "/",
            "4/",
            "/2s",
            "-1/2s",
            "x/2s",
            "4/2s/1",
            "4/0",
            "99999999999999999999/2s")) {
      all.add(List.of("drain", "--ports", "80", "--ignore", "10.0.0.1", "--probe-budget", budget));
    }
    all.add(List.of("drain", "--min", "3", "--max", "1"));
    all.add(List.of("--drain", "--min", "3", "--max", "1", "--", "true"));
    all.add(List.of("drain", "--ports"));
    all.add(List.of("drain", "--nonsense", "1"));
    all.add(List.of("drain", "8080"));
    all.add(List.of("sleep"));
    all.add(List.of("sleep", "1", "2"));
    all.add(List.of("sleep", "--nonsense"));
    all.add(List.of("wait-for"));
    all.add(List.of("wait-for", "--timeout", "1"));
    all.add(List.of("wait-for", "--nonsense", "tcp://127.0.0.1:1"));
    all.add(List.of("install"));
    all.add(List.of("install", ""));
    all.add(List.of("install", "a", "b"));
    all.add(List.of("version", "x"));
    return all.stream();
  }

  private static String[] array(List<String> words) {
    return words.toArray(String[]::new);
  }

  /**
   * All in one go, as each takes a millisecond; what is right would run for long, or print
   * something.
   */
  @Test
  void mistakes_are_usage_errors_with_a_message_of_ours() {
    List<String> wrong = new ArrayList<>();
    mistakes()
        .forEach(
            words -> {
              Result result = Start.plain().run(array(words));
              boolean told =
                  result.code() == 125
                      && result.out().isEmpty()
                      && result.err().startsWith(Result.PREFIX)
                      && result.err().length() < 200_000;
              if (!told) {
                String shown = words.toString();
                wrong.add(
                    shown.substring(0, Math.min(120, shown.length()))
                        + " gives "
                        + result.code()
                        + ", says "
                        + result.err().lines().findFirst().orElse("nothing"));
              }
            });

    assertThat(wrong).isEmpty();
  }

  @Test
  void ten_thousand_options_are_no_danger() {
    List<String> words = new ArrayList<>();
    Collections.nCopies(10_000, List.of("--rewrite", "USR1:USR2")).forEach(words::addAll);
    words.addAll(List.of("--", "true"));

    assertThat(Start.plain().run(array(words)).code()).isIn(0, 125);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "drain", "sleep", "wait-for", "install", "version"})
  void each_command_explains_itself(String command) {
    Result result =
        command.isEmpty() ? Start.plain().run("--help") : Start.plain().run(command, "--help");

    assertThat(result.code()).isZero();
    assertThat(result.out() + result.err()).contains("holdfast-init " + command).contains("xit");
    assertThat((result.out() + result.err()).lines()).allMatch(line -> line.length() <= 130);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--drain --help",
        "--rewrite TERM:QUIT --help -- true",
        "drain --ports 80 --help",
        "sleep 5 --help",
        "wait-for tcp://127.0.0.1:1 --help",
        "install /nowhere/x --help",
        "version --help"
      })
  void help_may_stand_anywhere_in_front_of_the_dashes(String words) {
    Result result = Start.plain().run(words.split(" "));

    assertThat(result.code()).isZero();
    assertThat(result.out()).startsWith("Usage: holdfast-init");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wait-for --foo=http://u:secret@h",
        "wait-for --http://u:secret@h",
        "wait-for --timeout http://u:secret@h tcp://127.0.0.1:1",
        "wait-for --timeout=secret tcp://127.0.0.1:1",
        "wait-for http://u:secret@h:x/",
        "http://u:secret@h -- x",
        "--http://u:secret@h -- x",
        "--foo=secret -- x",
        "--rewrite http://u:secret@h -- x",
        "--quiet http://u:secret@h --drain -- x",
        "drain http://u:secret@h",
        "drain --foo=secret",
        "drain --ports http://u:secret@h",
        "sleep http://u:secret@h",
        "version http://u:secret@h"
      })
  void mistakes_show_no_user_information(String words) {
    Result result = Start.plain().run(words.split(" "));

    assertThat(result.code()).isEqualTo(125);
    assertThat(result.err()).startsWith(Result.PREFIX).doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "drain --min 0 --quiet 0 "})
  void a_command_below_a_file_cannot_be_run(String first) {
    Result result = Start.plain().run((first + "-- /etc/passwd/x").split(" "));

    assertThat(result.code()).as(result.err()).isEqualTo(126);
  }

  @Test
  void help_names_every_option_and_exit_code() {
    assertThat(Start.plain().run("--help"))
        .extracting(result -> result.out() + result.err())
        .asString()
        .contains(
            "--drain",
            "--drain-on",
            "--rewrite",
            "--group",
            "--subreaper",
            "--parent-death-signal",
            "--exit-code-remap",
            "--wait-all")
        .contains("125", "126", "127", "128", "HOLDFAST_INIT_LOG")
        .contains("drain", "sleep", "wait-for", "install", "version");
    assertThat(Start.plain().run("drain", "--help"))
        .extracting(result -> result.out() + result.err())
        .asString()
        .contains(
            "--ports",
            "--quiet",
            "--quiet-connections",
            "--min",
            "--max",
            "--ignore",
            "--probe-budget");
  }

  @Test
  void prints_its_version() throws Exception {
    Result result = Start.plain().run("version");

    assertThat(result.code()).isZero();
    assertThat(result.err()).isEmpty();
    String pom = Files.readString(Path.of("pom.xml"));
    String version = pom.replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1");
    assertThat(result.outLines()).singleElement().asString().contains(version);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "--drain", "--", "-h", "drain", "version", "--exit-code-remap"})
  void words_after_the_dashes_are_the_childs(String word) {
    Result result =
        Start.plain().run("--", "sh", "-c", "printf '<%s>' \"$@\"", "sh", word, "--", word, "");

    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo("<" + word + "><--><" + word + "><>");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void a_program_may_have_the_name_of_a_command_of_ours(@TempDir Path folder) throws Exception {
    for (String name : List.of("drain", "sleep", "install", "--help", "--")) {
      Path program = folder.resolve(name);
      Files.writeString(program, "#!/bin/sh\necho \"program $1\"\n");
      assertThat(program.toFile().setExecutable(true)).isTrue();
      Result result =
          Start.plain()
              .variable("PATH", folder + ":" + System.getenv("PATH"))
              .run("--", name, "--help");

      assertThat(result.out()).as(name).isEqualTo("program --help\n");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "TERM:QUIT",
        "SIGTERM:SIGQUIT",
        "15:3",
        "TERM:3",
        "RTMIN:RTMIN+30",
        "SIGRTMIN+1:64"
      })
  void signals_have_names_and_numbers(String rewrite) {
    assertThat(Start.plain().run("--rewrite", rewrite, "--", "true"))
        .extracting(Result::code, Result::err)
        .containsExactly(0, "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "1s", "250ms", "1m", "0"})
  void durations_are_seconds_or_have_a_unit(String duration) {
    assertThat(Start.plain().run("--wait-all", duration, "--", "true"))
        .extracting(Result::code, Result::err)
        .containsExactly(0, "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "loud",
        "QUIET",
        "info,debug",
        "%s%n",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      })
  void an_odd_log_level_stops_nobody(String level) {
    assertThat(Start.plain().variable("HOLDFAST_INIT_LOG", level).run("--", "sh", "-c", "exit 3"))
        .extracting(Result::code)
        .isEqualTo(3);
  }

  @Test
  void debug_says_more_than_info_and_quiet_nothing() {
    List<Integer> lines =
        Stream.of("quiet", "info", "debug")
            .map(
                level ->
                    Start.plain()
                        .variable("HOLDFAST_INIT_LOG", level)
                        .run(
                            "drain", "--ports", "1", "--min", "0", "--quiet", "50ms", "--max", "1"))
            .peek(
                result ->
                    assertThat(result.errLines()).allMatch(line -> line.startsWith(Result.PREFIX)))
            .map(result -> result.errLines().size())
            .toList();

    assertThat(lines.get(0)).isZero();
    assertThat(lines.get(1)).isPositive();
    assertThat(lines.get(2)).isGreaterThan(lines.get(1));
  }
}
