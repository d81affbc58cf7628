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
  private final Map<String, Counter> edits = new ConcurrentHashMap<>();
  private final Map<String, Counter> findings = new ConcurrentHashMap<>();

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
  }

  @Override
  public void reviewed(String uid, String namespace, Outcome outcome, long nanoseconds) {
    duration.record(nanoseconds, TimeUnit.NANOSECONDS);
    count(result(outcome));
    for (Edit edit : outcome.edits()) {
      counter(edits, "holdfast.edits", edit.rule(), "mode", "enforce").increment();
    }
    for (Edit edit : outcome.auditEdits()) {
      counter(edits, "holdfast.edits", edit.rule(), "mode", "audit").increment();
    }
    for (Finding finding : outcome.findings()) {
      String rule = finding.rule().map(RuleName::id).orElse("pod");
      counter(findings, "holdfast.findings", rule, "reason", finding.reason()).increment();
      if (finding.severity() == Severity.ERROR) {
        LOG.errorf(
            "uid=%s namespace=%s kind=Pod %s: %s",
            uid, namespace, finding.code(), finding.message());
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
    LOG.errorf(failure, "uid=%s namespace=%s kind=Pod failed; allowed as it is", uid, namespace);
  }

  private void count(Result result) {
    reviews.get(result).increment();
  }

  private static Result result(Outcome outcome) {
    if (outcome.mode() == Mode.OFF) {
      return Result.LEFT_ALONE;
    }
    if (outcome.mode() == Mode.AUDIT) {
      return Result.AUDITED;
    }
    return outcome.patch().isEmpty() ? Result.UNCHANGED : Result.PATCHED;
  }

  private Counter counter(
      Map<String, Counter> counters, String name, Object rule, String label, String value) {
    return counters.computeIfAbsent(
        rule + " " + value,
        key ->
            Counter.builder(name).tag("rule", rule.toString()).tag(label, value).register(meters));
  }
}
