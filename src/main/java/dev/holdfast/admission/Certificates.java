package dev.holdfast.admission;

import dev.holdfast.certs.CertificateAuthority;
import dev.holdfast.certs.Inspection;
import dev.holdfast.certs.Problem;
import dev.holdfast.certs.ServingName;
import dev.holdfast.certs.ServingPair;
import dev.holdfast.cluster.CertificateConfig;
import dev.holdfast.cluster.ClusterConnection;
import dev.holdfast.cluster.Role;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/**
 * The certificate that we serve: from files, from a Secret, or made in memory for development. A
 * new one is served from the next handshake on, without a restart; a bad one is not served as long
 * as there is one that was good.
 */
@Singleton
class Certificates implements HttpServerOptionsCustomizer {
  /** The TLS configuration of the webhook: {@code quarkus.tls.webhook.…}. */
  static final String BUCKET = "webhook";

  private static final Logger LOG = Logger.getLogger(Certificates.class);

  /** Nobody develops for longer without a restart. */
  private static final Duration DEVELOPMENT_LIFE = Duration.ofDays(30);

  private final TlsConfigurationRegistry registry;
  private final Vertx vertx;
  private final ClusterConnection connection;
  private final CertificateConfig config;
  private final HoldfastConfig holdfast;
  private final Clock clock = Clock.systemUTC();
  private final CertificateFiles files;
  private final Optional<ServingName> name;
  private final ServedKeys keys = new ServedKeys();
  private AutoCloseable followed = () -> {};
  private boolean started;
  private CertificateFiles.Content last = CertificateFiles.Content.NONE;
  private Runnable offerAgain = () -> {};

  /** When what was refused may be better than what is served. */
  private Instant lookAgain = Instant.MAX;

  private volatile Optional<ServingPair> served = Optional.empty();
  private volatile Instant lastChange = Instant.EPOCH;
  private volatile String problem = "";

  Certificates(
      TlsConfigurationRegistry registry,
      Vertx vertx,
      ClusterConnection connection,
      CertificateConfig config,
      HoldfastConfig holdfast,
      Config properties,
      MeterRegistry meters) {
    this.registry = registry;
    this.vertx = vertx;
    this.connection = connection;
    this.config = config;
    this.holdfast = holdfast;
    files = CertificateFiles.of(property -> properties.getOptionalValue(property, String.class));
    name =
        config
            .service()
            .map(service -> new ServingName(service, holdfast.namespace(), config.clusterDomain()));
    measure(meters);
  }

  private void measure(MeterRegistry meters) {
    Gauge.builder("holdfast.certificate.expiry", this::secondsToExpiry)
        .baseUnit("seconds")
        .description("Time until the certificate that is served expires; NaN if there is none")
        .register(meters);
    Gauge.builder(
            "holdfast.certificate.last.rotation.timestamp",
            () -> lastChange.toEpochMilli() / 1000.0)
        .baseUnit("seconds")
        .description("When the certificate that is served was last exchanged, since 1970")
        .register(meters);
    Gauge.builder("holdfast.certificate.broken", () -> problem.isEmpty() ? 0 : 1)
        .description("1 while something is wrong with the certificate or its key")
        .register(meters);
  }

  private double secondsToExpiry() {
    return served
        .map(pair -> Duration.between(clock.instant(), pair.expiry()).toMillis() / 1000.0)
        .orElse(Double.NaN);
  }

  @Override
  public void customizeHttpsServer(HttpServerOptions options) {
    start();
    options.setKeyCertOptions(KeyCertOptions.wrap(keys));
  }

  /**
   * Finds what is served from the start; a second call does nothing.
   *
   * @throws IllegalStateException if it could never be served
   */
  synchronized void start() {
    if (started || holdfast.role() == Role.CONTROLLER) {
      return;
    }
    started = true;
    if (keyStore().isPresent()) {
      files
          .problem()
          .ifPresent(
              found -> {
                throw new IllegalStateException("the certificate cannot be served: " + found);
              });
      refresh();
    } else if (config.secret().isPresent()) {
      follow(config.secret().get());
    } else {
      ServingPair made = CertificateAuthority.selfSigned(clock.instant(), DEVELOPMENT_LIFE);
      keys.serve(made);
      served(made);
      LOG.warn(
          "no certificate is configured: serving a self-signed one, made in memory, for development"
              + " only (set holdfast.certs.secret, or quarkus.tls."
              + BUCKET
              + ".key-store.pem.0.cert and .key)");
    }
  }

  private Optional<TlsConfiguration> keyStore() {
    return registry.get(BUCKET).filter(found -> found.getKeyStoreOptions() != null);
  }

  private void follow(String secret) {
    if (connection.cluster().isEmpty()) {
      throw new IllegalStateException(
          "holdfast.certs.secret: there is no cluster to read the Secret " + secret + " from");
    }
    problem = "the Secret " + secret + " has not been read yet";
    followed = connection.followSecret(secret, content -> offer("the Secret " + secret, content));
  }

