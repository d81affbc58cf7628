package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With a terminal, the child is the one who has it. */
@Execution(ExecutionMode.CONCURRENT)
class TerminalIT {
  private static final String CONTROL_C = "\u0003";
  private static final String CONTROL_D = "\u0004";
  private static final String CONTROL_Z = "\u001a";

  /** The init on a terminal; what it prints is what its screen shows. */
  private static Running onTerminal(Role role, String... command) {
    List<String> words = new ArrayList<>(List.of(Programs.puppet(), "pty", "--"));
    words.addAll(role.start().around());
    words.add(Programs.init());
    words.addAll(List.of(role.options()));
    words.add("--");
    words.addAll(List.of(command));
    return Start.plain().program(words);
  }

  private static Running shellOnTerminal() {
    return Start.plain()
        .variable("PS1", "prompt> ")
        .variable("init", Programs.init())
        .program(List.of(Programs.puppet(), "pty", "--", "bash", "--norc", "--noprofile", "-i"));
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void the_child_reads_from_the_terminal(Role role) {
    try (Running running =
        onTerminal(role, "sh", "-c", "echo ready; read x; echo \"got $x\"; exit 3")) {
      running.shows("ready");
      running.type("words\n");

      running.shows("got words");
      assertThat(running.end().code()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void control_c_reaches_the_child_once(Role role) {
    try (Running running =
        onTerminal(
            role,
            "sh",
            "-c",
            "n=0; trap 'n=$((n+1)); echo int $n' INT; trap 'echo end $n; exit 4' USR1;"
                + " (sleep 0.5; kill -USR1 $$) & echo ready; while :; do wait; done")) {
      running.shows("ready");
      running.type(CONTROL_C);

      running.shows("end 1");
      assertThat(running.end().code()).isEqualTo(4);
    }
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void control_c_ends_a_child_that_does_not_handle_it(Role role) {
    try (Running running = onTerminal(role, "sh", "-c", "echo ready; exec sleep 60")) {
      running.shows("ready");
      running.type(CONTROL_C);

      assertThat(running.end().code()).isEqualTo(130);
    }
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void the_child_is_the_foreground(Role role) {
    try (Running running =
        onTerminal(role, "sh", "-c", "cut -d' ' -f5,8 /proc/self/stat; echo done")) {
      running.shows("done");

      String[] groups = running.lines().get(0).trim().split(" ");
      assertThat(groups[0]).isEqualTo(groups[1]);
      assertThat(running.end().code()).isZero();
    }
  }

  @Test
  void an_interactive_shell_gets_its_prompt_back() {
    try (Running running = shellOnTerminal()) {
      running.shows("prompt> ");
      running.type("$init -- sh -c 'echo up; while read x; do echo \"<$x>\"; done; exit 6'\n");
      running.prints("up\r".trim());
      running.type(CONTROL_Z);
      running.shows("Stopped");
      running.type("echo at the $((40 + 2)) prompt\n");
      running.shows("at the 42 prompt");
      running.type("fg\n");
      running.type("again\n");
      running.shows("<again>");
      running.type(CONTROL_D);
      running.type("echo code $?\n");
      running.shows("code 6");
      running.type("exit\n");

      assertThat(running.end().code()).isZero();
    }
  }

  /** What is typed while the terminal goes from one to the other is for neither. */
  private static void insists(Running running, String typed, String shown) {
    Running.quickly("does not show " + shown)
        .pollInterval(Duration.ofMillis(300))
        .until(
            () -> {
              running.type(typed);
              return running.out().contains(shown);
            });
  }

  /** Behind the foreground, a program that reads is stopped until {@code fg}. */
  @ParameterizedTest
  @ValueSource(strings = {"", " </dev/null >/dev/null 2>&1"})
  void a_background_job_that_reads_is_stopped_and_can_be_brought_forward(String streams) {
    String reader =
        "while read x; do echo \"<$x>\"; done" + (streams.isEmpty() ? "" : " <>/dev/tty 1>&0");
    try (Running running = shellOnTerminal()) {
      running.shows("prompt> ");
      running.type("$init -- sh -c '" + reader + "'" + streams + " &\n");
      running.type("until [ \"$(jobs -s)\" ]; do sleep 0.05; done; echo it $((40 + 2)) waits\n");
      running.shows("it 42 waits");
      running.type("fg\n");
      insists(running, "words\n", "<words>");
      running.type(CONTROL_Z);
      insists(running, "echo at the $((50 + 1)) prompt\n", "at the 51 prompt");
      running.type("exit 0\nexit 0\n");

      assertThat(running.end().code()).isZero();
    }
  }

  @Test
  void an_interactive_shell_gets_its_terminal_back_at_the_end() {
    try (Running running = shellOnTerminal()) {
      running.shows("prompt> ");
      for (int i = 0; i < 20; i++) {
        running.type("$init -- sh -c 'exit " + i + "'; echo \"code=$?\"\n");
        running.shows("code=" + i);
      }
      running.type("exit\n");

      assertThat(running.end().code()).isZero();
    }
  }

  @Test
  void in_the_background_it_takes_no_terminal() {
    try (Running running = shellOnTerminal()) {
      running.shows("prompt> ");
      running.type("$init -- sh -c 'sleep 0.2; echo from behind' &\n");
      running.shows("from behind");
      running.type("echo still $((40 + 2))\n");
      running.shows("still 42");
      running.type("wait; exit\n");

      assertThat(running.end().code()).isZero();
    }
  }
}
