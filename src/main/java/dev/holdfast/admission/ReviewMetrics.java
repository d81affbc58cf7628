package dev.holdfast.admission;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Counts reviews for Prometheus, and logs those in which Holdfast itself failed. Labels are
 * bounded: rules and reasons are words of the code, never of a pod.
 */
@Singleton
class ReviewMetrics implements ReviewObserver {
  private static final Logger LOG = Logger.getLogger(ReviewMetrics.class);

  /** Enough to find the way from the handler to the place. */
  private static final int LOGGED_FRAMES = 8;

  /** What became of a request. */
  enum Result {
    /** The pod was changed. */
    PATCHED,
    /** The pod needed nothing. */
    UNCHANGED,
    /** Mode Audit: what would change was told. */
    AUDITED,
    /** The pod is none of our business: its mode, namespace or kind says so. */
    LEFT_ALONE,
    /** No creation of a pod. */
    PASSED_OVER,
    /** No AdmissionReview: answered 4xx. */
    REFUSED,
    /** We failed; the pod was allowed as it was. */
    FAILED
  }

  private final MeterRegistry meters;
  private final Timer duration;
  private final Map<Result, Counter> reviews = new EnumMap<>(Result.class);
  private final Map<RuleName, Counter> edits;
  private final Map<RuleName, Counter> auditEdits;
  private final Map<FindingKind, Counter> findings = new ConcurrentHashMap<>();

  /** What findings are counted by: words of the code, so there are few. */
  private record FindingKind(Optional<RuleName> rule, String reason) {}

  ReviewMetrics(MeterRegistry meters) {
    this.meters = meters;
    duration =
        Timer.builder("holdfast.review.duration")
            .description("Time to answer one review, parsing included")
            .serviceLevelObjectives(
                Duration.ofNanos(50_000),
                Duration.ofNanos(100_000),
                Duration.ofNanos(250_000),
                Duration.ofNanos(500_000),
                Duration.ofMillis(1),
                Duration.ofMillis(5),
                Duration.ofMillis(25),
                Duration.ofMillis(100),
                Duration.ofMillis(500))
            .register(meters);
    for (Result result : Result.values()) {
      reviews.put(
          result,
          Counter.builder("holdfast.reviews")
              .description("Requests to /mutate")
              .tag("outcome", result.name().toLowerCase(Locale.ROOT))
              .register(meters));
    }
    edits = edits("enforce");
    auditEdits = edits("audit");
  }

  private Map<RuleName, Counter> edits(String mode) {
    Map<RuleName, Counter> counters = new EnumMap<>(RuleName.class);
    for (RuleName rule : RuleName.values()) {
      counters.put(
          rule,
          Counter.builder("holdfast.edits")
              .description("Changes made (enforce) or told (audit)")
              .tag("rule", rule.id())
              .tag("mode", mode)
              .register(meters));
    }
    return counters;
  }

  @Override
  public void reviewed(String uid, String namespace, Outcome outcome, long nanoseconds) {
    duration.record(nanoseconds, TimeUnit.NANOSECONDS);
    count(result(outcome));
    for (Edit edit : outcome.edits()) {
      edits.get(edit.rule()).increment();
    }
    for (Edit edit : outcome.auditEdits()) {
      auditEdits.get(edit.rule()).increment();
    }
    for (Finding finding : outcome.findings()) {
      findings
          .computeIfAbsent(new FindingKind(finding.rule(), finding.reason()), this::counter)
          .increment();
      if (finding.severity() == Severity.ERROR) {
        LOG.errorf(
            "uid=%s namespace=%s kind=Pod %s: %s",
            uid, Warnings.plain(namespace), finding.code(), Warnings.plain(finding.message()));
      }
    }
  }

  @Override
  public void passedOver() {
    count(Result.PASSED_OVER);
  }

  @Override
  public void refused() {
    count(Result.REFUSED);
  }

  @Override
  public void failed(String uid, String namespace, Throwable failure) {
    count(Result.FAILED);
    LOG.errorf(
        "uid=%s namespace=%s kind=Pod failed, and allowed as it is: %s",
        uid, Warnings.plain(namespace), description(failure));
  }

  private void count(Result result) {
    reviews.get(result).increment();
  }

  private static Result result(Outcome outcome) {
    if (outcome.mode() == Mode.OFF) {
      return hasError(outcome) ? Result.FAILED : Result.LEFT_ALONE;
    }
    if (outcome.mode() == Mode.AUDIT) {
      return Result.AUDITED;
    }
    return outcome.patch().isEmpty() ? Result.UNCHANGED : Result.PATCHED;
  }

  /** A pod that is left alone altogether has one only where the engine itself failed. */
  private static boolean hasError(Outcome outcome) {
    for (Finding finding : outcome.findings()) {
      if (finding.severity() == Severity.ERROR) {
        return true;
      }
    }
    return false;
  }

  private Counter counter(FindingKind kind) {
    return Counter.builder("holdfast.findings")
        .description("What there was to tell beside changes")
        .tag("rule", kind.rule().map(RuleName::id).orElse("pod"))
        .tag("reason", kind.reason())
        .register(meters);
  }

  /** What was thrown and from where, on one line; without its message, which may quote the pod. */
  private static String description(Throwable failure) {
    StringBuilder line = new StringBuilder(failure.getClass().getName());
    StackTraceElement[] trace = failure.getStackTrace();
    for (int i = 0; i < Math.min(trace.length, LOGGED_FRAMES); i++) {
      line.append(i == 0 ? " at " : " < ");
      line.append(trace[i].getFileName()).append(':').append(trace[i].getLineNumber());
    }
    return line.toString();
  }
}
