package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of it when the kernel, or somebody else, takes something away. */
@Execution(ExecutionMode.CONCURRENT)
class HardTimesNs {
  private static final int EPERM = 1;
  private static final int ENOMEM = 12;
  private static final int EPROTONOSUPPORT = 93;
  private static final int EAFNOSUPPORT = 97;

  /** /proc is read twice a second at most, and tells nothing about when. */
  private static final Duration BY_PROC = Duration.ofMillis(1_300);

  private static final String SHORT = " short " + Network.TO_POD;

  static Stream<Integer> errors() {
    return Stream.of(EPERM, ENOMEM, EPROTONOSUPPORT, EAFNOSUPPORT);
  }

  private static void isQuietByProc(long last, Result result) {
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.after(last))
        .as(result.err())
        .isBetween(Duration.ofMillis(480), Duration.ofSeconds(1).plus(BY_PROC));
    assertThat(result.err()).contains("quiet after");
  }

  @ParameterizedTest
  @MethodSource("errors")
  void without_netlink_it_reads_proc(int error) {
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 10" + SHORT);
      try (Running drain =
          Network.drain(network.start().with("--deny-netlink", Integer.toString(error)))) {
        isQuietByProc(network.clients().done(), drain.end());
      }
    }
  }

  @Test
  void without_netlink_it_sees_ipv6_too() {
    try (Network network = new Network()) {
      network
          .clients()
          .begin("repeat 250 10 short " + Network.CLIENT6 + " " + Network.POD6 + " 8080");
      try (Running drain = Network.drain(network.start().with("--deny-netlink", "1"))) {
        isQuietByProc(network.clients().done(), drain.end());
      }
    }
  }

  @Test
  void without_netlink_it_finds_the_ports_that_listen() {
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 10" + SHORT);
      try (Running drain =
          network
              .start()
              .with("--deny-netlink", "1")
              .init("drain", "--quiet", "1", "--min", "0", "--max", "15")) {
        isQuietByProc(network.clients().done(), drain.end());
      }
    }
  }

  @Test
  void without_netlink_probes_may_be_ignored() {
    try (Network network = new Network()) {
      network
          .clients()
          .begin("repeat 400 10 short " + Network.NODE + " " + Network.POD + " " + Network.PORT);
      try (Running drain =
          Network.drain(
              network.start().with("--deny-netlink", "1"),
              "--ignore",
              Network.NODE,
              "--probe-budget",
              "4/1s")) {
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.took()).isBetween(Duration.ofMillis(980), Duration.ofSeconds(3));
        network.clients().done();
      }
    }
  }

  @Test
  void without_netlink_an_ignored_address_hides_no_short_connections_of_others() {
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 10" + SHORT);
      try (Running drain =
          Network.drain(network.start().with("--deny-netlink", "1"), "--ignore", Network.NODE)) {
        isQuietByProc(network.clients().done(), drain.end());
      }
    }
  }

  @Test
  void without_netlink_an_idle_connection_does_not_hold_it() {
    try (Network network = new Network()) {
      network.clients().tell("connect idle " + Network.TO_POD);
      try (Running drain = Network.drain(network.start().with("--deny-netlink", "1"))) {
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.took()).isLessThan(Duration.ofSeconds(3));
      }
    }
  }

  @Test
  void without_the_module_tcp_diag_it_reads_proc() {
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 10" + SHORT);
      try (Running drain =
          network
              .start()
              .program(
                  List.of(
                      Programs.puppet(),
                      "without-tcp-diag",
                      "--",
                      Programs.init(),
                      "drain",
                      "--ports",
                      "8080",
                      "--quiet",
                      "1",
                      "--min",
                      "0",
                      "--max",
                      "15"))) {
        long last = network.clients().done();
        Result result = drain.end();

        isQuietByProc(last, result);
        assertThat(result.out()).containsPattern("spoilt [1-9]");
      }
    }
  }

  @Test
  void without_netlink_and_proc_it_waits_for_the_minimum_at_least() {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers read /proc");
    try (Network network = new Network()) {
      Start start =
          network.privileged().within(List.of("unshare", "--mount")).with("--deny-netlink", "1");
      Result result =
          start.shell(
              "mount -t tmpfs none /proc && exec \"$init\" drain --ports 8080 --quiet 300ms"
                  + " --min 1 --max 3");

      assertThat(result.code()).isZero();
      assertThat(result.took()).isBetween(Duration.ofMillis(995), Duration.ofMillis(3_400));
      assertThat(result.err()).startsWith(Result.PREFIX);
    }
  }

  @Test
  void needs_no_proc_where_netlink_is() {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers read /proc");
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 8" + SHORT);
      try (Running drain =
          network
              .privileged()
              .within(List.of("unshare", "--mount"))
              .shellRunning(
                  "mount -t tmpfs none /proc && exec "
                      + String.join(" ", Start.UNPRIVILEGED)
                      + " \"$init\" drain --ports 8080 --quiet 1 --min 0 --max 15")) {
        Result result = drain.end();
        long last = network.clients().done();

        assertThat(result.code()).isZero();
        assertThat(result.after(last)).isBetween(Duration.ofMillis(980), Duration.ofMillis(1_300));
      }
    }
  }

  @Test
  void works_in_an_empty_read_only_image(@TempDir Path folder) throws Exception {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers need libraries");
    Files.createDirectory(folder.resolve("proc"));
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 8" + SHORT);
      try (Running drain =
          network
              .privileged()
              .within(List.of("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"))
              .shellRunning(
                  "cp \"$init\" "
                      + folder
                      + "/i && chmod 755 "
                      + folder
                      + " && mount --bind "
                      + folder
                      + " "
                      + folder
                      + " && mount -o remount,bind,ro "
                      + folder
                      + " && mount -t proc proc "
                      + folder
                      + "/proc"
                      + " && exec chroot --userspec=65532:65532 --groups= "
                      + folder
                      + " /i drain --ports 8080 --quiet 1 --min 0 --max 15")) {
        Result result = drain.end();
        long last = network.clients().done();

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.after(last)).isBetween(Duration.ofMillis(980), Duration.ofMillis(1_300));
      }
    }
  }

  /** For the one who is stopped, the clock has jumped. */
  @Test
  void a_jump_of_the_clock_beyond_the_quiet_time_hides_no_traffic() {
    try (Network network = new Network();
        Running drain = network.drain()) {
      network.clients().tell("connect old " + Network.TO_POD);
      Running.quickly("not waiting").until(() -> Running.state(drain.pid()).equals("S"));
      drain.signal(19);
      Running.quickly("not stopped").until(() -> Running.state(drain.pid()).equals("T"));
      network.clients().tell("pause 1500");
      long last = network.clients().tell("send old 10");
      drain.signal(18);
      Result result = drain.end();

      assertThat(result.code()).isZero();
      assertThat(result.after(last)).isBetween(Duration.ofMillis(980), Duration.ofMillis(1_400));
    }
  }

  @Test
  void the_time_of_day_may_jump_by_days() {
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 8" + SHORT);
      try (Running drain =
          network
              .start()
              .program(
                  List.of(
                      Programs.puppet(),
                      "with-jumping-clock",
                      "--",
                      Programs.init(),
                      "drain",
                      "--ports",
                      "8080",
                      "--quiet",
                      "1",
                      "--min",
                      "0",
                      "--max",
                      "15"))) {
        long last = network.clients().done();
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.after(last)).isBetween(Duration.ofMillis(980), Duration.ofMillis(1_400));
        assertThat(result.out()).containsPattern("asked [1-9]");
      }
    }
    try (Running sleep =
        Start.plain()
            .program(
                List.of(
                    Programs.puppet(),
                    "with-jumping-clock",
                    "--",
                    Programs.init(),
                    "sleep",
                    "1"))) {
      assertThat(sleep.end().took()).isBetween(Duration.ofMillis(995), Duration.ofMillis(1_600));
    }
    try (Running waitFor =
        Start.plain()
            .program(
                List.of(
                    Programs.puppet(),
                    "with-jumping-clock",
                    "--",
                    Programs.init(),
                    "wait-for",
                    "--timeout",
                    "1",
                    "file:///nowhere"))) {
      Result result = waitFor.end();

      assertThat(result.code()).isEqualTo(1);
      assertThat(result.took()).isBetween(Duration.ofMillis(995), Duration.ofMillis(1_800));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000_000_000, 100_000_000})
  void clocks_far_in_the_future(long seconds) {
    Programs.need(timeNamespaces(), "time namespaces are not allowed here");
    try (Network network = new Network()) {
      network.clients().begin("repeat 250 8" + SHORT);
      try (Running drain =
          Network.drain(
              network
                  .privileged()
                  .within(
                      List.of(
                          "unshare",
                          "--time",
                          "--monotonic=" + seconds,
                          "--boottime=" + seconds,
                          "--fork",
                          "--kill-child=KILL"))
                  .within(Start.UNPRIVILEGED))) {
        long last = network.clients().done();
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.after(last)).isBetween(Duration.ofMillis(980), Duration.ofMillis(1_300));
        assertThat(result.err()).containsPattern("quiet after [1-9]\\.\\d s");
      }
    }
  }

  private static boolean timeNamespaces() {
    return Files.exists(Path.of("/proc/self/ns/time"));
  }

  @Test
  void says_that_it_cannot_fork() {
    Result result =
        Start.first().within(Start.UNPRIVILEGED).with("--processes", "0").run("--", "true");

    assertThat(result.code()).isEqualTo(125);
    assertThat(result.errLines()).singleElement().asString().startsWith(Result.PREFIX);
  }

  @Test
  void drains_and_runs_its_command_though_it_could_not_fork() {
    try (Network network = new Network()) {
      try (Running drain =
          Network.drain(network.start().with("--processes", "0"), "--", "echo", "ran")) {
        Result result = drain.end();

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo("ran\n");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void without_file_descriptors_the_child_runs_or_a_message_says_why_not(int files) {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers need files");
    for (Start start : List.of(Start.plain(), Start.first())) {
      Result result =
          start.with("--files", Integer.toString(files)).run("--", "/bin/sh", "-c", "exit 3");

      // a dynamic program needs a descriptor to find its libraries: 127 then
      assertThat(result.code()).as(result.err()).isIn(3, 125, 126, 127);
      if (result.code() == 125) {
        assertThat(result.err()).startsWith(Result.PREFIX);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void without_file_descriptors_a_drain_ends_well_and_not_before_its_minimum(int files) {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers need files");
    try (Network network = new Network()) {
      Start start = network.start().with("--files", Integer.toString(files));
      try (Running drain =
          start.init("drain", "--ports", "8080", "--quiet", "300ms", "--min", "1", "--max", "3")) {
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.took()).isBetween(Duration.ofMillis(995), Duration.ofMillis(3_400));
        assertThat(result.err()).startsWith(Result.PREFIX);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 6})
  void without_file_descriptors_pid_1_still_passes_the_stop_on(int files) {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers need files");
    try (Network network = new Network()) {
      // the limit comes after the child has been made ready: the shell raises nothing
      Result result =
          network
              .first()
              .shell(
                  "ulimit -n "
                      + files
                      + "; exec \"$init\" --drain --ports 8080 --quiet 300ms --min 0"
                      + " --max 3 -- sh -c 'trap \"echo stopped; exit 21\" TERM; kill -TERM 1;"
                      + " while :; do :; done'");

      assertThat(result.code()).as(result.err()).isIn(21, 125, 127);
      if (result.code() == 21) {
        assertThat(result.out()).isEqualTo("stopped\n");
      }
    }
  }

  /** From the first instruction on, TERM ends a drain; what it does then is always the same. */
  @Test
  void a_stop_signal_at_any_step_of_a_drain_ends_it() {
    Result result =
        Start.plain()
            .shell(
                "for i in $(seq 0 200); do"
                    + " \"$init\" drain --ports 1 --quiet 1m --max 2m 2>err & p=$!;"
                    + " until grep -q holdfast /proc/$p/comm; do :; done 2>/dev/null;"
                    + " j=0; while [ $j -lt $((i * 10)) ]; do j=$((j + 1)); done;"
                    + " kill -TERM $p; wait $p; echo $?; done | sort | uniq -c; rm -f err");

    // 143 where it came before the program could say what it wants
    assertThat(result.outLines()).allMatch(line -> line.matches(" *\\d+ (0|143)"));
    assertThat(result.out()).containsPattern("\\d+ 0\n");
    assertThat(result.took()).isLessThan(Duration.ofSeconds(40));
  }

  @Test
  void a_stop_signal_at_any_step_of_pid_1_ends_its_child() {
    Result result =
        Start.first()
            .shell(
                "for i in $(seq 0 99); do"
                    + " \"$init\" --subreaper --drain --ports 1 --quiet 50ms --min 0 --max 1"
                    + " -- sleep 30 & p=$!;"
                    + " until grep -q holdfast /proc/$p/comm; do :; done 2>/dev/null;"
                    + " j=0; while [ $j -lt $((i * 10)) ]; do j=$((j + 1)); done;"
                    + " kill -TERM $p; wait $p; echo $?; done | sort | uniq -c");

    assertThat(result.outLines()).singleElement().asString().matches(" *100 143");
  }

  /** All signals, at once and in any order: it ends as its child does. */
  @Test
  void a_storm_of_signals_does_no_harm() {
    try (Running running =
        Start.first()
            .init(
                "--drain",
                "--ports",
                "1",
                "--quiet",
                "200ms",
                "--min",
                "0",
                "--max",
                "1",
                "--",
                Programs.puppet(),
                "signals",
                "child",
                "12")) {
      running.shows("child ready");
      long pid = running.pid();
      try (Running storm =
          Start.plain()
              .shellRunning(
                  "for i in $(seq 20); do for s in 1 2 3 10 13 14 15 16 17 18 20 21 22 23 24 25 26"
                      + " 27 28 29 30 34 35 40 50 64; do \"$puppet\" kill "
                      + pid
                      + " $s; done; done")) {
        assertThat(storm.end(Duration.ofSeconds(60)).code()).isZero();
      }
      assertThat(running.isAlive()).isTrue();
      running.signal(12);

      assertThat(running.end().code()).isZero();
      assertThat(running.out()).contains("child 15", "child 64", "child 12");
    }
  }

  @Test
  void a_standard_error_that_nobody_reads_holds_nothing_up() {
    Start start = Start.plain().with("--stuff", "2").variable("HOLDFAST_INIT_LOG", "debug");
    try (Running running =
        start.init(
            "--drain",
            "--ports",
            "1",
            "--quiet",
            "200ms",
            "--min",
            "0",
            "--",
            Programs.puppet(),
            "signals",
            "child",
            "15")) {
      running.shows("child ready");
      running.signal(1);
      running.prints("child 1");
      running.signal(15);

      assertThat(running.end().code()).isZero();
    }
    try (Running drain =
        start.init("drain", "--ports", "1", "--quiet", "1m", "--min", "0", "--max", "500ms")) {
      Result result = drain.end();

      assertThat(result.code()).isZero();
      assertThat(result.took()).isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  void a_standard_error_that_nobody_can_read_any_more_changes_no_exit_code() {
    Start start = Start.plain().with("--break", "2");

    assertThat(start.run("install", "/nonexistent/x").code()).isEqualTo(125);
    assertThat(start.run("--nonsense").code()).isEqualTo(125);
    assertThat(start.run("sleep", "x").code()).isEqualTo(125);
    assertThat(start.run("--", "/nowhere").code()).isEqualTo(127);
  }

  @ParameterizedTest
  @CsvSource({"--break, 1", "--break, 2", "--close, 2", "--fill, 2", "--fill, 1"})
  void odd_output_streams_leave_exit_codes_alone(String what, String stream) {
    Start start = Start.first().with(what, stream);

    assertThat(start.run("--", "sh", "-c", "exit 5").code()).isEqualTo(5);
    assertThat(start.run("--", "/nowhere").code()).isEqualTo(127);
    assertThat(start.run("--nonsense").code()).isEqualTo(125);
    assertThat(start.run("sleep", "10ms").code()).isZero();
    assertThat(start.run("wait-for", "--timeout", "50ms", "file:///nowhere").code()).isEqualTo(1);
  }
}
