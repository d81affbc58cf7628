package dev.holdfast.cli;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.policy.RuleName;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What {@code harden -o summary} prints: object by object, who changed what, and why. */
final class HardenSummary {
  private final Style style;
  private final StringBuilder text = new StringBuilder();
  private final Set<RuleName> rules = EnumSet.noneOf(RuleName.class);

  private HardenSummary(Style style) {
    this.style = style;
  }

  static String of(List<HardenedPod> pods, Style style) {
    HardenSummary summary = new HardenSummary(style);
    int changed = 0;
    for (HardenedPod hardened : pods) {
      summary.add(hardened);
      changed += hardened.isChanged() ? 1 : 0;
    }
    summary.end(pods.size(), changed);
    return summary.text.toString();
  }

  private void add(HardenedPod hardened) {
    Outcome outcome = hardened.outcome();
    KubernetesObject object = hardened.object();
    line(object.file().name() + ":" + object.position("") + ": " + style.bold(hardened.title()));
    for (Edit edit : outcome.edits()) {
      rule(hardened, edit, "sets");
    }
    for (Edit edit : outcome.auditEdits()) {
      rule(hardened, edit, "would set (Audit)");
    }
    for (Finding finding : outcome.findings()) {
      finding.rule().ifPresent(rules::add);
      String severity = finding.severity().name().toLowerCase(Locale.ROOT);
      String who = finding.rule().map(RuleName::id).orElse(AuditEntry.POD);
      line("  " + who + ": " + style.yellow(severity) + ": " + Style.plain(finding.message()));
      if (!finding.path().isEmpty()) {
        line(style.faint("      " + Style.plain(hardened.podPointer() + finding.path())));
      }
    }
    if (hardened.edits().isEmpty()) {
      boolean needsNothing = !outcome.policy().isEmpty() && !outcome.mode().word().equals("Off");
      line(needsNothing ? "  nothing to change" : "  left alone: " + Style.plain(outcome.why()));
    }
  }

  private void rule(HardenedPod hardened, Edit edit, String verb) {
    rules.add(edit.rule());
    line("  " + style.green(edit.rule().id()) + " " + verb + " " + edit.value());
    line("      " + Style.plain(edit.reason()));
    line(style.faint("      " + Style.plain(hardened.podPointer() + edit.path())));
  }

  private void end(int objects, int changed) {
    if (objects > 0) {
      line("");
    }
    line(
        changed
            + " of "
            + objects
            + (objects == 1 ? " object" : " objects")
            + " with pods changed");
    for (RuleName rule : rules) {
      line("  " + rule.id() + ": " + rule.documentation());
    }
  }

  private void line(String line) {
    text.append(line).append('\n');
  }
}
