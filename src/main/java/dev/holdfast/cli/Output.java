package dev.holdfast.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A print stream that knows what went wrong. All text is UTF-8 with line feeds, whatever the system
 * says: manifests are.
 */
final class Output extends PrintStream {
  private final Sink sink;

  /**
   * @param flushing whether every line is written at once
   */
  Output(OutputStream out, boolean flushing) {
    this(new Sink(out), flushing);
  }

  private Output(Sink sink, boolean flushing) {
    super(sink, flushing, StandardCharsets.UTF_8);
    this.sink = sink;
  }

  /**
   * Why something could not be written, a full disk for example. That the reader has gone ({@code |
   * head}) is no reason: it has read all that it wanted.
   */
  Optional<IOException> failure() {
    return Optional.ofNullable(sink.failure).filter(failure -> !isReaderGone(failure));
  }

  // EPIPE on Linux and macOS, ERROR_NO_DATA on Windows
  private static boolean isReaderGone(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.contains("Broken pipe") || message.contains("pipe is being closed");
  }

  @Override
  public void println() {
    print("\n");
  }

  @Override
  public void println(String line) {
    print(line + "\n");
  }

  /** Remembers the first failure, which PrintStream forgets, and writes nothing more after it. */
  private static final class Sink extends FilterOutputStream {
    private IOException failure;

    Sink(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      if (failure == null) {
        try {
          out.write(bytes, from, length);
        } catch (IOException e) {
          failure = e;
          throw e;
        }
      }
    }

    @Override
    public void flush() throws IOException {
      if (failure == null) {
        try {
          out.flush();
        } catch (IOException e) {
          failure = e;
          throw e;
        }
      }
    }
  }
}
