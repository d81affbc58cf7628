package dev.holdfast.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A call of the command line with streams and environment of its own, and what came of it. */
public final class Invocation {
  private final Map<String, String> environment = new HashMap<>();
  private final Set<Integer> terminals = new HashSet<>();
  private InputStream in = InputStream.nullInputStream();
  private OutputStream sink;

  /**
   * What a call left behind.
   *
   * @param code the exit code
   */
  public record Result(int code, String out, String err) {}

  /** Without input, terminal and environment. */
  public static Result of(String... arguments) {
    return new Invocation().run(arguments);
  }

  /** With text on standard input. */
  static Invocation piping(String text) {
    return piping(text.getBytes(StandardCharsets.UTF_8));
  }

  static Invocation piping(byte[] bytes) {
    Invocation invocation = new Invocation();
    invocation.in = new ByteArrayInputStream(bytes);
    return invocation;
  }

  Invocation with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** Streams that are terminals: 0, 1 and 2. */
  Invocation onTerminals(Integer... streams) {
    terminals.addAll(Set.of(streams));
    return this;
  }

  /** Standard output goes there. */
  Invocation into(OutputStream out) {
    sink = out;
    return this;
  }

  Result run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            in,
            new Output(sink == null ? out : sink, false),
            new Output(err, true),
            terminals::contains,
            environment);
    int code = Cli.run(terminal, arguments);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
