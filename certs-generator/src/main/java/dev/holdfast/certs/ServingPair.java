package dev.holdfast.certs;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What a server proves its name with. The two belong together, and a server can use them; whether
 * clients accept them is told by {@link #problems}.
 *
 * @param chain the server's own certificate first
 * @param key its private key
 */
public record ServingPair(List<X509Certificate> chain, PrivateKey key) {
  /** What clients of today take for an RSA key; NIST SP 800-131A. */
  private static final int MIN_RSA_BITS = 2048;

  /** More is refused by Go's crypto/tls, as it takes too long. */
  private static final int MAX_RSA_BITS = 8192;

  private static final int MIN_EC_BITS = 256;

  /** Which Go's crypto/x509 does not verify. */
  private static final List<String> WEAK_DIGESTS = List.of("SHA1", "MD5", "MD2");

  private static final int DNS_NAME = 2;
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String ANY_USAGE = "2.5.29.37.0";
  private static final byte[] CHALLENGE = "challenge".getBytes(StandardCharsets.UTF_8);

  /** Copies the chain. */
  public ServingPair {
    chain = List.copyOf(chain);
  }

  /**
   * Reads a pair.
   *
   * @param certificate PEM, with or without intermediate authorities after it
   * @param key PEM, without a password
   * @throws BadCertificateException if no server can use them
   */
  public static ServingPair parse(byte[] certificate, byte[] key) throws BadCertificateException {
    return parse("tls.crt", certificate, "tls.key", key);
  }

  /**
   * Reads a pair from places with other names.
   *
   * @param certificateName for messages
   * @param certificate PEM, with or without intermediate authorities after it
   * @param keyName for messages
   * @param key PEM, without a password
   * @throws BadCertificateException if no server can use them
   */
  public static ServingPair parse(
      String certificateName, byte[] certificate, String keyName, byte[] key)
      throws BadCertificateException {
    List<X509Certificate> chain = Pem.certificates(certificateName, certificate);
    PrivateKey privateKey = Pem.privateKey(keyName, key);
    expectStrong(certificateName, chain.get(0).getPublicKey());
    if (!belongTogether(chain.get(0).getPublicKey(), privateKey)) {
      throw new BadCertificateException(
          Problem.Kind.MISMATCHED, keyName + ": the key is not the certificate's");
    }
    return new ServingPair(chain, privateKey);
  }

  private static void expectStrong(String name, PublicKey key) throws BadCertificateException {
    // Not RSASSA-PSS, which Go does not shake hands with.
    if (key instanceof RSAPublicKey rsa && key.getAlgorithm().equals("RSA")) {
      int bits = rsa.getModulus().bitLength();
      if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
        throw new BadCertificateException(
            Problem.Kind.WEAK,
            "%s: an RSA key of %d bits, expected %d to %d"
                .formatted(name, bits, MIN_RSA_BITS, MAX_RSA_BITS));
      }
    } else if (key instanceof ECPublicKey ec) {
      int bits = ec.getParams().getOrder().bitLength();
      if (bits < MIN_EC_BITS) {
        throw new BadCertificateException(
            Problem.Kind.WEAK,
            name + ": an EC key of " + bits + " bits, expected at least " + MIN_EC_BITS);
      }
    } else {
      throw new BadCertificateException(
          Problem.Kind.WEAK, name + ": the key is neither an RSA nor an EC key");
    }
  }

  private static boolean belongTogether(PublicKey publicKey, PrivateKey privateKey) {
    String algorithm = publicKey instanceof RSAPublicKey ? "SHA256withRSA" : "SHA256withECDSA";
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(privateKey);
      signature.update(CHALLENGE);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(CHALLENGE);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** The server's own certificate. */
  public X509Certificate leaf() {
    return chain.get(0);
  }

  /** Before that, clients refuse it. */
  public Instant begin() {
    return leaf().getNotBefore().toInstant();
  }

  /** From then on clients refuse it. */
  public Instant expiry() {
    return leaf().getNotAfter().toInstant();
  }

  /**
   * Why clients would refuse it.
   *
   * @param name by which they call; not looked at if empty
   * @param trusted what they are told to trust; not looked at if empty
   * @return the first is the worst; empty if all is well
   */
  public List<Problem> problems(Instant now, Optional<ServingName> name, Optional<Bundle> trusted) {
    List<Problem> problems = new ArrayList<>();
    if (now.isAfter(expiry())) {
      problems.add(new Problem(Problem.Kind.EXPIRED, "tls.crt: expired at " + expiry()));
    }
    if (now.isBefore(begin())) {
      problems.add(new Problem(Problem.Kind.NOT_YET_VALID, "tls.crt: not valid before " + begin()));
    }
    Collection<String> names = dnsNames(leaf());
    if (name.isPresent() && names.stream().noneMatch(n -> covers(n, name.get().calledBy()))) {
      problems.add(
          new Problem(
              Problem.Kind.WRONG_NAME,
              "tls.crt: for "
                  + (names.isEmpty() ? "no DNS name" : String.join(", ", names))
                  + ", expected "
                  + name.get().calledBy()));
    }
    if (!isForServers(leaf())) {
      problems.add(
          new Problem(Problem.Kind.UNTRUSTED, "tls.crt: its extended key usage is not serverAuth"));
    }
    if (leaf().getSerialNumber().signum() < 0) {
      problems.add(
          new Problem(
              Problem.Kind.UNTRUSTED,
              "tls.crt: its serial number is negative, which API servers refuse"));
    }
    for (X509Certificate certificate : chain) {
      if (hasWeakSignature(certificate)) {
        problems.add(
            new Problem(
                Problem.Kind.WEAK,
                "tls.crt: signed with "
                    + certificate.getSigAlgName()
                    + ", which API servers refuse"));
      }
    }
    // When the time is wrong no chain is good, and one message is enough.
    if (problems.isEmpty() && trusted.isPresent() && !trusted.get().verifies(chain, now)) {
      problems.add(
          new Problem(
              Problem.Kind.UNTRUSTED, "tls.crt: its chain does not end in an authority of ca.crt"));
    }
    return problems;
  }

  /** The DNS names that a certificate is for, in their order. */
  public static Collection<String> dnsNames(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      if (all != null) {
        for (List<?> name : all) {
          if (name.get(0).equals(DNS_NAME)) {
            names.add((String) name.get(1));
          }
        }
      }
    } catch (CertificateParsingException e) {
      // No client can read them either.
    }
    return names;
  }

  /** Whether it holds exactly the names of a Service, and is for nobody else. */
  boolean isExactlyFor(ServingName name) {
    try {
      Collection<List<?>> all = leaf().getSubjectAlternativeNames();
      return all != null
          && all.size() == name.dnsNames().size()
          && new TreeSet<>(dnsNames(leaf())).equals(new TreeSet<>(name.dnsNames()));
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  /** RFC 6125: a wildcard stands for one whole label, the first. */
  private static boolean covers(String pattern, String host) {
    String wanted = pattern.toLowerCase(Locale.ROOT);
    if (wanted.startsWith("*.")) {
      int dot = host.indexOf('.');
      return dot > 0 && host.substring(dot).equals(wanted.substring(1));
    }
    return wanted.equals(host);
  }

  /** One that a certificate makes of itself proves nothing, and nobody looks at it. */
  private static boolean hasWeakSignature(X509Certificate certificate) {
    String algorithm = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
    return WEAK_DIGESTS.stream().anyMatch(algorithm::startsWith)
        && !certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
  }

  private static boolean isForServers(X509Certificate certificate) {
    try {
      List<String> usages = certificate.getExtendedKeyUsage();
      return usages == null || usages.contains(SERVER_AUTH) || usages.contains(ANY_USAGE);
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  /** The chain as text. */
  public byte[] certificatePem() {
    return Pem.write(chain);
  }

  /** The private key as text. */
  public byte[] keyPem() {
    return Pem.write(key);
  }
}
