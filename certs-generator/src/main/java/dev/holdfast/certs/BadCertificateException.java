package dev.holdfast.certs;

/** A certificate, a key or a pair of both that cannot be used. */
public final class BadCertificateException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Problem problem;

  BadCertificateException(Problem.Kind kind, String text) {
    super(text);
    problem = new Problem(kind, text);
  }

  /** What is wrong. */
  public Problem problem() {
    return problem;
  }
}
