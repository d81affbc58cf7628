package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The quick part of {@link DrainNs}: what needs no pod's network, and one look at traffic. */
@Execution(ExecutionMode.CONCURRENT)
class DrainIT {

  private static Result drain(Start start, String... options) {
    String[] words = new String[options.length + 3];
    words[0] = "drain";
    words[1] = "--ports";
    words[2] = "1";
    System.arraycopy(options, 0, words, 3, options.length);
    return start.run(words);
  }

  @Test
  void ends_when_traffic_has_stopped() {
    try (Network network = new Network()) {
      network.clients().tell("connect old " + Network.TO_POD);
      network.clients().begin("repeat 100 8 send old 10");
      try (Running drain = network.drain("--quiet", "400ms")) {
        long last = network.clients().done();
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.after(last)).isBetween(Duration.ofMillis(380), Duration.ofMillis(700));
        assertThat(result.errLines())
            .singleElement()
            .asString()
            .matches("holdfast-init: .*quiet after [01]\\.\\d s.*");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"300ms, 0, 5, 300", "0, 400ms, 5, 400", "1m, 0, 500ms, 500", "100ms, 300ms, 1, 300"})
  void waits_as_long_as_it_must(String quiet, String min, String max, long millis) {
    Result result = drain(Start.plain(), "--quiet", quiet, "--min", min, "--max", max);

    assertThat(result.code()).isZero();
    assertThat(result.took())
        .isBetween(Duration.ofMillis(millis - 5), Duration.ofMillis(millis + 400));
  }

  @Test
  void runs_the_command_in_its_own_place() {
    // a preStop hook of the user's: the same process, environment and signals
    Result result =
        drain(
            Start.plain().variable("WHO", "me"),
            "--quiet",
            "100ms",
            "--min",
            "0",
            "--max",
            "1",
            "--",
            "sh",
            "-c",
            "echo \"$WHO $*\"; exit 17",
            "sh",
            "--help",
            "--");

    assertThat(result.code()).isEqualTo(17);
    assertThat(result.out()).isEqualTo("me --help --\n");
  }

  @ParameterizedTest
  @CsvSource({"/nowhere, 127", "/etc, 126"})
  void tells_of_a_command_that_cannot_be_run(String command, int code) {
    Result result =
        drain(Start.plain(), "--quiet", "100ms", "--min", "0", "--max", "1", "--", command);

    assertThat(result.code()).isEqualTo(code);
    assertThat(result.err()).contains(Result.PREFIX).contains(command);
  }

  @Test
  void a_closed_stderr_does_not_end_it() {
    for (String option : List.of("--break", "--close", "--fill")) {
      Result result =
          drain(
              Start.plain().with(option, "2"),
              "--quiet",
              "200ms",
              "--min",
              "0",
              "--max",
              "1",
              "--",
              "sh",
              "-c",
              "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status");

      assertThat(result.code()).as(option).isZero();
      // SIGPIPE and all others are as they were, in the command
      assertThat(result.outLines())
          .as(option)
          .contains("SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000");
      assertThat(result.took()).as(option).isGreaterThan(Duration.ofMillis(195));
    }
  }

  @Test
  void the_command_has_the_mask_and_dispositions_of_the_start() {
    String[] oddities = {
      "--ignore", "13", "--ignore", "17", "--ignore", "15", "--block", "34", "--block", "2"
    };
    String[] status = {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"};
    String bare;
    try (Running running = Start.plain().with(oddities).program(List.of(status))) {
      bare = running.end().out();
    }
    Result result =
        drain(
            Start.plain().with(oddities),
            "--quiet",
            "100ms",
            "--min",
            "0",
            "--max",
            "1",
            "--",
            status[0],
            status[1],
            status[2],
            status[3]);

    assertThat(result.out()).isEqualTo(bare);
  }

  @Test
  void long_lists_are_no_danger() {
    String ports = "1" + ",2".repeat(3_000);
    String sources = "10.0.0.1" + ",fd00::1".repeat(3_000);
    Result result =
        Start.plain()
            .run(
                "drain",
                "--ports",
                ports,
                "--ignore",
                sources,
                "--quiet",
                "100ms",
                "--min",
                "0",
                "--max",
                "1");

    assertThat(result.code()).isIn(0, 125);
    assertThat(result.err()).startsWith(Result.PREFIX);
  }
}