  void stop(@Observes ShutdownEvent event) throws Exception {
    followed.close();
  }

  /** Takes what a Secret holds; never thrown out of, as the watch would end. */
  private synchronized void offer(String source, Map<String, byte[]> content) {
    lookAgain = Instant.MAX;
    offerAgain = () -> offer(source, content);
    if (content.isEmpty()) {
      keepOld(source, "not there");
      return;
    }
    Inspection found = Inspection.of(content, name, false, clock.instant());
    if (found.pair().isEmpty()) {
      keepOld(source, found.problems().get(0).text());
    } else {
      take(source, found.pair().get(), found.problems(), () -> keys.serve(found.pair().get()));
    }
  }

  /**
   * Looks at the files, and whether the time has come for what was refused; called again and again,
   * never at the same time.
   */
  synchronized void refresh() {
    boolean due = !clock.instant().isBefore(lookAgain);
    Optional<TlsConfiguration> configured = keyStore();
    if (configured.isEmpty()) {
      if (due) {
        offerAgain.run();
      }
      return;
    }
    String source = "the files " + files.paths();
    CertificateFiles.Content now;
    try {
      now = files.read();
    } catch (CertificateFiles.UnreadableException e) {
      last = CertificateFiles.Content.NONE;
      keepOld(source, e.getMessage());
      return;
    }
    if (served.isPresent() && now.sameAs(last) && !due) {
      return;
    }
    lookAgain = Instant.MAX;
    Optional<String> unusable = files.problem(now);
    if (unusable.isPresent()) {
      last = now;
      keepOld(source, unusable.get());
    } else if (!configured.get().reload()) {
      last = now;
      keepOld(source, "cannot be loaded");
    } else {
      load(source, configured.get());
      // If they changed while they were loaded, what was loaded may be of two pairs: once more.
      last = sameNow(now) ? now : CertificateFiles.Content.NONE;
    }
  }

  private boolean sameNow(CertificateFiles.Content read) {
    try {
      return files.read().sameAs(read);
    } catch (CertificateFiles.UnreadableException e) {
      return false;
    }
  }

  private void load(String source, TlsConfiguration configured) {
    try {
      var factory = configured.getKeyStoreOptions().getKeyManagerFactory(vertx);
      ServedKeys loaded = new ServedKeys();
      loaded.serve(factory);
      Optional<ServingPair> pair = loaded.pair();
      if (pair.isEmpty()) {
        keepOld(source, "no certificate with a private key");
      } else {
        take(
            source,
            pair.get(),
            pair.get().problems(clock.instant(), name, Optional.empty()),
            () -> keys.serve(factory));
      }
    } catch (Exception e) {
      // Whatever a key store of any kind throws.
      LOG.debug("a key store cannot be loaded", e);
      keepOld(source, "cannot be loaded");
    }
  }

  /** A pair that can be served: serves it, unless what is served already is the better one. */
  private void take(String source, ServingPair pair, List<Problem> problems, Runnable serve) {
    Instant now = clock.instant();
    boolean same = served.map(ServingPair::leaf).equals(Optional.of(pair.leaf()));
    boolean oldIsUsable = served.filter(old -> !now.isAfter(old.expiry())).isPresent();
    lookAgain = problems.isEmpty() ? Instant.MAX : next(pair, now);
    if (!problems.isEmpty() && (same || oldIsUsable)) {
      keepOld(source, problems.get(0).text());
      return;
    }
    if (!same) {
      serve.run();
      served(pair);
      LOG.infof("serving a certificate from %s, valid until %s", source, pair.expiry());
    }
    if (problems.isEmpty()) {
      problem = "";
    } else {
      keepOld(source, problems.get(0).text());
    }
  }

  /** When the pair becomes valid, or what is served becomes useless; whichever comes first. */
  private Instant next(ServingPair refused, Instant now) {
    // Valid up to and with that second.
    Instant end = served.map(old -> old.expiry().plusSeconds(1)).orElse(Instant.MAX);
    return Stream.of(refused.begin(), end)
        .filter(at -> at.isAfter(now))
        .min(Comparator.naturalOrder())
        .orElse(Instant.MAX);
  }

  private void served(ServingPair pair) {
    served = Optional.of(pair);
    lastChange = clock.instant();
  }

  private void keepOld(String source, String found) {
    String told = source + ": " + found;
    if (!told.equals(problem)) {
      problem = told;
      LOG.warnf(
          "%s; %s",
          told, served.isPresent() ? "what was served goes on being served" : "not serving yet");
    }
  }

  /** What is served now; empty if nothing is yet. */
  Optional<ServingPair> served() {
    return served;
  }

  /** What is wrong, for people; "" if nothing is. */
  String problem() {
    return problem;
  }
}
