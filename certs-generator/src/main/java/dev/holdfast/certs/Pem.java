package dev.holdfast.certs;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/** Certificates and private keys as text. */
final class Pem {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";

  private Pem() {}

  /**
   * All certificates of a text, in their order; other parts are passed over.
   *
   * @param what it is, for messages, such as {@code tls.crt}
   */
  static List<X509Certificate> certificates(String what, byte[] pem)
      throws BadCertificateException {
    expectWhole(what, pem);
    List<X509Certificate> certificates = new ArrayList<>();
    try (PemReader reader = new PemReader(reader(pem))) {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (PemObject part = reader.readPemObject(); part != null; part = reader.readPemObject()) {
        if (part.getType().endsWith("CERTIFICATE")) {
          certificates.add(
              (X509Certificate)
                  factory.generateCertificate(new ByteArrayInputStream(part.getContent())));
        }
      }
    } catch (IOException | CertificateException | RuntimeException e) {
      // For broken text Bouncy Castle throws any of them, NullPointerException included.
      throw new BadCertificateException(
          Problem.Kind.UNREADABLE, what + ": no X.509 certificate in PEM, or a damaged one");
    }
    if (certificates.isEmpty()) {
      throw new BadCertificateException(
          Problem.Kind.UNREADABLE, what + ": no X.509 certificate in PEM");
    }
    return List.copyOf(certificates);
  }

  /**
   * The first private key of a text.
   *
   * @param what it is, for messages, such as {@code tls.key}
   */
  static PrivateKey privateKey(String what, byte[] pem) throws BadCertificateException {
    expectWhole(what, pem);
    try (PEMParser parser = new PEMParser(reader(pem))) {
      JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
      // A file may hold the curve's parameters before the key.
      for (Object part = parser.readObject(); part != null; part = parser.readObject()) {
        if (part instanceof PEMKeyPair pair) {
          return converter.getPrivateKey(pair.getPrivateKeyInfo());
        }
        if (part instanceof PrivateKeyInfo info) {
          return converter.getPrivateKey(info);
        }
        if (part instanceof PKCS8EncryptedPrivateKeyInfo || part instanceof PEMEncryptedKeyPair) {
          throw new BadCertificateException(
              Problem.Kind.ENCRYPTED,
              what + ": the key is encrypted, and a server has nobody to ask for the password");
        }
      }
    } catch (IOException | RuntimeException e) {
      // As above.
      throw new BadCertificateException(
          Problem.Kind.UNREADABLE, what + ": no private key in PEM, or a damaged one");
    }
    throw new BadCertificateException(Problem.Kind.UNREADABLE, what + ": no private key in PEM");
  }

  /** A part without its end would be passed over in silence, and what follows with it. */
  private static void expectWhole(String what, byte[] pem) throws BadCertificateException {
    if (pem.length == 0) {
      throw new BadCertificateException(Problem.Kind.MISSING, what + ": empty");
    }
    String text = new String(pem, StandardCharsets.ISO_8859_1);
    if (count(text, BEGIN) != count(text, END)) {
      throw new BadCertificateException(
          Problem.Kind.UNREADABLE, what + ": cut off, a part has no end");
    }
  }

  private static long count(String text, String start) {
    return Arrays.stream(text.split("\r?\n|\r")).filter(line -> line.startsWith(start)).count();
  }

  private static Reader reader(byte[] pem) {
    return new InputStreamReader(new ByteArrayInputStream(pem), StandardCharsets.UTF_8);
  }

  static byte[] write(List<X509Certificate> certificates) {
    return write(certificates.toArray());
  }

  /** PKCS #8, without a password. */
  static byte[] write(PrivateKey key) {
    try {
      return write(new JcaPKCS8Generator(key, null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] write(Object... parts) {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
      for (Object part : parts) {
        pem.writeObject(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }
}
