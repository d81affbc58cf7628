package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;

/** A program that runs; closing it ends it and all its descendants. */
final class Running implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private final Process process;
  private final Path out;
  private final Path err;
  private final boolean behindUnshare;
  private final long started;
  private volatile long ended;

  Running(ProcessBuilder builder, boolean behindUnshare) {
    this.behindUnshare = behindUnshare;
    try {
      out = Files.createTempFile("holdfast-init", ".out");
      err = Files.createTempFile("holdfast-init", ".err");
      builder.redirectOutput(out.toFile()).redirectError(err.toFile());
      started = System.nanoTime();
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process.onExit().thenRun(() -> ended = System.nanoTime());
  }

  /** Waits for its end. */
  Result end() {
    return end(PATIENCE);
  }

  Result end(Duration patience) {
    try {
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        fail("runs after " + patience + "\nout: " + out() + "\nerr: " + err());
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    await().pollInterval(Duration.ofMillis(1)).until(() -> ended != 0);
    return new Result(process.exitValue(), out(), err(), started, ended);
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Types it on the program's standard input. */
  void type(String text) {
    try {
      OutputStream stdin = process.getOutputStream();
      stdin.write(text.getBytes(StandardCharsets.UTF_8));
      stdin.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The init's process ID, as seen from here. */
  long pid() {
    if (!behindUnshare) {
      return process.pid();
    }
    List<Long> children = new ArrayList<>();
    quickly("no child in the namespace")
        .until(
            () -> {
              children.clear();
              children.addAll(children(process.pid()));
              return children.size() == 1 && !comm(children.get(0)).equals("unshare");
            });
    return children.get(0);
  }

  /** The process ID of the init's only child. */
  long child() {
    long init = pid();
    quickly("the init has no child").until(() -> children(init).size() == 1);
    return children(init).get(0);
  }

  /** Sends a signal to the init. */
  void signal(int number) {
    signal(number, pid());
  }

  static void signal(int number, long pid) {
    try {
      int code =
          new ProcessBuilder(
                  Programs.puppet(), "kill", Long.toString(pid), Integer.toString(number))
              .inheritIO()
              .start()
              .waitFor();
      assertThat(code).as("kill -%s %s", number, pid).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<Long> children(long pid) {
    return Stream.of(read("/proc/" + pid + "/task/" + pid + "/children").trim().split(" "))
        .filter(word -> !word.isEmpty())
        .map(Long::valueOf)
        .toList();
  }

  /** The state letter of /proc/PID/stat; empty when there is no such process. */
  static String state(long pid) {
    String stat = read("/proc/" + pid + "/stat");
    return stat.isEmpty() ? "" : stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
  }

  private static String comm(long pid) {
    return read("/proc/" + pid + "/comm").trim();
  }

  /** A file's text; empty when it is not there (any more). */
  static String read(String file) {
    try {
      return new String(Files.readAllBytes(Path.of(file)), StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("No such process")) {
        return "";
      }
      throw new UncheckedIOException(e);
    }
  }

  String out() {
    return read(out.toString());
  }

  String err() {
    return read(err.toString());
  }

  List<String> lines() {
    return out().lines().toList();
  }

  /** Waits until it has printed this line. */
  void prints(String line) {
    until("no line " + line, () -> lines().contains(line));
  }

  /** Waits until it has printed this text. */
  void shows(String text) {
    until("no " + text, () -> out().contains(text));
  }

  /** Waits until it has said this on its standard error. */
  void says(String text) {
    until("not said: " + text, () -> err().contains(text));
  }

  private void until(String otherwise, BooleanSupplier done) {
    boolean alive;
    long start = System.nanoTime();
    do {
      alive = process.isAlive();
      if (done.getAsBoolean()) {
        return;
      }
      LockSupport.parkNanos(1_000_000);
    } while (alive && System.nanoTime() - start < PATIENCE.toNanos());
    fail(
        otherwise
            + (alive ? ", it runs" : ", it ended with " + process.exitValue())
            + "\nout: "
            + out()
            + "\nerr: "
            + err());
  }

  static ConditionFactory quickly(String otherwise) {
    return await(otherwise).pollInterval(Duration.ofMillis(5)).atMost(Duration.ofSeconds(10));
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor();
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
