package dev.holdfast.cli;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.policy.RuleName;
import dev.holdfast.yaml.Position;
import dev.holdfast.yaml.YamlEdit;
import java.util.ArrayList;
import java.util.List;

/** What the engine says about a pod in a file, and where in the file that is. */
record HardenedPod(PodPlace place, String namespace, Outcome outcome) {

  /** The patch, as edits of the document. */
  List<YamlEdit> edits() {
    List<YamlEdit> edits = new ArrayList<>();
    outcome
        .patch()
        .forEach(
            operation ->
                edits.add(
                    new YamlEdit(
                        operation.op() == Edit.Op.REPLACE,
                        place.pointer(operation.path()),
                        operation.value())));
    return edits;
  }

  /** {@code Deployment shop/web}. */
  String title() {
    return place.kind() + " " + namespace + "/" + place.name();
  }

  /** {@code file:line:column} of something in the pod. */
  String where(String inPod) {
    return place.file() + ":" + position(inPod);
  }

  /** The line and column of something in the pod, or of what is nearest above it. */
  Position position(String inPod) {
    return place.document().position(place.pointer(inPod));
  }

  /** A finding as one line, its documentation included. */
  static String line(Finding finding) {
    return finding
        .rule()
        .map(rule -> rule.id() + ": " + finding.message() + " (" + rule.documentation() + ")")
        .orElse(finding.message());
  }

  /** The names of rules, comma-separated. */
  static String names(Iterable<RuleName> rules) {
    StringBuilder names = new StringBuilder();
    for (RuleName rule : rules) {
      names.append(names.isEmpty() ? "" : ", ").append(rule.id());
    }
    return names.toString();
  }
}
