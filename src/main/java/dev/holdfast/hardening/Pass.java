package dev.holdfast.hardening;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.hardening.SafetyCheck.Violation;
import dev.holdfast.hardening.patch.PatchBuilder;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.hardening.patch.Pointers;
import dev.holdfast.hardening.pod.UnreadableField;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Situation;
import dev.holdfast.hardening.rule.Verdict;
import dev.holdfast.policy.RuleName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One run of the rules over a pod, each seeing what those before it decided. A rule that fails, or
 * whose edits fail the safety check, is left out and the run starts again, so that no other rule
 * builds on what is not there.
 */
final class Pass {
  /** The API server's limit for keys and values of all annotations of an object. */
  private static final int MAX_ANNOTATION_BYTES = 256 * 1024;

  /** In UTF-8, of a Java char. */
  private static final int MAX_BYTES_A_CHARACTER = 3;

  private final Subject subject;
  private final PatchBuilder patch;
  private final List<Edit> edits = new ArrayList<>();
  private final List<Finding> findings = new ArrayList<>();

  private Pass(Subject subject) {
    this.subject = subject;
    this.patch = new PatchBuilder(subject.pod());
  }

  /** Runs the active ones of the rules, in their order. */
  static Pass run(List<Rule> rules, Set<RuleName> active, Subject subject) {
    List<Finding> failures = new ArrayList<>(0);
    Set<RuleName> left = active;
    while (true) {
      Pass pass = new Pass(subject);
      Optional<Finding> failure = pass.apply(rules, left);
      if (failure.isEmpty()) {
        pass.findings.addAll(failures);
        return pass;
      }
      failures.add(failure.get());
      left = EnumSet.copyOf(left);
      left.remove(failure.get().rule().orElseThrow());
    }
  }

  /** The edits that were made, in order. */
  List<Edit> edits() {
    return edits;
  }

  /** What the rules found, and which of them failed. */
  List<Finding> findings() {
    return findings;
  }

  /** The patch's operations. */
  List<PatchOperation> operations() {
    return patch.operations();
  }

  /** Writes an annotation, unless nothing else has changed or it says so already. */
  void annotate(String key, String value) {
    Map<String, String> present = subject.metadata().annotations();
    if (edits.isEmpty() || value.equals(present.get(key)) || !fits(present, key, value)) {
      return;
    }
    String path = "/metadata/annotations/" + Pointers.escaped(key);
    JsonNode there = Pointers.at(subject.pod(), path);
    boolean isThere = !there.isMissingNode() && !there.isNull();
    patch.apply(isThere ? Edit.Op.REPLACE : Edit.Op.ADD, path, TextNode.valueOf(value));
  }

  private static boolean fits(Map<String, String> present, String key, String value) {
    int characters = key.length() + value.length();
    for (Map.Entry<String, String> annotation : present.entrySet()) {
      characters += annotation.getKey().length() + annotation.getValue().length();
    }
    if (characters * MAX_BYTES_A_CHARACTER <= MAX_ANNOTATION_BYTES) {
      return true;
    }
    int bytes = key.length() + value.length();
    for (Map.Entry<String, String> annotation : present.entrySet()) {
      bytes += annotation.getKey().getBytes(StandardCharsets.UTF_8).length;
      bytes += annotation.getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    return bytes <= MAX_ANNOTATION_BYTES;
  }

  /** Empty if all went well. */
  private Optional<Finding> apply(List<Rule> rules, Set<RuleName> active) {
    Situation situation = subject.situation(active);
    for (Rule rule : rules) {
      if (!active.contains(rule.name())) {
        continue;
      }
      Verdict verdict = new Verdict(rule.name());
      try {
        rule.apply(situation, verdict);
        for (Edit edit : verdict.edits()) {
          patch.apply(edit.op(), edit.path(), edit.value());
        }
      } catch (UnreadableField e) {
        return failure(
            rule.name(), Severity.WARNING, "unreadable-field", e.pointer(), e.getMessage());
      } catch (RuntimeException | StackOverflowError e) {
        return failure(rule.name(), Severity.ERROR, "failed", "", description(e));
      }
      findings.addAll(verdict.findings());
      if (!verdict.edits().isEmpty()) {
        edits.addAll(verdict.edits());
        situation = situation.after(patch.pod());
      }
    }
    Optional<Violation> violation =
        new SafetyCheck(subject.pod(), patch.pod(), subject.facts()).firstViolation(edits, rules);
    return violation.flatMap(
        found -> failure(found.rule(), Severity.ERROR, "unsafe", found.path(), found.problem()));
  }

  private static Optional<Finding> failure(
      RuleName rule, Severity severity, String reason, String path, String problem) {
    return Optional.of(
        new Finding(
            Optional.of(rule), severity, reason, path, "the rule is not applied: " + problem));
  }

  /** What was thrown and where; without its message, which may quote the pod. */
  static String description(Throwable thrown) {
    StackTraceElement[] trace = thrown.getStackTrace();
    String name = thrown.getClass().getSimpleName();
    return trace.length == 0
        ? name
        : name + " at " + trace[0].getFileName() + ":" + trace[0].getLineNumber();
  }
}
