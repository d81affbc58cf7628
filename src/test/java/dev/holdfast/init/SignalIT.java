package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** Which signals reach the child, as what, and when. */
@Execution(ExecutionMode.CONCURRENT)
class SignalIT {
  private static final int HUP = 1;
  private static final int INT = 2;
  private static final int QUIT = 3;
  private static final int KILL = 9;
  private static final int USR1 = 10;
  private static final int USR2 = 12;
  private static final int TERM = 15;
  private static final int CHLD = 17;
  private static final int CONT = 18;
  private static final int STOP = 19;
  private static final int TSTP = 20;
  private static final int TTIN = 21;
  private static final int TTOU = 22;
  private static final List<Integer> FAULTS = List.of(4, 5, 6, 7, 8, 11, 31);

  /** 32 and 33 belong to the C library, 34 is SIGRTMIN to everyone else. */
  private static List<Integer> forwarded() {
    return IntStream.rangeClosed(1, 64)
        .filter(signal -> !List.of(KILL, STOP, CHLD, TSTP).contains(signal))
        .filter(signal -> !FAULTS.contains(signal))
        .boxed()
        .toList();
  }

  private static Running listening(Start start, String... options) {
    List<String> words = new ArrayList<>(List.of(options));
    words.addAll(List.of("--", Programs.puppet(), "signals"));
    Running running = start.init(words.toArray(String[]::new));
    running.shows("child ready");
    return running;
  }

