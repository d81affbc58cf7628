package dev.holdfast.init;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * The binary under test, {@code -Dholdfast.init=FILE}, and the two programs that tests drive it
 * with, compiled when first asked for. They lie in a folder that every user may read, as tests
 * start them as a user without rights.
 *
 * <p>What is missing skips a test with a message, or fails it with {@code
 * -Dholdfast.init.required=true}.
 */
final class Programs {

  /** A build with sanitizers: neither small nor static, and its runtime needs files and memory. */
  static final boolean SANITIZED = Boolean.getBoolean("holdfast.init.sanitized");

  private static final boolean REQUIRED =
      Boolean.getBoolean("holdfast.init.required")
          || Boolean.parseBoolean(System.getenv("HOLDFAST_INIT_REQUIRED"));

  private static final Path BINARY =
      Path.of(System.getProperty("holdfast.init", "target/init/linux-amd64/holdfast-init"));

  private static final Path SOURCES = Path.of("src/test/resources/init");

  private static Path folder;
  private static Boolean namespaces;

  private Programs() {}

  static String init() {
    need(Files.isExecutable(BINARY), BINARY + " is not there: no C compiler, or not built");
    return in("holdfast-init");
  }

  static String puppet() {
    return in("puppet");
  }

  static String peer() {
    return in("peer");
  }

  /** Called by what needs root, and PID, mount and network namespaces. */
  static synchronized void needNamespaces() {
    if (namespaces == null) {
      namespaces = succeeds("unshare", "--fork", "--pid", "--mount-proc", "--net", "true");
    }
    need(namespaces, "PID and network namespaces are not allowed here");
  }

  static void need(boolean there, String otherwise) {
    if (!there && REQUIRED) {
      fail(otherwise);
    }
    Assumptions.assumeTrue(there, otherwise);
  }

  private static synchronized String in(String name) {
    try {
      if (folder == null) {
        need(succeeds("cc", "--version"), "there is no C compiler");
        Path made = Files.createTempDirectory("holdfast-init");
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(made)));
        compile("puppet", made);
        compile("peer", made);
        if (Files.isExecutable(BINARY)) {
          Files.copy(BINARY, made.resolve("holdfast-init"), StandardCopyOption.COPY_ATTRIBUTES);
        }
        folder = made;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder.resolve(name).toString();
  }

  private static void compile(String name, Path to) {
    Path source = SOURCES.resolve(name + ".c");
    if (!succeeds(
        "cc", "-std=gnu11", "-O1", "-o", to.resolve(name).toString(), source.toString())) {
      fail("cc does not compile " + source);
    }
  }

  private static boolean succeeds(String... command) {
    try {
      return new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void delete(Path made) {
    for (String name : List.of("puppet", "peer", "holdfast-init", "")) {
      try {
        Files.deleteIfExists(made.resolve(name));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
