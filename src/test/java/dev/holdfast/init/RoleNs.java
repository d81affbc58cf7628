package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What the quick tests show of a few, shown of all, as PID 1. */
@Execution(ExecutionMode.CONCURRENT)
class RoleNs {

  @Test
  void every_exit_code_as_pid_1() {
    IntStream.range(0, 256)
        .forEach(
            code ->
                assertThat(Start.first().run("--", "sh", "-c", "exit " + code).code())
                    .isEqualTo(code));
  }

  @Test
  void every_exit_code_is_remapped_as_pid_1() {
    IntStream.range(0, 256)
        .mapToObj(Integer::toString)
        .forEach(
            code ->
                assertThat(
                        Start.first()
                            .run("--exit-code-remap", code, "--", "sh", "-c", "exit " + code)
                            .code())
                    .isZero());
  }

  @Test
  void every_signal_that_ends_the_child_gives_its_code_as_pid_1() {
    ExitCodeIT.deadlySignals()
        .forEach(
            signal ->
                assertThat(
                        Start.first()
                            .run("--", Programs.puppet(), "die", Integer.toString(signal))
                            .code())
                    .isEqualTo(128 + signal));
  }

  /** A hundred at a time, again and again, while a child comes and goes beside them. */
  @Test
  void ten_thousand_orphans_leave_no_zombie() {
    try (Running running =
        Start.first()
            .init(
                "--",
                "sh",
                "-c",
                "for i in $(seq 100); do for j in $(seq 100); do (: &); done; done;"
                    + " echo made; exec sleep 60")) {
      Running.quickly("not made")
          .atMost(Duration.ofSeconds(60))
          .until(() -> running.out().contains("made"));
      long init = running.pid();
      Running.quickly("orphans are left")
          .untilAsserted(() -> assertThat(Running.children(init)).hasSize(1));
    }
  }

  @Test
  void no_stop_signal_is_lost_as_pid_1() {
    // from the init's first own instruction on, which its name tells
    for (int i = 0; i < 200; i++) {
      try (Running running = Start.first().init("--", "sleep", "30")) {
        running.child();
        running.signal(15);

        assertThat(running.end().code()).isEqualTo(143);
      }
    }
  }
}
