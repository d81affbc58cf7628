package dev.holdfast.certs;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.openssl.jcajce.JcePEMEncryptorBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Certificates and keys, good and bad, as files and Secrets hold them. */
public final class TestPairs {
  /** Whom they are for. */
  public static final ServingName NAME =
      new ServingName("holdfast", "holdfast-system", "cluster.local");

  private static final Duration DAY = Duration.ofDays(1);
  private static final Provider PROVIDER = new BouncyCastleProvider();

  private TestPairs() {}

  /** A good pair of a new authority, which it brings along as {@code ca.crt}. */
  public static Map<String, byte[]> good(Instant now) {
    return content(NAME, now, DAY);
  }

  /** A pair of a new authority. */
  public static Map<String, byte[]> content(ServingName name, Instant now, Duration life) {
    CertificateAuthority authority = CertificateAuthority.create(now, life.multipliedBy(10));
    return content(authority, authority.issue(name, now, life));
  }

  static Map<String, byte[]> content(CertificateAuthority authority, ServingPair pair) {
    return content(authority.certificatePem(), pair.certificatePem(), pair.keyPem());
  }

  static Map<String, byte[]> content(byte[] bundle, byte[] certificate, byte[] key) {
    Map<String, byte[]> content = new LinkedHashMap<>();
    content.put("ca.crt", bundle);
    content.put("tls.crt", certificate);
    content.put("tls.key", key);
    return content;
  }

  /** Everything that a user may get wrong, by the word that the message must hold. */
  public static Map<String, Map<String, byte[]>> bad(Instant now) {
    Map<String, Map<String, byte[]>> bad = new LinkedHashMap<>();
    bad.put("expired at", content(NAME, now.minus(DAY.multipliedBy(2)), DAY));
    bad.put("not valid before", content(NAME, now.plus(DAY), DAY));
    bad.put("not the certificate's", with(good(now), "tls.key", good(now).get("tls.key")));
    bad.put("does not end in an authority", with(good(now), "ca.crt", good(now).get("ca.crt")));
    bad.put(
        "expected holdfast.holdfast-system.svc",
        content(new ServingName("other", "holdfast-system", "cluster.local"), now, DAY));
    bad.put("tls.crt: cut off", with(good(now), "tls.crt", half(good(now).get("tls.crt"))));
    Map<String, byte[]> cutOff = good(now);
    bad.put("tls.key: cut off", with(cutOff, "tls.key", half(cutOff.get("tls.key"))));
    bad.put("tls.crt: no X.509", with(good(now), "tls.crt", "garbage".getBytes()));
    bad.put("tls.key: no private key", with(good(now), "tls.key", "garbage".getBytes()));
    bad.put("damaged", with(good(now), "tls.crt", damaged(good(now).get("tls.crt"))));
    bad.put("tls.key: empty", with(good(now), "tls.key", new byte[0]));
    bad.put("tls.crt: not there", without(good(now), "tls.crt"));
    bad.put("tls.key: not there", without(good(now), "tls.key"));
    bad.put("encrypted", encrypted(good(now), false));
    bad.put("is encrypted", encrypted(good(now), true));
    bad.put("RSA key of 512 bits", selfSigned(now, "RSA", 512));
    bad.put("RSA key of 1024 bits", selfSigned(now, "RSA", 1024));
    bad.put("neither an RSA nor an EC key", selfSigned(now, "DSA", 2048));
    bad.put("is neither an RSA", selfSigned(now, "RSASSA-PSS", 2048));
    bad.put("serial number is negative", negativeSerial(now));
    int sign = KeyUsage.keyCertSign;
    BasicConstraints authority = new BasicConstraints(true);
    bad.put("signed with SHA1withECDSA", signed(now, "SHA1withECDSA", authority, sign));
    return bad;
  }

  private static Map<String, byte[]> with(Map<String, byte[]> content, String key, byte[] value) {
    content.put(key, value);
    return content;
  }

  private static Map<String, byte[]> without(Map<String, byte[]> content, String key) {
    content.remove(key);
    return content;
  }

  private static byte[] half(byte[] text) {
    return new String(text).substring(0, text.length / 2).getBytes();
  }

