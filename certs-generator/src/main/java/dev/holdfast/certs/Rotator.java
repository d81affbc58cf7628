package dev.holdfast.certs;

import dev.holdfast.certs.Situation.Replicas;
import dev.holdfast.certs.Situation.Wanted;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Carries a rotation out: reads what is there, takes the next step, and again, until nothing is
 * left to do. Any number may work at the same store; what they write is decided by the store's
 * versions. Not thread-safe, but for {@link #restore} and {@link #forget}.
 */
public final class Rotator {
  /** More than any rotation has, several who disturb each other included. */
  private static final int MAX_STEPS = 100;

  private final CertificateStore store;
  private final Optional<WebhookConfigurations> configurations;
  private final Supplier<Replicas> replicas;
  private final Rotation rotation;
  private final Clock clock;
  private final BooleanSupplier mayWrite;
  private final Observer observer;
  private Optional<X509Certificate> trusted = Optional.empty();
  private Instant trustedSince = Instant.MAX;
  private Optional<Bundle> last = Optional.empty();

  /** Gets to know what is done. */
  public interface Observer {
    /** Nobody. */
    Observer NONE = (what, why) -> {};

    /**
     * Something has been done.
     *
     * @param what for people, such as {@code serving certificate issued}
     */
    void done(Change what, String why);
  }

  /** What can be done. */
  public enum Change {
    /** A new authority is kept. */
    AUTHORITY_MADE("a new certificate authority is made"),
    /** The authorities beside the serving certificate are others. */
    BUNDLE_PUBLISHED("ca.crt is changed"),
    /** Webhook configurations trust others. */
    BUNDLE_INJECTED("caBundle of the webhook configurations is set"),
    /** There is a new serving certificate. */
    LEAF_ISSUED("a new serving certificate is issued");

    private final String text;

    Change(String text) {
      this.text = text;
    }

    /** For people. */
    public String text() {
      return text;
    }
  }

  /**
   * How it stands.
   *
   * @param finished whether nothing is left to do
   * @param until when to go on at the latest
   * @param why for people
   */
  public record Progress(boolean finished, Instant until, String why) {}

  private Rotator(
      CertificateStore store,
      Optional<WebhookConfigurations> configurations,
      Supplier<Replicas> replicas,
      Rotation rotation,
      Clock clock,
      BooleanSupplier mayWrite,
      Observer observer) {
    this.store = store;
    this.configurations = configurations;
    this.replicas = replicas;
    this.rotation = rotation;
    this.clock = clock;
    this.mayWrite = mayWrite;
    this.observer = observer;
  }

  /**
   * For a Service of a cluster.
   *
   * @param mayWrite asked before every write
   */
  public static Rotator ofCluster(
      CertificateStore store,
      WebhookConfigurations configurations,
      ServiceReplicas replicas,
      ServingName name,
      Lifetimes lifetimes,
      Clock clock,
      BooleanSupplier mayWrite,
      Observer observer) {
    return new Rotator(
        store,
        Optional.of(configurations),
        replicas::ask,
        new Rotation(name, lifetimes, false),
        clock,
        mayWrite,
        observer);
  }

  /** For files, of which nobody knows who serves them and who trusts them. */
  public static Rotator ofFiles(
      CertificateStore store,
      ServingName name,
      Lifetimes lifetimes,
      Clock clock,
      Observer observer) {
    return new Rotator(
        store,
        Optional.empty(),
        () -> new Replicas(List.of(), false),
        new Rotation(name, lifetimes, true),
        clock,
        () -> true,
        observer);
  }

  /** Makes what is missing, broken or due. */
  public Progress run() {
    return run(Wanted.NOTHING);
  }

  /**
   * Lets a webhook configuration trust what the last run decided that it shall, without a look at
   * anything else: for the moment in which somebody has taken it away. To be followed by {@link
   * #run}.
   *
   * @param seen the configuration, of either kind, as it has just come
   */
  public synchronized void restore(HasMetadata seen) {
    try {
      if (last.isPresent() && configurations.isPresent() && mayWrite.getAsBoolean()) {
        configurations.get().inject(seen, last.get());
      }
    } catch (CertificateStore.ConflictException e) {
      // The run that follows reads again.
    }
  }

  /** From now on another process decides: what the last run decided is no use any more. */
  public synchronized void forget() {
    last = Optional.empty();
  }

  private synchronized void remember(Bundle decided) {
    last = Optional.of(decided);
  }

  private synchronized void inject(Bundle bundle) throws CertificateStore.ConflictException {
    if (configurations.isPresent()) {
      configurations.get().inject(bundle);
    }
  }

  /** Replaces the serving certificate, and whatever else is due. */
  public Progress replaceLeaf() {
    return run(Wanted.LEAF);
  }

  /** Begins to replace the authority; to be followed by {@link #run} until that has finished. */
  public Progress replaceAuthority() {
    return run(Wanted.AUTHORITY);
  }

  private Progress run(Wanted wanted) {
    Wanted left = wanted;
    Optional<Replicas> asked = Optional.empty();
    for (int i = 0; i < MAX_STEPS; i++) {
      CertificateStore.Content content = store.read();
      Situation situation = situation(content, asked, left);
      Step step = rotation.next(situation);
      decided(step, situation).ifPresent(this::remember);
      if (step instanceof Step.Wait waiting) {
        return new Progress(false, waiting.until(), waiting.why());
      }
      if (step instanceof Step.Done done) {
        return new Progress(true, done.until(), done.why());
      }
      try {
        if (step instanceof Step.AskReplicas) {
          asked = Optional.of(replicas.get());
        } else if (!mayWrite.getAsBoolean()) {
          forget();
          return new Progress(false, situation.now(), "left to the process that leads now");
        } else {
          observer.done(take(step, content, situation), step.why());
          left =
              step instanceof Step.MakeAuthority
                      || step instanceof Step.Issue && left == Wanted.LEAF
                  ? Wanted.NOTHING
                  : left;
        }
      } catch (CertificateStore.ConflictException e) {
        // Somebody else was quicker: what they did counts.
        asked = Optional.empty();
      }
    }
    throw new IllegalStateException(
        store.describe() + ": somebody else changes them again and again");
  }

  /** What our entries shall trust; empty if a step says nothing of it. */
  private static Optional<Bundle> decided(Step step, Situation situation) {
    if (step instanceof Step.Publish publish) {
      return Optional.of(publish.bundle());
    }
    if (step instanceof Step.Inject inject) {
      return Optional.of(inject.bundle());
    }
    if (step instanceof Step.Issue issue) {
      return Optional.of(issue.bundle());
    }
    // These come only when each entry holds what it shall.
    return step instanceof Step.Wait || step instanceof Step.Done
        ? situation.entries().stream().findFirst()
        : Optional.empty();
  }

  private Change take(Step step, CertificateStore.Content content, Situation situation)
      throws CertificateStore.ConflictException {
    Instant now = situation.now();
    if (step instanceof Step.MakeAuthority) {
      CertificateAuthority made =
          CertificateAuthority.create(now, rotation.lifetimes().authority());
      store.writeAuthority(
          content,
          Map.of(
              CertificateStore.CA_CERTIFICATE, made.certificatePem(),
              CertificateStore.CA_KEY, made.keyPem()));
      return Change.AUTHORITY_MADE;
    }
    if (step instanceof Step.Inject inject) {
      inject(inject.bundle());
      return Change.BUNDLE_INJECTED;
    }
    if (step instanceof Step.Publish publish) {
      Map<String, byte[]> serving = new LinkedHashMap<>(content.serving());
      serving.put(CertificateStore.CA_CERTIFICATE, publish.bundle().pem());
      store.writeServing(content, serving);
      return Change.BUNDLE_PUBLISHED;
    }
    if (step instanceof Step.Issue issue) {
      ServingPair pair =
          situation
              .authority()
              .orElseThrow()
              .issue(rotation.name(), now, rotation.lifetimes().leaf());
      Map<String, byte[]> serving = new LinkedHashMap<>();
      serving.put(CertificateStore.CA_CERTIFICATE, issue.bundle().pem());
      serving.put(CertificateStore.KEY, pair.keyPem());
      serving.put(CertificateStore.CERTIFICATE, pair.certificatePem());
      store.writeServing(content, serving);
      return Change.LEAF_ISSUED;
    }
    throw new IllegalArgumentException(step.toString());
  }

  private Situation situation(
      CertificateStore.Content content, Optional<Replicas> asked, Wanted wanted) {
    Instant now = clock.instant();
    Optional<CertificateAuthority> authority = authority(content);
    List<Bundle> entries =
        configurations
            .map(
                found -> found.entries().stream().map(WebhookConfigurations.Entry::bundle).toList())
            .orElse(List.of());
    return new Situation(
        now,
        authority,
        pair(content),
        Bundle.orEmpty(bytes(content.serving(), CertificateStore.CA_CERTIFICATE)),
        entries,
        trustedSince(authority, entries, now),
        asked,
        wanted);
  }

  private Optional<Instant> trustedSince(
      Optional<CertificateAuthority> authority, List<Bundle> entries, Instant now) {
    Optional<X509Certificate> current = authority.map(CertificateAuthority::certificate);
    boolean everywhere =
        current.isPresent() && entries.stream().allMatch(entry -> entry.contains(current.get()));
    if (!everywhere) {
      trusted = Optional.empty();
      return Optional.empty();
    }
    if (!current.equals(trusted)) {
      trusted = current;
      trustedSince = now;
    }
    return Optional.of(trustedSince);
  }

  private static Optional<CertificateAuthority> authority(CertificateStore.Content content) {
    try {
      return Optional.of(
          CertificateAuthority.parse(
              bytes(content.authority(), CertificateStore.CA_CERTIFICATE),
              bytes(content.authority(), CertificateStore.CA_KEY)));
    } catch (BadCertificateException e) {
      return Optional.empty();
    }
  }

  private static Optional<ServingPair> pair(CertificateStore.Content content) {
    try {
      return Optional.of(
          ServingPair.parse(
              bytes(content.serving(), CertificateStore.CERTIFICATE),
              bytes(content.serving(), CertificateStore.KEY)));
    } catch (BadCertificateException e) {
      return Optional.empty();
    }
  }

  private static byte[] bytes(Map<String, byte[]> content, String key) {
    return content.getOrDefault(key, new byte[0]);
  }
}
