package dev.holdfast.hardening.pod;

/** A field of a pod that holds something else than Kubernetes allows there. */
public final class UnreadableField extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String pointer;
  private final String expected;

  /**
   * @param pointer JSON pointer to the field
   * @param expected what Kubernetes allows there, for example {@code a list}
   */
  public UnreadableField(String pointer, String expected) {
    // Part of an answer, not a defect: the stack says nothing and costs much.
    super(pointer + " is not " + expected, null, false, false);
    this.pointer = pointer;
    this.expected = expected;
  }

  /** JSON pointer to the field. */
  public String pointer() {
    return pointer;
  }

  /** What Kubernetes allows there. */
  public String expected() {
    return expected;
  }
}
