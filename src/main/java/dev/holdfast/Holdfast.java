package dev.holdfast;

import dev.holdfast.cli.Cli;
import io.quarkus.runtime.annotations.QuarkusMain;

/** The entry point of everything. */
@QuarkusMain
public final class Holdfast {
  private Holdfast() {}

  /** Runs the command that the arguments name, and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(Cli.run(arguments));
  }
}
