package dev.holdfast.policy;

import java.util.List;
import java.util.stream.Collectors;

/** A policy text that cannot be used, with everything that is wrong with it. */
public final class PolicyException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  public PolicyException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** What is wrong, in the order of the text; never empty. */
  public List<Problem> problems() {
    return problems;
  }

  /**
   * One thing that is wrong.
   *
   * @param line the line, from 1
   * @param column the column, from 1
   * @param pointer JSON pointer into the document, "" for the whole
   * @param message what is wrong and what is allowed, one line
   */
  public record Problem(String source, int line, int column, String pointer, String message) {
    @Override
    public String toString() {
      return source + ":" + line + ":" + column + ": " + message;
    }
  }
}
