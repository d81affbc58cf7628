package dev.holdfast.certs;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a look at {@code ca.crt}, {@code tls.crt} and {@code tls.key} finds.
 *
 * @param pair empty if no server can use it
 * @param bundle empty if it cannot be read
 * @param problems the first is the worst; empty if all is well
 */
public record Inspection(
    Optional<ServingPair> pair, Optional<Bundle> bundle, List<Problem> problems) {

  /**
   * Looks at what is to be served.
   *
   * @param content by the names of files and keys
   * @param name by which clients call; not looked at if empty
   * @param bundleExpected whether a missing {@code ca.crt} is a problem
   */
  public static Inspection of(
      Map<String, byte[]> content,
      Optional<ServingName> name,
      boolean bundleExpected,
      Instant now) {
    List<Problem> problems = new ArrayList<>();
    Optional<ServingPair> pair = pair(content, problems);
    Optional<Bundle> bundle = bundle(content, bundleExpected, problems);
    pair.ifPresent(served -> problems.addAll(served.problems(now, name, bundle)));
    // One whose time is over does no harm beside one that is good.
    bundle
        .filter(trusted -> pair.filter(it -> trusted.verifies(it.chain(), now)).isEmpty())
        .ifPresent(
            trusted -> {
              for (X509Certificate authority : trusted.authorities()) {
                if (now.isAfter(authority.getNotAfter().toInstant())) {
                  problems.add(
                      new Problem(
                          Problem.Kind.EXPIRED,
                          "ca.crt: the authority "
                              + authority.getSubjectX500Principal()
                              + " expired at "
                              + authority.getNotAfter().toInstant()));
                }
              }
            });
    return new Inspection(pair, bundle, List.copyOf(problems));
  }

  private static Optional<ServingPair> pair(Map<String, byte[]> content, List<Problem> problems) {
    byte[] certificate = content.get(CertificateStore.CERTIFICATE);
    byte[] key = content.get(CertificateStore.KEY);
    if (certificate == null) {
      problems.add(new Problem(Problem.Kind.MISSING, "tls.crt: not there"));
    }
    if (key == null) {
      problems.add(new Problem(Problem.Kind.MISSING, "tls.key: not there"));
    }
    if (certificate == null || key == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(ServingPair.parse(certificate, key));
    } catch (BadCertificateException e) {
      problems.add(e.problem());
      return Optional.empty();
    }
  }

  private static Optional<Bundle> bundle(
      Map<String, byte[]> content, boolean expected, List<Problem> problems) {
    byte[] bundle = content.get(CertificateStore.CA_CERTIFICATE);
    if (bundle == null) {
      if (expected) {
        problems.add(new Problem(Problem.Kind.MISSING, "ca.crt: not there"));
      }
      return Optional.empty();
    }
    try {
      return Optional.of(Bundle.parse(bundle));
    } catch (BadCertificateException e) {
      problems.add(e.problem());
      return Optional.empty();
    }
  }

  /**
   * Looks at an authority's private key that lies beside what is served.
   *
   * @param authority the content of {@code ca.key}
   */
  public static List<Problem> ofAuthorityKey(byte[] authority, Bundle bundle) {
    try {
      CertificateAuthority found = CertificateAuthority.parse(authority, authority);
      return bundle.contains(found.certificate())
          ? List.of()
          : List.of(
              new Problem(Problem.Kind.MISMATCHED, "ca.key: of no authority that ca.crt holds"));
    } catch (BadCertificateException e) {
      return List.of(e.problem());
    }
  }

  /** Whether it can be served at all; what clients say to it is another matter. */
  public boolean isServable() {
    return pair.isPresent();
  }
}
