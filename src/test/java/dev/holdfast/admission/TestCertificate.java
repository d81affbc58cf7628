package dev.holdfast.admission;

import dev.holdfast.certs.CertificateAuthority;
import dev.holdfast.certs.ServingPair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** Certificates for this machine, as files. */
public final class TestCertificate {
  private TestCertificate() {}

  /** Its certificate and its key, PEM. */
  public record Pair(String certificate, String key) {}

  /** A new pair for localhost and 127.0.0.1, valid from then on. */
  public static Pair issuedAt(Instant now) {
    ServingPair pair = CertificateAuthority.selfSigned(now, Duration.ofDays(30));
    return new Pair(
        new String(pair.certificatePem(), StandardCharsets.US_ASCII),
        new String(pair.keyPem(), StandardCharsets.US_ASCII));
  }

  /** Writes {@code tls.crt} and {@code tls.key}. */
  public static Pair write(Path folder) throws IOException {
    Pair pair = issuedAt(Instant.now());
    Files.writeString(folder.resolve("tls.crt"), pair.certificate());
    Files.writeString(folder.resolve("tls.key"), pair.key());
    return pair;
  }
}
