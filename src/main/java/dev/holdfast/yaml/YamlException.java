package dev.holdfast.yaml;

/** A text that is no YAML that we take, with the place where it stops being so. */
public final class YamlException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Position position;
  private final String problem;

  /**
   * @param source the name of the file, as the user gave it
   * @param position where the problem is
   * @param problem what is wrong, one line
   */
  public YamlException(String source, Position position, String problem) {
    super(source + ":" + position + ": " + problem);
    this.position = position;
    this.problem = problem;
  }

  /** What is wrong, without the place. */
  public String problem() {
    return problem;
  }

  /** Where the problem is. */
  public Position position() {
    return position;
  }
}
