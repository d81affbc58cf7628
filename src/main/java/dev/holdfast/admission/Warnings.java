package dev.holdfast.admission;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The warnings of an AdmissionReview, which {@code kubectl} shows to people and controllers log.
 * Kubernetes asks for at most 120 characters each, and cuts them all after 4096.
 */
final class Warnings {
  private static final String PREFIX = "holdfast: ";
  private static final int MAX_CHARACTERS = 120;
  private static final int MAX_LINES = 20;
  private static final int MAX_ADVICE = 5;

  /** Their findings hold for most workloads, and for years. */
  private static final Set<RuleName> NOT_ADVISED =
      EnumSet.of(RuleName.PRIORITY_CLASS, RuleName.MEMORY_LIMIT);

  /** These change nothing, and so leave nothing undone. */
  private static final Set<RuleName> REPORTING =
      EnumSet.of(RuleName.REPLICAS, RuleName.LIVENESS_PROBE);

  private static final String SCHEME = "https://";

  /** Says how to change what pods get. */
  private static final String ANNOTATIONS = "https://holdfast.dev/reference/annotations";

  private Warnings() {}

  /** What people should know of an outcome, most of it first: one line each. */
  static List<String> of(Outcome outcome) {
    if (outcome.findings().isEmpty() && outcome.auditEdits().isEmpty()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    for (Edit edit : outcome.auditEdits()) {
      lines.add(wouldBe(edit));
    }
    for (Finding finding : outcome.findings()) {
      if (outcome.mode() == Mode.AUDIT || finding.severity() != Severity.INFO) {
        lines.add(line(found(finding), ""));
      }
    }
    if (lines.size() <= MAX_LINES) {
      return lines;
    }
    List<String> first = new ArrayList<>(lines.subList(0, MAX_LINES - 1));
    first.add(PREFIX + "and " + (lines.size() - first.size()) + " more");
    return first;
  }

  /**
   * What the author of a workload should know, most useful first: what its pods will get, then what
   * makes drains wait, then what is left undone and why; what is only worth a thought where there
   * is room. Nothing where pods need nothing.
   *
   * @param ofBudgets what there is to tell about disruption budgets
   */
  static List<String> advice(Outcome outcome, List<Finding> ofBudgets) {
    List<String> lines = new ArrayList<>();
    if (!outcome.edits().isEmpty()) {
      lines.add(line("its pods will get " + rules(outcome.edits()), ""));
    }
    if (!outcome.auditEdits().isEmpty()) {
      lines.add(line("only audited, its pods would get " + rules(outcome.auditEdits()), ""));
    }
    Set<String> found = new LinkedHashSet<>();
    ofBudgets.forEach(finding -> found.add(line(found(finding), "")));
    for (Finding finding : outcome.findings()) {
      // Whoever applies a workload can do nothing about policies of others; a namespace that names
      // one of them has a finding of its own.
      if (finding.severity() != Severity.INFO
          && !finding.reason().equals(Hardener.UNUSABLE_POLICY)) {
        found.add(line(found(finding), ""));
      }
    }
    List<String> left = new ArrayList<>(found);
    boolean howToChange = !lines.isEmpty();
    int room = MAX_ADVICE - lines.size() - (howToChange ? 1 : 0);
    if (left.size() <= room) {
      left.addAll(inform(outcome, lines.isEmpty() && left.isEmpty()));
      lines.addAll(left.subList(0, Math.min(left.size(), room)));
    } else {
      lines.addAll(left.subList(0, room - 1));
      lines.add(PREFIX + "and " + (left.size() - room + 1) + " more, see holdfast audit");
    }
    if (howToChange) {
      lines.add(line("annotations of the pod template change that:", ANNOTATIONS));
    }
    return lines;
  }

  /**
   * What is left undone for a good reason, then what is worth a thought.
   *
   * @param onlyUndone whether there is nothing else to tell
   */
  private static Set<String> inform(Outcome outcome, boolean onlyUndone) {
    Set<String> undone = new LinkedHashSet<>();
    Set<String> thoughts = new LinkedHashSet<>();
    for (Finding finding : outcome.findings()) {
      if (finding.severity() == Severity.INFO && !isOf(NOT_ADVISED, finding)) {
        (isOf(REPORTING, finding) ? thoughts : undone).add(line(found(finding), ""));
      }
    }
    if (!onlyUndone || !undone.isEmpty()) {
      undone.addAll(thoughts);
    }
    return undone;
  }

  private static boolean isOf(Set<RuleName> rules, Finding finding) {
    return finding.rule().filter(rules::contains).isPresent();
  }

  /** Each rule once. */
  private static String rules(List<Edit> edits) {
    Set<String> rules = new LinkedHashSet<>();
    for (Edit edit : edits) {
      rules.add(edit.rule().id());
    }
    return String.join(", ", rules);
  }

  /** Findings that come from no outcome, one line each; the first ones if there are many. */
  static List<String> of(List<Finding> findings) {
    List<String> lines = new ArrayList<>();
    for (Finding finding : findings.subList(0, Math.min(findings.size(), MAX_ADVICE))) {
      lines.add(line(found(finding), ""));
    }
    return lines;
  }

  /** A warning that comes from no outcome. */
  static String of(String text) {
    return line(text, "");
  }

  /** Text of any kind as printable ASCII on one line, for logs. */
  static String plain(String text) {
    StringBuilder line = new StringBuilder(text.length());
    appendPlain(line, text, text.length());
    return line.toString();
  }

  private static String found(Finding finding) {
    return finding.rule().isPresent()
        ? finding.rule().get().id() + ": " + finding.message()
        : finding.message();
  }

  private static String wouldBe(Edit edit) {
    return line("would set " + edit.path() + ": " + edit.reason(), edit.rule().documentation());
  }

  /** One line of printable ASCII; if it gets too long, the text gives way to the link. */
  private static String line(String text, String link) {
    String end = link.isEmpty() ? "" : " " + link;
    if (PREFIX.length() + text.length() + end.length() > MAX_CHARACTERS && !link.isEmpty()) {
      end = " " + link.substring(SCHEME.length());
    }
    StringBuilder line = new StringBuilder(MAX_CHARACTERS).append(PREFIX);
    int room = MAX_CHARACTERS - PREFIX.length() - end.length();
    appendPlain(line, text, text.length() <= room ? text.length() : room - 3);
    if (text.length() > room) {
      line.append("...");
    }
    return line.append(end).toString();
  }

  private static void appendPlain(StringBuilder line, String text, int length) {
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      line.append(c < ' ' || c > '~' ? '?' : c);
    }
  }
}
