package dev.holdfast.cli;

import java.util.List;

/** Input that cannot be used; every line says where, and what is wrong. */
final class InputException extends Exception {
  private static final long serialVersionUID = 1L;

  InputException(List<String> problems) {
    super(String.join("\n", problems));
  }

  InputException(String problem) {
    super(problem);
  }
}
