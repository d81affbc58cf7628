package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Execution(ExecutionMode.CONCURRENT)
class SleepIT {

  @ParameterizedTest
  @CsvSource({"1, 1000", "300ms, 300", "0, 0", "0s, 0"})
  void sleeps_that_long(String duration, long millis) {
    Result result = Start.plain().run("sleep", duration);

    assertThat(result.code()).isZero();
    assertThat(result.took()).isBetween(Duration.ofMillis(millis), Duration.ofMillis(millis + 400));
  }

  @ParameterizedTest
  @CsvSource({"15, 143", "2, 130"})
  void ends_at_once_when_told_to(int signal, int code) {
    for (Start start : new Start[] {Start.plain(), Start.first()}) {
      try (Running running = start.init("sleep", "1m")) {
        running.pid();
        Running.quickly("not asleep")
            .until(() -> Running.read("/proc/" + running.pid() + "/comm").contains("holdfast"));
        Running.quickly("not asleep").until(() -> Running.state(running.pid()).equals("S"));
        long sent = System.nanoTime();
        running.signal(signal);
        Result result = running.end();

        assertThat(result.code()).isEqualTo(code);
        assertThat(result.after(sent)).isLessThan(Duration.ofMillis(500));
      }
    }
  }

  @Test
  void a_signal_that_waits_when_it_starts_ends_it() {
    assertThat(Start.first().with("--pending", "15").run("sleep", "1m").code()).isEqualTo(143);
    assertThat(Start.plain().with("--pending", "2").run("sleep", "1m").code()).isEqualTo(130);
  }

  @Test
  void other_signals_do_not_shorten_it_as_pid_1() {
    try (Running running = Start.first().init("sleep", "700ms")) {
      long pid = running.pid();
      Running.quickly("not asleep").until(() -> Running.state(pid).equals("S"));
      for (int signal : List.of(1, 10, 12, 18, 28, 34, 64)) {
        Running.signal(signal, pid);
      }
      Result result = running.end();

      assertThat(result.code()).isZero();
      assertThat(result.took()).isGreaterThan(Duration.ofMillis(699));
    }
  }

  @Test
  void goes_on_after_a_stop() {
    try (Running running = Start.plain().init("sleep", "1")) {
      running.signal(19);
      Running.quickly("not stopped").until(() -> Running.state(running.pid()).equals("T"));
      running.signal(18);
      Result result = running.end();

      assertThat(result.code()).isZero();
      assertThat(result.took()).isGreaterThan(Duration.ofMillis(999));
    }
  }
}
