package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The exit code is the child's; what cannot be started has the codes that shells give it. */
@Execution(ExecutionMode.CONCURRENT)
class ExitCodeIT {

  static IntStream deadlySignals() {
    // CHLD, CONT, URG and WINCH do nothing by default; STOP, TSTP, TTIN and TTOU stop
    return IntStream.rangeClosed(1, 64)
        .filter(signal -> !List.of(17, 18, 19, 20, 21, 22, 23, 28).contains(signal));
  }

  @Test
  void every_exit_code_is_the_childs() {
    Result result =
        Start.plain()
            .shell(
                "for i in $(seq 0 255); do \"$init\" -- sh -c \"exit $i\"; echo \"$i $?\"; done");

    assertThat(result.outLines())
        .isEqualTo(IntStream.range(0, 256).mapToObj(i -> i + " " + i).toList());
    assertThat(result.err()).isEmpty();
  }

  @Test
  void remaps_that_exit_code_and_no_other() {
    Result result =
        Start.plain()
            .shell(
                "for i in $(seq 0 255); do"
                    + " \"$init\" --exit-code-remap $i -- sh -c \"exit $i\"; a=$?;"
                    + " n=$(((i + 1) % 256));"
                    + " \"$init\" --exit-code-remap $i -- sh -c \"exit $n\"; echo \"$i $a $?\";"
                    + " done");

    assertThat(result.outLines())
        .isEqualTo(IntStream.range(0, 256).mapToObj(i -> i + " 0 " + (i + 1) % 256).toList());
  }

  @Test
  void remaps_the_code_of_a_signal() {
    assertThat(Start.plain().run("--exit-code-remap", "143", "--", Programs.puppet(), "die", "15"))
        .extracting(Result::code)
        .isEqualTo(0);
  }

  @ParameterizedTest
  @MethodSource("deadlySignals")
  void a_child_that_dies_of_a_signal_gives_128_and_its_number(int signal) {
    assertThat(Start.plain().run("--", Programs.puppet(), "die", Integer.toString(signal)).code())
        .isEqualTo(128 + signal);
  }

  @ParameterizedTest
  @CsvSource({
    "/nowhere/to/be/found, 127",
    "holdfast-no-such-program, 127",
    "/etc, 126",
    "/etc/passwd, 126",
    "/etc/passwd/x, 126"
  })
  void what_cannot_be_started_has_a_shells_exit_code(String program, int code) {
    Result result = Start.plain().run("--", program, "argument");

    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
    assertThat(result.errLines())
        .singleElement()
        .asString()
        .startsWith(Result.PREFIX)
        .contains(program);
  }

  @Test
  void an_empty_program_name_is_not_found() {
    assertThat(Start.plain().run("--", "").code()).isEqualTo(127);
  }

  @Test
  void a_name_of_100_kilobytes_cannot_be_started() {
    Result result = Start.plain().run("--", "x".repeat(100_000));

    assertThat(result.code()).isIn(126, 127);
    assertThat(result.err()).startsWith(Result.PREFIX).hasSizeLessThan(200_000);
  }

  @Test
  void finds_the_program_on_the_path() {
    assertThat(Start.plain().variable("PATH", "/nowhere:/bin").run("--", "true").code()).isZero();
    assertThat(Start.plain().variable("PATH", "/nowhere").run("--", "true").code()).isEqualTo(127);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT", "HUP", "USR1", "USR2"})
  void a_signal_that_the_child_does_not_handle_ends_it_and_us(String name) {
    int signal = List.of("HUP", "INT", "USR1", "USR2", "TERM").indexOf(name);
    int number = Stream.of(1, 2, 10, 12, 15).toList().get(signal);
    try (Running running = Start.plain().init("--", "sleep", "60")) {
      running.child();
      running.signal(number);

      assertThat(running.end().code()).isEqualTo(128 + number);
    }
  }
}