  private static byte[] damaged(byte[] text) {
    String[] lines = new String(text).split("\n");
    lines[2] = lines[2].substring(0, 20) + "AAAA" + lines[2].substring(24);
    lines[1] = "MIIB" + lines[1].substring(8);
    return String.join("\n", lines).concat("\n").getBytes();
  }

  private static Map<String, byte[]> encrypted(Map<String, byte[]> content, boolean pkcs8) {
    try {
      PrivateKey key = Pem.privateKey("", content.get("tls.key"));
      java.io.StringWriter text = new java.io.StringWriter();
      try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
        if (pkcs8) {
          writer.writeObject(
              new JcaPKCS8Generator(
                  key,
                  new JceOpenSSLPKCS8EncryptorBuilder(JcaPKCS8Generator.AES_256_CBC)
                      .setProvider(PROVIDER)
                      .setPassword("secret".toCharArray())
                      .build()));
        } else {
          writer.writeObject(
              new JcaMiscPEMGenerator(
                  key,
                  new JcePEMEncryptorBuilder("AES-128-CBC")
                      .setProvider(PROVIDER)
                      .build("secret".toCharArray())));
        }
      }
      return with(content, "tls.key", text.toString().getBytes());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Signed by itself, for the Service. */
  static Map<String, byte[]> selfSigned(Instant now, String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      KeyPair keys = generator.generateKeyPair();
      X509Certificate certificate =
          selfSigned(
              now,
              keys,
              algorithm.equals("RSASSA-PSS") ? "SHA256withRSAandMGF1" : "SHA256with" + algorithm);
      byte[] pem = Pem.write(List.of(certificate));
      return content(pem, pem, Pem.write(keys.getPrivate()));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Signed by an authority.
   *
   * @param algorithm of the signature
   * @param basic the authority's basic constraints; null if it has none
   * @param usage the authority's key usage
   */
  static Map<String, byte[]> signed(
      Instant now, String algorithm, BasicConstraints basic, int usage) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      KeyPair authority = generator.generateKeyPair();
      KeyPair keys = generator.generateKeyPair();
      JcaX509v3CertificateBuilder root = builder(now, "CN=ca", "CN=ca", authority.getPublic());
      if (basic != null) {
        root.addExtension(Extension.basicConstraints, true, basic);
      }
      root.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
      JcaX509v3CertificateBuilder leaf = builder(now, "CN=ca", "CN=test", keys.getPublic());
      return content(
          Pem.write(List.of(sign(root, authority, "SHA256withECDSA"))),
          Pem.write(List.of(sign(leaf, authority, algorithm))),
          Pem.write(keys.getPrivate()));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, byte[]> negativeSerial(Instant now) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      KeyPair keys = generator.generateKeyPair();
      X500Name name = new X500Name("CN=test");
      byte[] pem =
          Pem.write(
              List.of(
                  sign(
                      builder(now, BigInteger.valueOf(-2), name, name, keys.getPublic()),
                      keys,
                      "SHA256withECDSA")));
      return content(pem, pem, Pem.write(keys.getPrivate()));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate selfSigned(Instant now, KeyPair keys, String algorithm)
      throws Exception {
    return sign(builder(now, "CN=test", "CN=test", keys.getPublic()), keys, algorithm);
  }

  private static JcaX509v3CertificateBuilder builder(
      Instant now, String issuer, String subject, PublicKey key) throws Exception {
    return builder(
        now,
        new BigInteger(64, new SecureRandom()),
        new X500Name(issuer),
        new X500Name(subject),
        key);
  }

  private static JcaX509v3CertificateBuilder builder(
      Instant now, BigInteger serial, X500Name issuer, X500Name subject, PublicKey key)
      throws Exception {
    JcaX509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            issuer, serial, Date.from(now.minus(DAY)), Date.from(now.plus(DAY)), subject, key);
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.dNSName, NAME.calledBy())));
    return builder;
  }

  private static X509Certificate sign(
      JcaX509v3CertificateBuilder certificate, KeyPair by, String algorithm) throws Exception {
    return new JcaX509CertificateConverter()
        .getCertificate(
            certificate.build(
                new JcaContentSignerBuilder(algorithm)
                    .setProvider(PROVIDER)
                    .build(by.getPrivate())));
  }
}
