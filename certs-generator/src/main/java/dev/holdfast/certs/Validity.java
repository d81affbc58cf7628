package dev.holdfast.certs;

import java.security.cert.X509Certificate;
import java.time.Instant;

/** When a certificate is valid: from the first instant to the last. */
public record Validity(Instant from, Instant until) {
  /** Of a certificate. */
  public static Validity of(X509Certificate certificate) {
    return new Validity(
        certificate.getNotBefore().toInstant(), certificate.getNotAfter().toInstant());
  }

  boolean contains(Instant now) {
    return !now.isBefore(from) && !now.isAfter(until);
  }

  @Override
  public String toString() {
    return from + " to " + until;
  }
}
