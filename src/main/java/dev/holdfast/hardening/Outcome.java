package dev.holdfast.hardening;

import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import java.util.List;
import java.util.Set;

/**
 * What the engine decided for one pod. Immutable, but for the tree nodes inside edits and patch,
 * which callers must not change.
 *
 * @param mode the pod's mode, {@link Mode#OFF} if the pod is left alone altogether
 * @param policy the name of the policy that applied, "" if none did
 * @param why why the pod is left alone altogether, or which label or policy decided its mode
 * @param edits changes that are made (in {@link Mode#ENFORCE})
 * @param auditEdits changes that would be made: all of them in {@link Mode#AUDIT}, else those of
 *     rules that are themselves in Audit
 * @param findings what there is to tell beside the changes
 * @param patch the operations that make {@code edits}, in order, with parents where they are
 *     missing; empty if there is nothing to change
 * @param rules the rules that changed the pod, in this answer or (by its {@code hardened}
 *     annotation) an earlier one, or in Audit would; in the order they run
 */
public record Outcome(
    Mode mode,
    String policy,
    String why,
    List<Edit> edits,
    List<Edit> auditEdits,
    List<Finding> findings,
    List<PatchOperation> patch,
    Set<RuleName> rules) {

  /** Nothing to change and nothing to tell. */
  public static Outcome none(String why) {
    return new Outcome(Mode.OFF, "", why, List.of(), List.of(), List.of(), List.of(), Set.of());
  }
}
