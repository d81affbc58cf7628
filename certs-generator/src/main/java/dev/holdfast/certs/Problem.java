package dev.holdfast.certs;

/**
 * What is wrong with a certificate or its key.
 *
 * @param kind what sort of problem it is
 * @param text for people: one line, without the content of any file
 */
public record Problem(Kind kind, String text) {
  /** Sorts of problems. */
  public enum Kind {
    /** Not there. */
    MISSING,
    /** Not PEM, cut off, or not what it should be. */
    UNREADABLE,
    /** A private key that needs a password. */
    ENCRYPTED,
    /** A certificate and the private key of another one. */
    MISMATCHED,
    /** A key that no client accepts any more, or none that a server can use. */
    WEAK,
    /** Its time is over. */
    EXPIRED,
    /** Its time has not come. */
    NOT_YET_VALID,
    /** For other names than the Service's. */
    WRONG_NAME,
    /** Its chain does not end in an authority that clients are told to trust. */
    UNTRUSTED;

    /** Whether a server can use the pair all the same; if clients accept it is another matter. */
    public boolean isServable() {
      return ordinal() >= EXPIRED.ordinal();
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
