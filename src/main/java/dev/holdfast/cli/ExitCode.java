package dev.holdfast.cli;

/** What a command's exit code says. */
final class ExitCode {
  /** All is well. */
  static final int FINE = 0;

  /** There are findings at or above {@code --fail-on}, or certificates are bad. */
  static final int FINDINGS = 1;

  /** The server could not start. */
  static final int NOT_STARTED = 1;

  /** A cluster did not do what was asked of it. */
  static final int FAILED = 1;

  /** Bad usage, or input that cannot be read. */
  static final int BAD_INPUT = 2;

  private ExitCode() {}
}
