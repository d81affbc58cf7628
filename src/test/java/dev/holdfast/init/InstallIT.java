package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class InstallIT {
  @TempDir private Path folder;

  private static Result install(Path to) {
    return Start.plain().run("install", to.toString());
  }

  private void isInstalled(Path at) throws Exception {
    assertThat(at).hasSameBinaryContentAs(Path.of(Programs.init()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(at)))
        .isEqualTo("r-xr-xr-x");
  }

  private List<String> names() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void isRefused(Result result, String path) {
    assertThat(result.code()).isEqualTo(125);
    assertThat(result.err()).startsWith(Result.PREFIX).contains(path);
  }

  @Test
  void copies_itself() throws Exception {
    Path to = folder.resolve("holdfast-init");

    assertThat(install(to).code()).isZero();
    isInstalled(to);
    assertThat(names()).containsExactly("holdfast-init");
    try (Running copy =
        Start.plain().program(List.of(to.toString(), "--", "sh", "-c", "exit 11"))) {
      assertThat(copy.end().code()).isEqualTo(11);
    }
  }

  @Test
  void the_mode_does_not_depend_on_the_umask() throws Exception {
    Path to = folder.resolve("holdfast-init");
    Result result = Start.plain().shell("umask 0777; \"$init\" install " + to);

    assertThat(result.code()).as(result.err()).isZero();
    isInstalled(to);
  }

  @Test
  void replaces_one_that_runs() throws Exception {
    Path to = folder.resolve("holdfast-init");
    assertThat(install(to).code()).isZero();
    Object before = Files.getAttribute(to, "unix:ino");
    try (Running running = Start.plain().program(List.of(to.toString(), "--", "sleep", "60"))) {
      running.child();

      assertThat(install(to).code()).isZero();
      assertThat(running.isAlive()).isTrue();
    }
    isInstalled(to);
    // written beside and renamed
    assertThat(Files.getAttribute(to, "unix:ino")).isNotEqualTo(before);
    assertThat(names()).containsExactly("holdfast-init");
  }

  @Test
  void replaces_a_link_and_not_what_it_points_to() throws Exception {
    Path precious = Files.writeString(folder.resolve("precious"), "data");
    Path to = Files.createSymbolicLink(folder.resolve("holdfast-init"), precious);

    assertThat(install(to).code()).isZero();
    assertThat(precious).hasContent("data");
    assertThat(to).isRegularFile();
    assertThat(Files.isSymbolicLink(to)).isFalse();
  }

  @Test
  void eight_at_once_leave_one() throws Exception {
    Path to = folder.resolve("holdfast-init");
    List<Running> all = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        all.add(Start.plain().init("install", to.toString()));
      }
      for (Running each : all) {
        Result result = each.end();
        assertThat(result.code()).as(result.err()).isZero();
      }
    } finally {
      all.forEach(Running::close);
    }
    isInstalled(to);
    assertThat(names()).containsExactly("holdfast-init");
  }

  @Test
  void tells_of_a_folder_that_is_not_there() {
    String path = folder.resolve("nowhere/holdfast-init").toString();

    isRefused(install(Path.of(path)), path);
  }

  @Test
  void tells_of_a_folder_in_its_place() throws Exception {
    Path to = Files.createDirectory(folder.resolve("holdfast-init"));

    isRefused(install(to), to.toString());
    assertThat(names()).containsExactly("holdfast-init");
  }

  @Test
  void tells_of_a_file_where_a_folder_should_be() throws Exception {
    Files.writeString(folder.resolve("file"), "");
    Path to = folder.resolve("file/holdfast-init");

    isRefused(install(to), to.toString());
  }

  @Test
  void tells_of_a_name_that_is_too_long() throws Exception {
    isRefused(install(folder.resolve("x".repeat(300))), folder.toString());
    isRefused(install(Path.of("/tmp/" + "x/".repeat(5_000) + "y")), "/tmp/");
    assertThat(names()).isEmpty();
  }

  @Test
  void leaves_the_old_one_when_there_is_no_space() throws Exception {
    Programs.needNamespaces();
    Result result =
        Start.plain()
            .within(List.of("unshare", "--mount"))
            .shell(
                "cd "
                    + folder
                    + " && mount -t tmpfs -o size=16k none . && cd "
                    + folder
                    + " && echo old > holdfast-init;"
                    + " \"$init\" install "
                    + folder
                    + "/holdfast-init; echo $?; ls -A; cat holdfast-init");

    assertThat(result.out()).isEqualTo("125\nholdfast-init\nold\n");
    assertThat(result.err()).startsWith(Result.PREFIX).contains("holdfast-init", "space");
  }

  @Test
  void tells_of_a_file_system_that_is_read_only() throws Exception {
    Programs.needNamespaces();
    Result result =
        Start.plain()
            .within(List.of("unshare", "--mount"))
            .shell(
                "mount -t tmpfs -o ro none "
                    + folder
                    + " && exec \"$init\" install "
                    + folder
                    + "/holdfast-init");

    isRefused(result, folder + "/holdfast-init");
  }

  @Test
  void needs_no_rights() throws Exception {
    Programs.needNamespaces();
    Result result =
        Start.plain()
            .within(List.of("unshare", "--mount"))
            .shell(
                "mount -t tmpfs -o mode=1777,size=1m none "
                    + folder
                    + " && exec "
                    + String.join(" ", Start.UNPRIVILEGED)
                    + " sh -c '\"$init\" install "
                    + folder
                    + "/init && "
                    + folder
                    + "/init -- stat -c \"%a %u\" "
                    + folder
                    + "/init'");

    assertThat(result.out()).isEqualTo("555 65532\n");
    assertThat(result.err()).isEmpty();
  }
}
