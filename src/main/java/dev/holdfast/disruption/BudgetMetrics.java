package dev.holdfast.disruption;

import dev.holdfast.disruption.budget.Decision;
import dev.holdfast.disruption.budget.Reason;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.hardening.Finding;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts what the controller of budgets decides and does, while this process leads. Labels are
 * bounded: reasons are words of the code. Thread-safe.
 */
final class BudgetMetrics {
  private final MeterRegistry meters;
  private final Timer handling;
  private final Map<Key, Outcome> outcomes = new ConcurrentHashMap<>();
  private final Map<Reason, AtomicInteger> workloads = new EnumMap<>(Reason.class);
  private final Map<String, AtomicInteger> findings = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> advice = new ConcurrentHashMap<>();
  private final Map<String, Counter> writes = new HashMap<>();

  /** What is written. */
  enum Write {
    APPLY,
    DELETE
  }

  private record Outcome(Reason reason, Map<String, Integer> findings) {}

  BudgetMetrics(MeterRegistry meters) {
    this.meters = meters;
    handling =
        Timer.builder("holdfast.disruption.handling.duration")
            .description("From the moment something changed for a workload to all being done")
            .serviceLevelObjectives(
                Duration.ofMillis(1),
                Duration.ofMillis(5),
                Duration.ofMillis(10),
                Duration.ofMillis(25),
                Duration.ofMillis(50),
                Duration.ofMillis(100),
                Duration.ofMillis(250),
                Duration.ofSeconds(1),
                Duration.ofSeconds(10))
            .register(meters);
    for (Reason reason : Reason.values()) {
      AtomicInteger count = new AtomicInteger();
      workloads.put(reason, count);
      Gauge.builder("holdfast.disruption.workloads", count::get)
          .description("Workloads by what became of their disruption budget")
          .tag("reason", reason.word())
          .register(meters);
    }
    for (Write write : Write.values()) {
      for (boolean success : new boolean[] {true, false}) {
        writes.put(
            name(write, success),
            Counter.builder("holdfast.disruption.writes")
                .description("Disruption budgets that were written or deleted")
                .tag("operation", write.name().toLowerCase(Locale.ROOT))
                .tag("result", success ? "success" : "failure")
                .register(meters));
      }
    }
  }

  private static String name(Write write, boolean success) {
    return write + " " + success;
  }

  void written(Write write, boolean success) {
    writes.get(name(write, success)).increment();
  }

  void handled(Duration sinceDue) {
    handling.record(sinceDue);
  }

  void decided(Key key, Decision decision) {
    Map<String, Integer> reasons = new HashMap<>();
    for (Finding finding : decision.findings()) {
      reasons.merge(finding.reason(), 1, Integer::sum);
    }
    Outcome now = new Outcome(decision.reason(), reasons);
    Outcome before = outcomes.put(key, now);
    if (!now.equals(before)) {
      count(before, -1);
      count(now, 1);
    }
  }

  void forget(Key key) {
    count(outcomes.remove(key), -1);
  }

  private void count(Outcome outcome, int sign) {
    if (outcome != null) {
      workloads.get(outcome.reason()).addAndGet(sign);
      outcome.findings().forEach((reason, count) -> findings(reason).addAndGet(sign * count));
    }
  }

  private AtomicInteger findings(String reason) {
    return gauge(findings, reason, "workload");
  }

  /** What there is to tell about budgets of others, in place of what was told before. */
  void advise(Map<String, Integer> reasons) {
    advice.forEach((reason, count) -> count.set(reasons.getOrDefault(reason, 0)));
    reasons.forEach((reason, count) -> gauge(advice, reason, "budget").set(count));
  }

  private AtomicInteger gauge(Map<String, AtomicInteger> counts, String reason, String about) {
    return counts.computeIfAbsent(
        reason,
        key -> {
          AtomicInteger count = new AtomicInteger();
          Gauge.builder("holdfast.disruption.findings", count::get)
              .description("What there is to tell about workloads and users' budgets")
              .tag("reason", key)
              .tag("about", about)
              .register(meters);
          return count;
        });
  }

  /** This process leads no more: another counts. */
  void clear() {
    outcomes.clear();
    workloads.values().forEach(count -> count.set(0));
    findings.values().forEach(count -> count.set(0));
    advice.values().forEach(count -> count.set(0));
  }
}
