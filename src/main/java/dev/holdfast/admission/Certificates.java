package dev.holdfast.admission;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.enterprise.event.Event;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/**
 * The certificate that we serve, renewed from its files without a restart. Quarkus keeps the old
 * one if the new pair is broken, but says nothing; here it is logged and measured.
 */
@Singleton
class Certificates {
  /** The TLS configuration of the webhook: {@code quarkus.tls.webhook.…}. */
  static final String BUCKET = "webhook";

  private static final Logger LOG = Logger.getLogger(Certificates.class);
  private static final String KEY_STORE = "quarkus.tls." + BUCKET + ".key-store.";

  /** The properties that name files of certificates and keys. */
  static final List<String> FILES =
      List.of(
          KEY_STORE + "pem.0.cert",
          KEY_STORE + "pem.0.key",
          KEY_STORE + "p12.path",
          KEY_STORE + "jks.path");

  private final TlsConfigurationRegistry registry;
  private final Event<CertificateUpdatedEvent> updated;
  private final List<Path> files = new ArrayList<>();
  private List<byte[]> last = List.of();
  private volatile Instant expiry = Instant.EPOCH;
  private volatile String broken = "";

  Certificates(
      TlsConfigurationRegistry registry,
      Event<CertificateUpdatedEvent> updated,
      Config config,
      MeterRegistry meters) {
    this.registry = registry;
    this.updated = updated;
    for (String file : FILES) {
      config.getOptionalValue(file, Path.class).ifPresent(files::add);
    }
    Gauge.builder(
            "holdfast.certificate.expiry",
            () -> Duration.between(Instant.now(), expiry).toMillis() / 1000.0)
        .baseUnit("seconds")
        .description("Time until the certificate that is served expires")
        .register(meters);
    Gauge.builder("holdfast.certificate.broken", () -> broken.isEmpty() ? 0 : 1)
        .description("1 while the certificate files hold no usable pair and the old one serves")
        .register(meters);
  }

  /** Remembers what is served from the start. */
  void start() {
    last = contents().orElse(List.of());
    registry.get(BUCKET).ifPresent(served -> expiry = expiry(served));
  }

  /** Looks at the files; called again and again, never at the same time. */
  void refresh() {
    Optional<TlsConfiguration> served = registry.get(BUCKET);
    if (files.isEmpty() || served.isEmpty()) {
      return;
    }
    Optional<List<byte[]>> now = contents();
    if (now.isPresent() && sameBytes(now.get(), last)) {
      return;
    }
    Optional<String> problem =
        now.isPresent() ? PemPair.problem(now.get()) : Optional.of("cannot be read");
    last = now.orElse(List.of());
    if (problem.isPresent()) {
      keepOld(problem.get());
    } else if (!served.get().reload()) {
      keepOld("cannot be loaded");
    } else if (!sameBytes(contents().orElse(List.of()), last)) {
      // They changed while they were loaded, so what was loaded may be of two pairs: once more.
      last = List.of();
    } else {
      updated.fire(new CertificateUpdatedEvent(BUCKET, served.get()));
      expiry = expiry(served.get());
      broken = "";
      LOG.infof("certificate reloaded, valid until %s", expiry);
    }
  }

  private void keepOld(String problem) {
    if (!problem.equals(broken)) {
      broken = problem;
      LOG.warnf(
          "the certificate files %s are not used, the old certificate serves: %s", files, problem);
    }
  }

  private Optional<List<byte[]>> contents() {
    List<byte[]> contents = new ArrayList<>();
    try {
      for (Path file : files) {
        contents.add(Files.readAllBytes(file));
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    return Optional.of(contents);
  }

  private static boolean sameBytes(List<byte[]> one, List<byte[]> other) {
    if (one.size() != other.size()) {
      return false;
    }
    for (int i = 0; i < one.size(); i++) {
      if (!Arrays.equals(one.get(i), other.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static Instant expiry(TlsConfiguration served) {
    try {
      KeyStore keyStore = served.getKeyStore();
      for (String alias : Collections.list(keyStore.aliases())) {
        if (keyStore.getCertificate(alias) instanceof X509Certificate certificate) {
          return certificate.getNotAfter().toInstant();
        }
      }
    } catch (GeneralSecurityException e) {
      LOG.warnf("the certificate's expiry cannot be read: %s", e.getMessage());
    }
    return Instant.EPOCH;
  }
}
