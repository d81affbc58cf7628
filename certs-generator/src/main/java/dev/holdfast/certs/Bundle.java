package dev.holdfast.certs;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The authorities that clients are told to trust: {@code ca.crt}, and {@code caBundle} of a webhook
 * configuration.
 *
 * @param authorities the one in use first
 */
public record Bundle(List<X509Certificate> authorities) {
  /** Nobody is trusted. */
  public static final Bundle EMPTY = new Bundle(List.of());

  /** Before, there were no extensions. */
  private static final int V3 = 3;

  private static final int KEY_CERT_SIGN = 5;

  /** Copies the list. */
  public Bundle {
    authorities = List.copyOf(authorities);
  }

  /**
   * Reads a bundle.
   *
   * @throws BadCertificateException if it holds no certificate, or a damaged one
   */
  public static Bundle parse(byte[] pem) throws BadCertificateException {
    return new Bundle(Pem.certificates("ca.crt", pem));
  }

  /** Reads a bundle; one that cannot be read counts as empty. */
  static Bundle orEmpty(byte[] pem) {
    try {
      return pem.length == 0 ? EMPTY : parse(pem);
    } catch (BadCertificateException e) {
      return EMPTY;
    }
  }

  /** As text. */
  public byte[] pem() {
    return Pem.write(authorities);
  }

  boolean contains(X509Certificate authority) {
    return authorities.contains(authority);
  }

  Bundle with(List<X509Certificate> more) {
    List<X509Certificate> all = new ArrayList<>(authorities);
    for (X509Certificate authority : more) {
      if (!all.contains(authority)) {
        all.add(authority);
      }
    }
    return new Bundle(all);
  }

  /**
   * Whether a client that trusts this bundle, and only it, accepts a chain; names are not looked
   * at. Clients are API servers: Go's crypto/x509 decides.
   *
   * @param chain the server's own certificate first
   */
  boolean verifies(List<X509Certificate> chain, Instant now) {
    if (contains(chain.get(0))) {
      // What is trusted itself needs nobody else's word.
      return true;
    }
    Set<TrustAnchor> anchors = new HashSet<>();
    for (X509Certificate authority : authorities) {
      // A root whose time is over is no root to an API server.
      if (!now.isAfter(authority.getNotAfter().toInstant()) && maySign(authority)) {
        anchors.add(new TrustAnchor(authority, null));
      }
    }
    // A chain may bring its root along; to trust it, a client must have it already.
    List<X509Certificate> path = new ArrayList<>(chain);
    path.removeAll(authorities);
    try {
      PKIXParameters parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return true;
    } catch (InvalidAlgorithmParameterException e) {
      return false; // nobody is trusted
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** RFC 5280, 4.2.1.9 and 4.2.1.3, which the JDK does not look at in an anchor. */
  private static boolean maySign(X509Certificate authority) {
    boolean[] usages = authority.getKeyUsage();
    return (authority.getVersion() < V3 || authority.getBasicConstraints() >= 0)
        && (usages == null || usages[KEY_CERT_SIGN]);
  }
}
