package dev.holdfast.certs;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Makes certificates: ECDSA on P-256, which every API server verifies, and the quickest to sign
 * with.
 *
 * @param certificate the authority's own, signed by itself
 * @param key its private key
 */
public record CertificateAuthority(X509Certificate certificate, PrivateKey key) {
  /** Clocks of a cluster's machines differ: what is made now is valid since then. */
  static final Duration BACKDATE = Duration.ofMinutes(5);

  private static final SecureRandom RANDOM = new SecureRandom();

  /** RFC 5280 allows 20 octets; this many bits make a collision a matter of the universe's age. */
  private static final int SERIAL_BITS = 127;

  /**
   * A new authority.
   *
   * @param life from now
   */
  public static CertificateAuthority create(Instant now, Duration life) {
    try {
      KeyPair keys = keys();
      BigInteger serial = new BigInteger(SERIAL_BITS, RANDOM);
      // Authorities that follow each other are told apart by their names too.
      X500Name name = new X500Name("CN=holdfast-ca-" + serial.toString(16));
      X509v3CertificateBuilder builder =
          builder(name, serial, now, now.plus(life), name, keys)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      return new CertificateAuthority(sign(builder, keys.getPrivate()), keys.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IllegalStateException("no certificate authority could be made", e);
    }
  }

  /**
   * A new key and its certificate for a Service.
   *
   * @param life from now; it ends with the authority's at the latest
   */
  public ServingPair issue(ServingName name, Instant now, Duration life) {
    GeneralName[] names =
        name.dnsNames().stream()
            .map(dnsName -> new GeneralName(GeneralName.dNSName, dnsName))
            .toArray(GeneralName[]::new);
    try {
      KeyPair keys = keys();
      Instant wanted = now.plus(life);
      Instant last = certificate.getNotAfter().toInstant();
      X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
      X509v3CertificateBuilder builder =
          builder(
                  issuer,
                  new BigInteger(SERIAL_BITS, RANDOM),
                  now,
                  wanted.isBefore(last) ? wanted : last,
                  new X500Name("CN=holdfast"),
                  keys)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  new JcaX509ExtensionUtils()
                      .createAuthorityKeyIdentifier(certificate.getPublicKey()))
              .addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
      return new ServingPair(List.of(sign(builder, key)), keys.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IllegalStateException("no certificate could be made", e);
    }
  }

  /**
   * A new key and its certificate for this machine, signed by itself, for development.
   *
   * @param life from now
   */
  public static ServingPair selfSigned(Instant now, Duration life) {
    try {
      KeyPair keys = keys();
      X500Name name = new X500Name("CN=holdfast development");
      GeneralName[] names = {
        new GeneralName(GeneralName.dNSName, "localhost"),
        new GeneralName(GeneralName.dNSName, "holdfast.holdfast-system.svc"),
        new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
        new GeneralName(GeneralName.iPAddress, "::1")
      };
      X509v3CertificateBuilder builder =
          builder(name, new BigInteger(SERIAL_BITS, RANDOM), now, now.plus(life), name, keys)
              .addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
      return new ServingPair(List.of(sign(builder, keys.getPrivate())), keys.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IllegalStateException("no certificate could be made", e);
    }
  }

  private static KeyPair keys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, BigInteger serial, Instant now, Instant last, X500Name subject, KeyPair keys)
      throws GeneralSecurityException, CertIOException {
    return new JcaX509v3CertificateBuilder(
            issuer,
            serial,
            Date.from(now.minus(BACKDATE)),
            Date.from(last),
            subject,
            keys.getPublic())
        .addExtension(
            Extension.subjectKeyIdentifier,
            false,
            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
  }

  /**
   * Reads an authority.
   *
   * @throws BadCertificateException if it can sign nothing that would be trusted
   */
  static CertificateAuthority parse(byte[] certificate, byte[] key) throws BadCertificateException {
    ServingPair pair = ServingPair.parse("ca.crt", certificate, "ca.key", key);
    if (pair.leaf().getBasicConstraints() < 0) {
      throw new BadCertificateException(
          Problem.Kind.UNREADABLE, "ca.crt: not the certificate of an authority");
    }
    return new CertificateAuthority(pair.leaf(), pair.key());
  }

  /** Whether it has signed a certificate. */
  boolean issued(X509Certificate leaf) {
    return issued(certificate, leaf);
  }

  /** Whether an authority has signed a certificate. */
  static boolean issued(X509Certificate authority, X509Certificate leaf) {
    if (!leaf.getIssuerX500Principal().equals(authority.getSubjectX500Principal())) {
      return false;
    }
    try {
      leaf.verify(authority.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  byte[] certificatePem() {
    return Pem.write(List.of(certificate));
  }

  byte[] keyPem() {
    return Pem.write(key);
  }
}
