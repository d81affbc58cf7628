package dev.holdfast.admission;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;

/** Certificates for this machine, as files. */
public final class TestCertificate {
  private TestCertificate() {}

  /** Its certificate and its key, PEM. */
  public record Pair(String certificate, String key) {}

  /** A new pair for localhost and 127.0.0.1, valid from then on. */
  public static Pair issuedAt(Instant now) {
    try {
      KeyStore keyStore = SelfSignedCertificate.keyStore(Clock.fixed(now, ZoneOffset.UTC));
      PrivateKey key = (PrivateKey) keyStore.getKey("webhook", "in-memory".toCharArray());
      return new Pair(
          pem(keyStore.getCertificate("webhook")), pem(new JcaPKCS8Generator(key, null)));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes {@code tls.crt} and {@code tls.key}. */
  public static Pair write(Path folder) throws IOException {
    Pair pair = issuedAt(Instant.now());
    Files.writeString(folder.resolve("tls.crt"), pair.certificate());
    Files.writeString(folder.resolve("tls.key"), pair.key());
    return pair;
  }

  private static String pem(Object content) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
      pem.writeObject(content);
    }
    return text.toString();
  }
}
