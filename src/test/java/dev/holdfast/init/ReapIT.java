package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Orphans are adopted, reaped, and given time when the main child has ended. */
@Execution(ExecutionMode.CONCURRENT)
class ReapIT {

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void leaves_no_zombie_of_a_hundred_orphans(Role role) {
    try (Running running =
        role.start()
            .init(
                role.options(
                    "--",
                    "sh",
                    "-c",
                    "for i in $(seq 100); do (sh -c 'read x </dev/null' &); done;"
                        + " echo made; exec sleep 60"))) {
      running.prints("made");
      long init = running.pid();
      Running.quickly("orphans are left")
          .untilAsserted(() -> assertThat(Running.children(init)).hasSize(1));
      assertThat(running.isAlive()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void adopts_an_orphan_that_lives_on(Role role) {
    try (Running running =
        role.start()
            .init(role.options("--", "sh", "-c", "(sleep 61 &); echo made; exec sleep 60"))) {
      running.prints("made");
      long init = running.pid();

      Running.quickly("not adopted")
          .untilAsserted(() -> assertThat(Running.children(init)).hasSize(2));
    }
  }

  @Test
  void adopts_nobody_unless_asked_to() {
    try (Running running =
        Start.plain().init("--", "sh", "-c", "(sleep 3 &); echo made; exec sleep 60")) {
      running.prints("made");

      assertThat(Running.children(running.pid())).hasSize(1);
    }
  }

  /** {@code $1} is where the leftover tells what came to it. */
  private static String[] mainWith(Role role, String waitAll, String leftover, Path log) {
    return role.options(
        "--wait-all",
        waitAll,
        "--",
        "sh",
        "-c",
        "(sh -c '" + leftover + "' sh \"$0\" &); until [ -s \"$0\" ]; do sleep 0.01; done; exit 5",
        log.toString());
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void leftovers_get_a_stop_signal_and_time(Role role, @TempDir Path folder) throws Exception {
    Path log = folder.resolve("log");
    String leftover =
        "trap \"sleep 0.4; echo stopped >> $1; exit 0\" TERM; echo up >> $1;"
            + " while :; do sleep 0.05; done";
    Result result = role.start().run(mainWith(role, "10s", leftover, log));

    assertThat(result.code()).isEqualTo(5);
    assertThat(Files.readAllLines(log)).containsExactly("up", "stopped");
    assertThat(result.took()).isBetween(Duration.ofMillis(350), Duration.ofSeconds(4));
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void leftovers_that_do_not_stop_are_killed(Role role, @TempDir Path folder) throws Exception {
    Path log = folder.resolve("log");
    String leftover =
        "trap \"echo ignored >> $1\" TERM; echo $$ > $1; while :; do sleep 0.05; done";
    try (Running running = role.start().init(mainWith(role, "700ms", leftover, log))) {
      Result result = running.end();

      assertThat(result.code()).isEqualTo(5);
      assertThat(result.took()).isBetween(Duration.ofMillis(690), Duration.ofSeconds(3));
      List<String> lines = Files.readAllLines(log);
      assertThat(lines).hasSizeGreaterThan(1).contains("ignored");
      if (role == Role.SUBREAPER) {
        assertThat(Running.state(Long.parseLong(lines.get(0)))).isIn("", "Z");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void kills_the_children_of_leftovers_too(Role role, @TempDir Path folder) throws Exception {
    Path log = folder.resolve("log");
    // one in a session of its own, below one that waits for it: neither group nor parent finds it
    String leftover =
        "trap : TERM; (trap \"\" TERM; setsid sh -c \"echo \\$\\$ > $1; sleep 66; :\"; :) & "
            + "while :; do wait; done";
    try (Running running = role.start().init(mainWith(role, "300ms", leftover, log))) {
      Result result = running.end();

      assertThat(result.code()).isEqualTo(5);
      assertThat(result.took()).isLessThan(Duration.ofSeconds(3));
      if (role == Role.SUBREAPER) {
        long grandchild = Long.parseLong(Files.readString(log).trim());
        Running.quickly("lives")
            .untilAsserted(() -> assertThat(Running.state(grandchild)).isIn("", "Z"));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void does_not_wait_when_nobody_is_left(Role role) {
    Result result = role.start().run(role.options("--wait-all", "1m", "--", "sh", "-c", "exit 9"));

    assertThat(result.code()).isEqualTo(9);
    assertThat(result.took()).isLessThan(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @EnumSource(value = Role.class, names = "PLAIN", mode = Mode.EXCLUDE)
  void kills_leftovers_at_once_when_no_time_is_given(Role role, @TempDir Path folder) {
    Path log = folder.resolve("log");
    Result result =
        role.start()
            .run(
                mainWith(
                    role, "0", "trap : TERM; echo up > $1; while :; do sleep 0.05; done", log));

    assertThat(result.code()).isEqualTo(5);
    assertThat(result.took()).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void a_stopped_leftover_does_not_hold_it(@TempDir Path folder) {
    Path log = folder.resolve("log");
    Result result =
        Start.first().run(mainWith(Role.FIRST, "300ms", "echo up > $1; kill -STOP $$", log));

    assertThat(result.code()).isEqualTo(5);
    assertThat(result.took()).isLessThan(Duration.ofSeconds(3));
  }

  @Test
  void signals_while_it_waits_for_leftovers_do_no_harm() {
    try (Running running =
        Start.first()
            .init(
                "--wait-all",
                "1s",
                "--",
                "sh",
                "-c",
                "(" + Programs.puppet() + " signals leftover &); read go; exit 5")) {
      long pid = running.pid();
      running.shows("leftover ready");
      running.type("go\n");
      running.prints("leftover 15");
      for (int signal : List.of(1, 2, 10, 15, 20, 18, 28, 34)) {
        Running.signal(signal, pid);
      }
      Result result = running.end();

      assertThat(result.code()).isEqualTo(5);
      assertThat(result.took()).isGreaterThan(Duration.ofSeconds(1));
    }
  }
}
