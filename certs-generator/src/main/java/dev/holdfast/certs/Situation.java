package dev.holdfast.certs;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * All that a rotation is decided from.
 *
 * @param now the time
 * @param authority the one that is to sign; empty if there is none, or none that can be used
 * @param pair what replicas shall serve; empty if there is none, or none that can be used
 * @param published the authorities that stand beside the pair
 * @param entries what each webhook of ours in the webhook configurations trusts
 * @param trustedSince since when all of those have been seen to trust the authority
 * @param replicas what replicas serve; empty if they have not been asked
 * @param wanted what is to be made anew even if it is not due
 */
record Situation(
    Instant now,
    Optional<CertificateAuthority> authority,
    Optional<ServingPair> pair,
    Bundle published,
    List<Bundle> entries,
    Optional<Instant> trustedSince,
    Optional<Replicas> replicas,
    Wanted wanted) {

  /**
   * What replicas serve.
   *
   * @param served the certificates of those that answered
   * @param allAnswered whether each that takes requests did
   */
  record Replicas(List<X509Certificate> served, boolean allAnswered) {
    /** There are none. */
    static final Replicas NONE = new Replicas(List.of(), true);
  }

  /** What somebody asked to be made anew. */
  enum Wanted {
    /** Nothing: what is due is enough. */
    NOTHING,
    /** The serving certificate. */
    LEAF,
    /** The authority, and then the serving certificate. */
    AUTHORITY
  }
}
