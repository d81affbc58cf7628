package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.RuleName;
import dev.holdfast.yaml.Position;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One thing to tell of an object: a finding, or a change that {@code harden} would make.
 *
 * @param pod what it is about
 * @param position where in the file: the place, or the nearest thing around what is absent
 * @param severity a change counts as a warning: the pod is not as the policy wants it
 * @param rule the rule; empty for what concerns the pod's labels and annotations
 * @param reason a short stable code; {@link #WOULD_CHANGE} for changes
 * @param pointer JSON pointer in the object
 * @param message one sentence
 * @param value what the field would be set to; empty for findings
 */
record AuditEntry(
    HardenedPod pod,
    Position position,
    Severity severity,
    Optional<RuleName> rule,
    String reason,
    String pointer,
    String message,
    Optional<JsonNode> value) {
  /** The reason of every change. */
  static final String WOULD_CHANGE = "would-change";

  /** The reason of every budget that the controller will make. */
  static final String WOULD_CREATE = "would-create";

  /** Stands for the rule where there is none. */
  static final String POD = "pod";

  private static final Pattern CONTAINER =
      Pattern.compile("^/spec/(?:containers|initContainers)/\\d+");

  private static final String LABELS_AND_ANNOTATIONS = "https://holdfast.dev/reference/annotations";

  /** All of an object, in the order of the file; the most severe first at one place. */
  static List<AuditEntry> of(HardenedPod pod) {
    List<AuditEntry> all = new ArrayList<>();
    for (Edit edit : pod.edits()) {
      String pointer = pod.podPointer() + edit.path();
      all.add(
          new AuditEntry(
              pod,
              pod.object().position(pointer),
              Severity.WARNING,
              Optional.of(edit.rule()),
              WOULD_CHANGE,
              pointer,
              edit.reason(),
              Optional.of(edit.value())));
    }
    for (Finding finding : pod.outcome().findings()) {
      all.add(of(pod, finding));
    }
    all.sort(
        Comparator.comparing(AuditEntry::position)
            .thenComparing(AuditEntry::severity, Comparator.reverseOrder()));
    return all;
  }

  /** All of a workload's budget, and of a budget. */
  static List<AuditEntry> of(FileBudgets.Budgeted budgeted, String namespace) {
    HardenedPod subject =
        new HardenedPod(budgeted.object(), "", namespace, Outcome.none("its budget is decided"));
    List<AuditEntry> all = new ArrayList<>();
    budgeted
        .budget()
        .ifPresent(
            budget ->
                all.add(
                    new AuditEntry(
                        subject,
                        budgeted.object().position(""),
                        Severity.INFO,
                        Optional.of(RuleName.DISRUPTION_BUDGET),
                        WOULD_CREATE,
                        "",
                        "gets a PodDisruptionBudget: " + inWords(budget),
                        Optional.of(budget))));
    budgeted.findings().forEach(finding -> all.add(of(subject, finding)));
    return all;
  }

  /** What counts of a budget, for example {@code maxUnavailable: 1}. */
  static String inWords(JsonNode budget) {
    JsonNode spec = budget.path("spec");
    String field = spec.has("minAvailable") ? "minAvailable" : "maxUnavailable";
    return field + ": " + spec.path(field).asText();
  }

  /** A finding, and where it is. */
  static AuditEntry of(HardenedPod pod, Finding finding) {
    String pointer =
        finding.rule().equals(Optional.of(RuleName.REPLICAS)) && finding.path().isEmpty()
            ? "/spec/replicas"
            : pod.podPointer() + finding.path();
    return new AuditEntry(
        pod,
        pod.object().position(pointer),
        finding.severity(),
        finding.rule(),
        finding.reason(),
        pointer,
        finding.message(),
        Optional.empty());
  }

  String file() {
    return pod.object().file().name();
  }

  /** The rule's name, or {@link #POD}. */
  String ruleId() {
    return rule.map(RuleName::id).orElse(POD);
  }

  /** The page that explains it. */
  String link() {
    return rule.map(RuleName::documentation).orElse(LABELS_AND_ANNOTATIONS);
  }

  /** {@code warning} and so on. */
  String severityWord() {
    return severity.name().toLowerCase(Locale.ROOT);
  }

  /** Whether this is a change, not a finding. */
  boolean isChange() {
    return value.isPresent() && reason.equals(WOULD_CHANGE);
  }

  /** The sentence for people: for a change what would be set, and why. */
  String sentence() {
    String found = container().map(name -> "container " + name + ": ").orElse("") + message;
    return Style.plain(isChange() ? "would set " + pointer + ": " + message : found);
  }

  /** The name of the container that it is about; empty if it is about none. */
  private Optional<String> container() {
    Matcher matcher =
        CONTAINER.matcher(pointer.substring(Math.min(pointer.length(), pod.podPointer().length())));
    if (!matcher.find()) {
      return Optional.empty();
    }
    JsonNode name = pod.object().content().at(pod.podPointer() + matcher.group() + "/name");
    return Optional.of(name.asText()).filter(text -> !text.isEmpty());
  }

  /** {@code rule:reason}. */
  String code() {
    return ruleId() + ":" + reason;
  }

  /** {@code FILE:LINE:COLUMN}, which editors and terminals make a link of. */
  String place() {
    return file() + ":" + position;
  }
}
