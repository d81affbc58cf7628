package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** One end of TCP traffic in a namespace; {@code peer.c} lists its commands. */
final class Peer implements AutoCloseable {
  private final Process process;
  private final OutputStream commands;
  private final BufferedReader answers;

  Peer(String namespace) {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    command.add(Programs.peer());
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    commands = process.getOutputStream();
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Does it, and returns when it was done, by {@link System#nanoTime}. */
  long tell(String command) {
    begin(command);
    return done();
  }

  /** Begins it; {@link #done} waits for its end. */
  void begin(String command) {
    try {
      commands.write((command + "\n").getBytes(StandardCharsets.UTF_8));
      commands.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long done() {
    try {
      String answer = answers.readLine();
      assertThat(answer).startsWith("ok ");
      return Long.parseLong(answer.substring(3));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
