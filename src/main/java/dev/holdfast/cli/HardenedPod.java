package dev.holdfast.cli;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import java.util.ArrayList;
import java.util.List;

/**
 * A Pod, or an object with a pod template, and what the engine decided for it.
 *
 * @param podPointer JSON pointer in the object to the Pod or pod template
 * @param namespace the namespace that it is or will be in
 */
record HardenedPod(KubernetesObject object, String podPointer, String namespace, Outcome outcome) {

  /** The patch of the object, not of the pod in it. */
  List<PatchOperation> patch() {
    return below(podPointer);
  }

  /** The patch of the document that the object is in. */
  List<PatchOperation> patchOfDocument() {
    return below(object.pointer() + podPointer);
  }

  private List<PatchOperation> below(String prefix) {
    List<PatchOperation> operations = new ArrayList<>(outcome.patch().size());
    for (PatchOperation operation : outcome.patch()) {
      operations.add(
          new PatchOperation(operation.op(), prefix + operation.path(), operation.value()));
    }
    return operations;
  }

  /** For messages, for example {@code Deployment shop/web}. */
  String title() {
    return object.label(namespace);
  }

  boolean isChanged() {
    return !outcome.patch().isEmpty();
  }

  /** Changes that are made and changes that would be made if nothing were in Audit. */
  List<Edit> edits() {
    List<Edit> edits = new ArrayList<>(outcome.edits());
    edits.addAll(outcome.auditEdits());
    return edits;
  }
}
