package dev.holdfast.admission;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.enterprise.event.Event;
import jakarta.inject.Singleton;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
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

  private final TlsConfigurationRegistry registry;
  private final Event<CertificateUpdatedEvent> updated;
  private final CertificateFiles files;
  private CertificateFiles.Content last = CertificateFiles.Content.NONE;
  private volatile Instant expiry = Instant.EPOCH;
  private volatile String broken = "";

  Certificates(
      TlsConfigurationRegistry registry,
      Event<CertificateUpdatedEvent> updated,
      Config config,
      MeterRegistry meters) {
    this.registry = registry;
    this.updated = updated;
    files = CertificateFiles.of(property -> config.getOptionalValue(property, String.class));
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

  /**
   * Remembers what is served from the start.
   *
   * @throws IllegalStateException if no client could trust it
   */
  void start() {
    files
        .problem()
        .ifPresent(
            problem -> {
              throw new IllegalStateException("the certificate cannot be served: " + problem);
            });
    last = content();
    registry.get(BUCKET).ifPresent(served -> expiry = expiry(served));
  }

  /** Looks at the files; called again and again, never at the same time. */
  void refresh() {
    Optional<TlsConfiguration> served = registry.get(BUCKET);
    if (files.paths().isEmpty() || served.isEmpty()) {
      return;
    }
    CertificateFiles.Content now;
    try {
      now = files.read();
    } catch (CertificateFiles.UnreadableException e) {
      last = CertificateFiles.Content.NONE;
      keepOld(e.getMessage());
      return;
    }
    if (now.sameAs(last)) {
      return;
    }
    last = now;
    Optional<String> problem = PemPair.problem(now.files());
    if (problem.isPresent()) {
      keepOld(problem.get());
    } else if (!served.get().reload()) {
      keepOld("cannot be loaded");
    } else if (!content().sameAs(now)) {
      // They changed while they were loaded, so what was loaded may be of two pairs: once more.
      last = CertificateFiles.Content.NONE;
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
          "the certificate files %s are not used, the old certificate serves: %s",
          files.paths(), problem);
    }
  }

  private CertificateFiles.Content content() {
    try {
      return files.read();
    } catch (CertificateFiles.UnreadableException e) {
      return CertificateFiles.Content.NONE;
    }
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
