package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.patch.PatchBuilder;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.yaml.YamlDocument;
import dev.holdfast.yaml.YamlEdit;
import dev.holdfast.yaml.YamlEditor;
import dev.holdfast.yaml.YamlException;
import dev.holdfast.yaml.YamlWriter;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A file with what was decided for the objects in it.
 *
 * @param pods the pods and pod templates in it, in order
 * @param budgeted the workloads and the disruption budgets in it, in order
 * @param withBudgets whether the budgets of the workloads are added at its end
 */
record HardenedFile(
    ManifestFile file,
    List<HardenedPod> pods,
    List<FileBudgets.Budgeted> budgeted,
    boolean withBudgets) {

  /** The same, with the budgets of the workloads added at its end. */
  HardenedFile andBudgets() {
    return new HardenedFile(file, pods, budgeted, true);
  }

  /** The budgets that are added. */
  List<ObjectNode> budgets() {
    List<ObjectNode> budgets = new ArrayList<>();
    if (withBudgets) {
      budgeted.forEach(one -> one.budget().ifPresent(budgets::add));
    }
    return budgets;
  }

  /**
   * The text of one document after hardening.
   *
   * @param refusal why the text could not be edited in place and was written anew; "" if it was not
   */
  record Text(YamlDocument document, String text, String refusal) {
    boolean isChanged() {
      return !text.equals(document.text());
    }
  }

  boolean isChanged() {
    return pods.stream().anyMatch(HardenedPod::isChanged) || !budgets().isEmpty();
  }

  /** The documents' texts, in order; those without changes as they are. */
  List<Text> texts() {
    Map<YamlDocument, List<PatchOperation>> patches = patches();
    List<Text> texts = new ArrayList<>();
    for (int i = 0; i < file.documents().size(); i++) {
      YamlDocument document = file.documents().get(i);
      List<PatchOperation> patch = patches.getOrDefault(document, List.of());
      try {
        texts.add(new Text(document, edited(document, patch), ""));
      } catch (YamlException e) {
        texts.add(new Text(document, rewritten(i, patch), Style.plain(e.getMessage())));
      }
    }
    if (!budgets().isEmpty()) {
      texts.set(texts.size() - 1, withBudgets(texts.get(texts.size() - 1)));
    }
    return texts;
  }

  private Text withBudgets(Text last) {
    StringBuilder text = new StringBuilder(last.text());
    if (!last.text().endsWith("\n")) {
      text.append('\n');
    }
    for (ObjectNode budget : budgets()) {
      text.append("---\n").append(YamlWriter.write(budget));
    }
    boolean isJson = file.name().toLowerCase(Locale.ROOT).endsWith(".json");
    String refusal =
        isJson ? file.name() + ": disruption budgets cannot be added to JSON" : last.refusal();
    return new Text(last.document(), text.toString(), refusal);
  }

  /** The documents' contents after hardening, in order. */
  List<JsonNode> contents() {
    Map<YamlDocument, List<PatchOperation>> patches = patches();
    List<JsonNode> contents = new ArrayList<>();
    for (YamlDocument document : file.documents()) {
      contents.add(content(document, patches.getOrDefault(document, List.of())));
    }
    contents.addAll(budgets());
    return contents;
  }

  private Map<YamlDocument, List<PatchOperation>> patches() {
    Map<YamlDocument, List<PatchOperation>> patches = new IdentityHashMap<>();
    for (HardenedPod hardened : pods) {
      if (hardened.isChanged()) {
        patches
            .computeIfAbsent(hardened.object().document(), document -> new ArrayList<>())
            .addAll(hardened.patchOfDocument());
      }
    }
    return patches;
  }

  private static String edited(YamlDocument document, List<PatchOperation> patch)
      throws YamlException {
    List<YamlEdit> edits = new ArrayList<>(patch.size());
    for (PatchOperation operation : patch) {
      edits.add(
          new YamlEdit(operation.op() == Edit.Op.REPLACE, operation.path(), operation.value()));
    }
    return YamlEditor.apply(document, edits);
  }

  /** The document as its content says; what only its text says (comments, anchors) is lost. */
  private String rewritten(int index, List<PatchOperation> patch) {
    String written = YamlWriter.write(content(file.documents().get(index), patch));
    boolean first = index == 0 && !firstLine(file.documents().get(0).text()).startsWith("---");
    boolean directivesFollow =
        index + 1 < file.documents().size()
            && firstLine(file.documents().get(index + 1).text()).startsWith("%");
    return (first ? "" : "---\n") + written + (directivesFollow ? "...\n" : "");
  }

  /** The first line that is neither blank nor a comment; "" if there is none. */
  static String firstLine(String text) {
    return text.lines()
        .filter(line -> !line.isBlank() && !line.strip().startsWith("#"))
        .findFirst()
        .orElse("");
  }

  private static JsonNode content(YamlDocument document, List<PatchOperation> patch) {
    if (patch.isEmpty()) {
      return document.content();
    }
    PatchBuilder builder = new PatchBuilder((ObjectNode) document.content());
    for (PatchOperation operation : patch) {
      builder.apply(operation.op(), operation.path(), operation.value());
    }
    return builder.pod();
  }
}
