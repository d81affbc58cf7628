package dev.holdfast.promises;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.policy.Mode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;

/**
 * Whether the pods that the promises are tried on try them at all: an engine that does nothing, or
 * pods that need nothing, would keep most promises. Tries 3,000 pods.
 */
class CasesProperties {
  @Property(tries = 3_000)
  @StatisticsReport(StatisticsReport.StatisticsReportMode.OFF)
  void every_rule_has_work_to_do(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    Statistics.label("valid")
        .collect(c.isValid())
        .coverage(checker -> checker.check(true).percentage(share -> share > 40));
    Statistics.label("mode")
        .collect(outcome.mode())
        .coverage(
            checker -> {
              checker.check(Mode.ENFORCE).percentage(share -> share > 40);
              checker.check(Mode.AUDIT).percentage(share -> share > 1);
              checker.check(Mode.OFF).percentage(share -> share > 5);
            });
    for (Rule rule : Rules.ALL) {
      boolean edits = outcome.edits().stream().map(Edit::rule).anyMatch(rule.name()::equals);
      boolean finds =
          outcome.findings().stream()
              .map(Finding::rule)
              .anyMatch(name -> name.filter(rule.name()::equals).isPresent());
      Statistics.label(rule.name().id())
          .collect(edits || (rule.writes().isEmpty() && finds))
          .coverage(checker -> checker.check(true).percentage(share -> share > 1));
    }
  }
}