  /** The signals that the child has had, in their order. */
  private static List<String> had(Running running) {
    return running.lines().stream().filter(line -> !line.contains("ready")).toList();
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void forwards_every_signal_that_can_be_forwarded(Role role) {
    try (Running running = listening(role.start(), role.options())) {
      for (int signal : forwarded()) {
        running.signal(signal);
        running.prints("child " + signal);
      }

      assertThat(had(running)).isEqualTo(forwarded().stream().map(s -> "child " + s).toList());
      assertThat(running.isAlive()).isTrue();
    }
  }

  @Test
  void keeps_fault_signals_and_those_about_children_for_itself() {
    try (Running running = listening(Start.first())) {
      FAULTS.forEach(running::signal);
      running.signal(CHLD);
      running.signal(USR1);
      running.prints("child " + USR1);

      assertThat(had(running)).containsExactly("child " + USR1);
    }
  }

  @Test
  void a_fault_of_its_own_ends_it() {
    try (Running running = listening(Start.plain())) {
      running.signal(11);

      assertThat(running.end().code()).isEqualTo(128 + 11);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TERM:QUIT, 15, 3",
    "15:3, 15, 3",
    "SIGTERM:INT, 15, 2",
    "USR1:RTMIN+3, 10, 37",
    "RTMIN:TERM, 34, 15",
    "SIGRTMIN+30:SIGHUP, 64, 1",
    "WINCH:USR2, 28, 12",
    "33:32, 33, 32",
    "term:quit, 15, 3"
  })
  void rewrites_a_signal(String rewrite, int sent, int seen) {
    if (rewrite.equals("term:quit")
        && Start.plain().run("--rewrite", rewrite, "--", "true").code() == 125) {
      return; // names in small letters need not be known
    }
    try (Running running = listening(Start.plain(), "--rewrite", rewrite)) {
      running.signal(sent);
      running.prints("child " + seen);

      assertThat(had(running)).containsExactly("child " + seen);
    }
  }

  @Test
  void rewrites_are_many_and_not_chained() {
    try (Running running =
        listening(Start.plain(), "--rewrite", "TERM:QUIT", "--rewrite", "QUIT:INT")) {
      running.signal(TERM);
      running.prints("child " + QUIT);
      running.signal(QUIT);
      running.prints("child " + INT);
      running.signal(HUP);
      running.prints("child " + HUP);

      assertThat(had(running)).containsExactly("child 3", "child 2", "child 1");
    }
  }

  @Test
  void swallows_a_signal() {
    try (Running running = listening(Start.plain(), "--rewrite", "TERM:0", "--rewrite", "HUP:0")) {
      running.signal(TERM);
      running.signal(HUP);
      running.signal(USR1);
      running.prints("child " + USR1);

      assertThat(had(running)).containsExactly("child " + USR1);
    }
  }

  @Test
  void signals_the_main_child_only() {
    try (Running running = Start.plain().init("--", Programs.puppet(), "family")) {
      running.shows("parent ready");
      running.shows("child ready");
      running.signal(USR1);
      running.prints("parent " + USR1);
      running.signal(USR2);
      running.prints("parent " + USR2);

      assertThat(running.lines()).doesNotContain("child " + USR1, "child " + USR2);
    }
  }

  @Test
  void signals_the_group_when_asked_to() {
    try (Running running = Start.plain().init("--group", "--", Programs.puppet(), "family")) {
      running.shows("parent ready");
      running.shows("child ready");
      running.signal(USR1);
      running.prints("parent " + USR1);
      running.prints("child " + USR1);

      assertThat(running.lines())
          .filteredOn(line -> line.endsWith(" " + USR1))
          .containsExactlyInAnyOrder("parent " + USR1, "child " + USR1);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "SUBREAPER", mode = Mode.EXCLUDE)
  void a_drain_delays_the_stop_signal_and_no_other(Role role) {
    try (Running running =
        listening(role.start(), "--drain", "--ports", "1", "--quiet", "500ms", "--min", "0")) {
      long sent = System.nanoTime();
      running.signal(TERM);
      running.signal(USR1);
      running.prints("child " + USR1);
      assertThat(had(running)).doesNotContain("child " + TERM);
      running.prints("child " + TERM);

      assertThat(Duration.ofNanos(System.nanoTime() - sent))
          .isBetween(Duration.ofMillis(490), Duration.ofMillis(1_500));
      assertThat(running.err()).containsPattern("(?m)^holdfast-init: .*quiet after 0\\.[5-9] s");
    }
  }

  @Test
  void a_second_stop_signal_shortens_the_drain() {
    try (Running running =
        listening(Start.plain(), "--drain", "--ports", "1", "--quiet", "1m", "--max", "2m")) {
      running.signal(TERM);
      running.signal(USR1);
      running.prints("child " + USR1);
      assertThat(had(running)).doesNotContain("child " + TERM);
      running.signal(TERM);
      running.prints("child " + TERM);
    }
  }

  @Test
  void rewrites_after_the_drain() {
    try (Running running =
        listening(
            Start.plain(),
            "--drain",
            "--ports",
            "1",
            "--quiet",
            "300ms",
            "--min",
            "0",
            "--rewrite",
            "TERM:QUIT")) {
      running.signal(TERM);
      running.signal(USR1);
      running.prints("child " + QUIT);

      assertThat(had(running)).containsExactly("child " + USR1, "child " + QUIT);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"QUIT", "SIGUSR2", "RTMIN+1"})
  void drains_on_the_signal_that_is_asked_for(String name) {
    int signal = List.of(QUIT, USR2, 35).get(List.of("QUIT", "SIGUSR2", "RTMIN+1").indexOf(name));
    try (Running running =
        listening(
            Start.plain(),
            "--drain-on",
            name,
            "--drain",
            "--ports",
            "1",
            "--quiet",
            "300ms",
            "--min",
            "0")) {
      running.signal(signal);
      running.signal(USR1);
      running.prints("child " + signal);

      assertThat(had(running)).containsExactly("child " + USR1, "child " + signal);
    }
  }

  @Test
  void drains_on_each_of_several_signals() {
    for (int signal : List.of(TERM, QUIT)) {
      try (Running running =
          listening(
              Start.plain(),
              "--drain-on",
              "TERM",
              "--drain-on",
              "QUIT",
              "--drain",
              "--ports",
              "1",
              "--quiet",
              "300ms",
              "--min",
              "0")) {
        running.signal(signal);
        running.signal(USR1);
        running.prints("child " + signal);

        assertThat(had(running)).containsExactly("child " + USR1, "child " + signal);
      }
    }
  }

  @Test
  void signals_that_are_not_asked_for_start_no_drain() {
    try (Running running =
        listening(
            Start.plain(),
            "--drain-on",
            "QUIT",
            "--drain",
            "--ports",
            "1",
            "--quiet",
            "1m",
            "--max",
            "2m")) {
      running.signal(TERM);
      running.prints("child " + TERM);
    }
  }

  @Test
  void a_child_that_ends_during_the_drain_ends_it() {
    try (Running running =
        Start.plain()
            .init(
                "--drain",
                "--ports",
                "1",
                "--quiet",
                "1m",
                "--max",
                "2m",
                "--",
                Programs.puppet(),
                "signals",
                "child",
                "10")) {
      running.shows("child ready");
      running.signal(TERM);
      running.signal(USR1);

      assertThat(running.end().code()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void a_signal_that_waits_when_it_starts_is_forwarded(Role role) {
    try (Running running = listening(role.start().with("--pending", "15"), role.options())) {
      running.prints("child " + TERM);
    }
  }

  /** A signal may come while the child is forked, or before it has become its program. */
  @Test
  void no_stop_signal_is_lost_right_after_the_fork() {
    Result result =
        Start.plain()
            .shell(
                "for i in $(seq 300); do \"$init\" -- sleep 30 & p=$!; c=; until [ -n \"$c\" ]; do"
                    + " read -r c < /proc/$p/task/$p/children; done 2>/dev/null; kill -TERM $p;"
                    + " wait $p; [ $? = 143 ] || echo \"run $i: $?\"; done");

    assertThat(result.code()).isZero();
    assertThat(result.out()).isEmpty();
    assertThat(result.took()).isLessThan(Duration.ofSeconds(25));
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void the_child_has_the_mask_and_the_dispositions_of_the_start(Role role) {
    // tini's sigconf test, and the real-time signals that the C library hides
    String[] oddities = {
      "--ignore", "22", "--ignore", "11", "--ignore", "2", "--ignore", "34", "--ignore", "17",
      "--block", "21", "--block", "4", "--block", "15", "--block", "32", "--block", "33",
      "--block", "34", "--block", "64"
    };
    List<String> cat = List.of("cat", "/proc/self/status");
    String bare;
    try (Running running = Start.plain().with(oddities).program(cat)) {
      bare = signalLines(running.end().out());
    }
    Result wrapped =
        role.start().with(oddities).run(role.options("--", "cat", "/proc/self/status"));

    assertThat(signalLines(wrapped.out())).isEqualTo(bare).contains("SigBlk:\t80000003");
    assertThat(wrapped.code()).isZero();
  }

  @Test
  void the_child_has_nothing_blocked_or_ignored_that_was_not() {
    assertThat(signalLines(Start.first().run("--", "cat", "/proc/self/status").out()))
        .isEqualTo(
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000");
  }

  private static String signalLines(String status) {
    return String.join(
        "\n", status.lines().filter(line -> line.matches("Sig(Blk|Ign|Cgt):.*")).toList());
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void knows_its_childrens_ends_though_sigchld_was_ignored(Role role) {
    Result result =
        role.start().with("--ignore", "17").run(role.options("--", "sh", "-c", "exit 42"));

    assertThat(result.code()).isEqualTo(42);
  }

  @Test
  void dies_with_its_parent_when_asked_to() {
    try (Running running =
        Start.plain()
            .shellRunning(
                "(\"$init\" --parent-death-signal USR2 -- \"$puppet\" signals child 12 & "
                    + "echo \"init $!\"; read never)")) {
      running.shows("child ready");
      long init =
          Long.parseLong(
              running.lines().stream()
                  .filter(line -> line.startsWith("init "))
                  .findFirst()
                  .orElseThrow()
                  .substring(5));
      long parent = parent(init);
      Running.signal(KILL, parent);
      running.prints("child " + USR2);
      Running.quickly("the init outlives its child")
          .untilAsserted(() -> assertThat(Running.state(init)).isIn("", "Z"));
    }
  }

  private static long parent(long pid) {
    String stat = Running.read("/proc/" + pid + "/stat");
    return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 4).split(" ")[0]);
  }

  @Test
  void stops_and_continues_with_its_child() {
    try (Running running = Start.plain().init("--", "sleep", "60")) {
      long child = running.child();
      Running.quickly("sleep has not started")
          .untilAsserted(
              () -> assertThat(Running.read("/proc/" + child + "/comm")).contains("sleep"));
      running.signal(TSTP);
      Running.quickly("not stopped")
          .untilAsserted(
              () -> {
                assertThat(Running.state(child)).isEqualTo("T");
                assertThat(Running.state(running.pid())).isEqualTo("T");
              });
      running.signal(CONT);
      Running.quickly("not continued")
          .untilAsserted(
              () -> {
                assertThat(Running.state(child)).isEqualTo("S");
                assertThat(Running.state(running.pid())).isEqualTo("S");
              });
      running.signal(TERM);

      assertThat(running.end().code()).isEqualTo(128 + TERM);
    }
  }

  @Test
  void as_pid_1_it_stops_its_child_and_goes_on_itself() {
    try (Running running = Start.first().init("--", "sleep", "60")) {
      long child = running.child();
      Running.quickly("sleep has not started")
          .untilAsserted(
              () -> assertThat(Running.read("/proc/" + child + "/comm")).contains("sleep"));
      running.signal(TSTP);
      Running.quickly("not stopped")
          .untilAsserted(() -> assertThat(Running.state(child)).isEqualTo("T"));
      running.signal(CONT);
      Running.quickly("not continued")
          .untilAsserted(() -> assertThat(Running.state(child)).isEqualTo("S"));
      running.signal(TERM);

      assertThat(running.end().code()).isEqualTo(128 + TERM);
    }
  }

  private static void isIn(String state, long... pids) {
    Running.quickly("not in " + state)
        .untilAsserted(
            () -> {
              for (long pid : pids) {
                assertThat(Running.state(pid)).isEqualTo(state);
              }
            });
  }

  @ParameterizedTest
  @ValueSource(ints = {TTIN, TTOU})
  void stops_with_a_child_that_wants_the_terminal(int signal) {
    try (Running running = Start.plain().init("--", "sleep", "60")) {
      long child = running.child();
      Running.quickly("sleep has not started")
          .untilAsserted(
              () -> assertThat(Running.read("/proc/" + child + "/comm")).contains("sleep"));
      running.signal(signal);
      isIn("T", child, running.pid());
      running.signal(CONT);
      isIn("S", child, running.pid());
      running.signal(TERM);

      assertThat(running.end().code()).isEqualTo(128 + TERM);
    }
  }

  @Test
  void does_not_stop_with_a_child_that_ignored_the_request_and_is_stopped_alone() {
    try (Running running =
        Start.plain().init("--", "sh", "-c", "trap '' TSTP; echo ready; exec sleep 60")) {
      running.shows("ready");
      long child = running.child();
      Running.quickly("sleep has not started")
          .untilAsserted(
              () -> assertThat(Running.read("/proc/" + child + "/comm")).contains("sleep"));
      running.signal(TSTP);
      isIn("S", child, running.pid());
      Running.signal(STOP, child);
      isIn("T", child);
      running.signal(TERM);
      Running.quickly("not forwarded")
          .until(
              () ->
                  Running.read("/proc/" + child + "/status")
                      .contains("ShdPnd:\t0000000000004000\n"));
      running.signal(CONT);

      assertThat(running.end().code()).isEqualTo(128 + TERM);
    }
  }
}
