package dev.holdfast.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Where a command reads from and writes to.
 *
 * @param in standard input
 * @param out results; buffered, so it must be flushed
 * @param err messages
 * @param terminals tells which of the streams 0, 1 and 2 a person sits in front of
 * @param environment the environment's variables
 */
record Terminal(
    InputStream in,
    Output out,
    Output err,
    IntPredicate terminals,
    Map<String, String> environment) {

  private static final int BUFFER_BYTES = 64 * 1024;

  /**
   * @param interactive whether a person sits in front of all three
   */
  Terminal(
      InputStream in,
      PrintStream out,
      PrintStream err,
      boolean interactive,
      Map<String, String> environment) {
    this(in, new Output(out, false), new Output(err, true), stream -> interactive, environment);
  }

  /** The process's own. */
  static Terminal ofProcess() {
    return new Terminal(
        System.in,
        new Output(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES),
            false),
        new Output(new FileOutputStream(FileDescriptor.err), true),
        Terminal::isTerminal,
        System.getenv());
  }

  /** Whether a person would have to type the input. */
  boolean inIsTerminal() {
    return terminals.test(0);
  }

  /** How results are written: in colours for a person only, and never with NO_COLOR. */
  Style outStyle() {
    return styleOf(1);
  }

  /** How messages are written. */
  Style errStyle() {
    return styleOf(2);
  }

  /** Whether a line of messages can be written over by the next. */
  boolean showsProgress() {
    return terminals.test(2) && !isDumb();
  }

  // no-color.org: the variable counts unless it is empty
  private Style styleOf(int stream) {
    boolean wanted = environment.getOrDefault("NO_COLOR", "").isEmpty() && !isDumb();
    return new Style(wanted && terminals.test(stream));
  }

  private boolean isDumb() {
    return "dumb".equals(environment.get("TERM"));
  }

  private static boolean isTerminal(int stream) {
    try {
      String device = Files.readSymbolicLink(Path.of("/proc/self/fd/" + stream)).toString();
      return device.startsWith("/dev/pts/")
          || device.startsWith("/dev/tty")
          || device.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return isInteractive(System.console());
    }
  }

  /**
   * Where there is no /proc the JVM only knows whether input and output both are terminals. Since
   * Java 22 there is a console even without a terminal, and a method that tells.
   */
  private static boolean isInteractive(java.io.Console console) {
    if (console == null) {
      return false;
    }
    try {
      return (Boolean) java.io.Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (IllegalAccessException | InvocationTargetException e) {
      return false;
    }
  }
}
