package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What the child finds is what it would have found without us. */
@Execution(ExecutionMode.CONCURRENT)
class UntouchedIT {

  /** What this line of a shell prints without us and with us. */
  private static void same(Start start, String line) {
    String bare;
    try (Running running = start.program(List.of("sh", "-c", line))) {
      bare = running.end().out();
    }
    Result wrapped = start.run("--", "sh", "-c", line);

    assertThat(bare).isNotEmpty();
    assertThat(wrapped.out()).isEqualTo(bare);
    assertThat(wrapped.err()).isEmpty();
  }

  @Test
  void the_environment() {
    same(
        Start.plain()
            .variable("HOLDFAST_INIT_LOG", "info")
            .variable("EMPTY", "")
            .variable("LINES", "a\nb")
            .variable("PERCENT", "%s%n$HOME"),
        "env -0 | sort -z | tr '\\0' '\\n'");
  }

  @Test
  void the_folder(@TempDir Path folder) {
    same(Start.plain().in(folder), "pwd");
  }

  @Test
  void umask_priority_and_limits() {
    same(Start.plain().with("--files", "77"), "umask; ulimit -a; nice; ulimit -n");
  }

  @Test
  void open_files_and_no_more() {
    Result result =
        Start.plain()
            .shell(
                "exec 3</dev/null 5</dev/zero 9>/dev/full;"
                    + " list='cd /proc/self/fd && for f in *; do echo $f $(readlink $f); done';"
                    + " sh -c \"$list\" >bare 2>&1 || true; sh -c \"$list\"; echo ---;"
                    + " \"$init\" -- sh -c \"$list\"; rm -f bare");
    String[] halves = result.out().split("---\n");

    assertThat(halves[0]).contains("5 /dev/zero");
    assertThat(sameKinds(halves[1])).isEqualTo(sameKinds(halves[0]));
  }

  /** Without what each shell opens for itself. */
  private static String sameKinds(String list) {
    return list.replaceAll("(?m)^\\d+ /proc/\\d+.*\n|^\\d+ $", "").replaceAll("pipe:.*", "pipe");
  }

  @Test
  void standard_input_goes_to_the_child() {
    Result result =
        Start.plain().shell("printf 'a\\nb\\n' | \"$init\" -- sh -c 'read x; cat; echo got $x'");

    assertThat(result.out()).isEqualTo("b\ngot a\n");
  }

  @Test
  void starts_without_standard_streams() {
    Result result =
        Start.plain()
            .with("--close", "0", "--close", "1", "--close", "2")
            .run("--", "sh", "-c", "exit 7");

    assertThat(result.code()).isEqualTo(7);
  }

  @Test
  void the_binary_needs_no_other_file() throws Exception {
    Assumptions.assumeFalse(Programs.SANITIZED, "sanitizers need libraries");
    try (RandomAccessFile file = new RandomAccessFile(Programs.init(), "r")) {
      byte[] bytes = new byte[(int) file.length()];
      file.readFully(bytes);
      ByteBuffer elf = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      int headers = (int) elf.getLong(32);
      int size = elf.getShort(54);
      int count = elf.getShort(56);
      int interpreter = 3;
      for (int i = 0; i < count; i++) {
        assertThat(elf.getInt(headers + i * size)).isNotEqualTo(interpreter);
      }
      assertThat(bytes).hasSizeLessThanOrEqualTo(110_000);
    }
  }
}
