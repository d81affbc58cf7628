package dev.holdfast.admission;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Checks a certificate and a private key before they are served: a server takes any two. */
final class PemPair {
  private static final byte[] CHALLENGE = "challenge".getBytes(StandardCharsets.UTF_8);

  private PemPair() {}

  /**
   * What is wrong with a pair; empty if it can be served.
   *
   * @param files the certificate's and the key's content; one file of another form is not checked
   */
  static Optional<String> problem(List<byte[]> files) {
    if (files.size() != 2) {
      return Optional.empty();
    }
    PublicKey publicKey;
    try {
      publicKey =
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(files.get(0)))
              .getPublicKey();
    } catch (CertificateException e) {
      return Optional.of("the certificate is no X.509 certificate in PEM");
    }
    Optional<PrivateKey> privateKey = privateKey(files.get(1));
    if (privateKey.isEmpty()) {
      return Optional.of("the key is no private key in PEM");
    }
    String algorithm = signature(privateKey.get());
    if (algorithm.isEmpty()) {
      return Optional.of("the key is neither an RSA nor an EC key");
    }
    return belongTogether(publicKey, privateKey.get(), algorithm)
        ? Optional.empty()
        : Optional.of("the key is not the certificate's");
  }

  private static Optional<PrivateKey> privateKey(byte[] pem) {
    try (PEMParser parser =
        new PEMParser(
            new InputStreamReader(new ByteArrayInputStream(pem), StandardCharsets.UTF_8))) {
      JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
      // A file may hold the curve's parameters before the key.
      for (Object part = parser.readObject(); part != null; part = parser.readObject()) {
        if (part instanceof PEMKeyPair pair) {
          return Optional.of(converter.getPrivateKey(pair.getPrivateKeyInfo()));
        }
        if (part instanceof PrivateKeyInfo info) {
          return Optional.of(converter.getPrivateKey(info));
        }
      }
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      // For broken text Bouncy Castle throws any of them, NullPointerException included.
      return Optional.empty();
    }
  }

  /** The algorithm to sign with; "" for keys that the server cannot use. */
  private static String signature(PrivateKey key) {
    return switch (key.getAlgorithm()) {
      case "EC", "ECDSA" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> "";
    };
  }

  private static boolean belongTogether(
      PublicKey publicKey, PrivateKey privateKey, String algorithm) {
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
}
