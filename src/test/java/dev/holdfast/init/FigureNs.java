package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** The figures that docs/init.md states; one at a time, as they are about time. */
@Isolated
class FigureNs {

  @BeforeEach
  void notWithSanitizers() {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers are neither small nor quick");
  }

  private static long number(String file, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(Running.read(file));
    assertThat(matcher.find()).as(file).isTrue();
    return Long.parseLong(matcher.group(1));
  }

  private static long wakeUps(long pid) {
    return number("/proc/" + pid + "/status", "\nvoluntary_ctxt_switches:\t(\\d+)");
  }

  /** Nanoseconds on a processor. */
  private static long cpu(long pid) {
    return number("/proc/" + pid + "/schedstat", "^(\\d+)");
  }

  @Test
  void as_pid_1_it_needs_200_kilobytes_and_never_wakes_up() {
    try (Running running = Start.first().init("--", "sleep", "60")) {
      running.child();
      long pid = running.pid();
      Running.quickly("not waiting").until(() -> Running.state(pid).equals("S"));

      assertThat(number("/proc/" + pid + "/status", "VmRSS:\\s+(\\d+) kB"))
          .isLessThanOrEqualTo(200);
      long before = wakeUps(pid);
      Start.plain().run("sleep", "3");
      assertThat(wakeUps(pid)).isEqualTo(before);
    }
  }

  @Test
  void sleeps_without_waking_up() {
    try (Running running = Start.first().init("sleep", "60")) {
      Running.quickly("not asleep")
          .until(() -> Running.read("/proc/" + running.pid() + "/comm").contains("holdfast"));
      Running.quickly("not asleep").until(() -> Running.state(running.pid()).equals("S"));
      long before = wakeUps(running.pid());
      Start.plain().run("sleep", "2");

      assertThat(wakeUps(running.pid())).isEqualTo(before);
    }
  }

  @Test
  void a_drain_of_1000_connections_needs_half_a_percent_of_a_core() {
    try (Network network = new Network()) {
      network.clients().tell("flood 1000 " + Network.TO_POD);
      network.clients().tell("connect busy " + Network.TO_POD);
      network.clients().begin("repeat 100 60 send busy 100");
      try (Running drain = network.drain("--quiet", "3", "--max", "30")) {
        Start.plain().run("sleep", "1");
        long before = cpu(drain.pid());
        long from = System.nanoTime();
        Start.plain().run("sleep", "4");
        double share = (double) (cpu(drain.pid()) - before) / (System.nanoTime() - from);

        assertThat(share).isLessThanOrEqualTo(0.005);
        assertThat(drain.isAlive()).isTrue();
      }
      network.clients().done();
    }
  }

  @Test
  void costs_a_millisecond_at_the_start() {
    String runs = "300";
    Result bare;
    Result wrapped;
    List<String> bench = List.of(Programs.puppet(), "bench", runs, "--");
    try (Running running =
        Start.plain().program(with(bench, Programs.puppet(), "kill", "0", "0"))) {
      bare = running.end();
    }
    try (Running running =
        Start.plain()
            .program(with(bench, Programs.init(), "--", Programs.puppet(), "kill", "0", "0"))) {
      wrapped = running.end();
    }

    long overhead = Long.parseLong(wrapped.out().trim()) - Long.parseLong(bare.out().trim());
    assertThat(Duration.ofNanos(overhead * 1_000)).isLessThanOrEqualTo(Duration.ofMillis(1));
  }

  private static List<String> with(List<String> words, String... more) {
    return Stream.concat(words.stream(), Stream.of(more)).toList();
  }
}
