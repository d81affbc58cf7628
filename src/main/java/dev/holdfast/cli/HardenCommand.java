package dev.holdfast.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.patch.PatchBuilder;
import dev.holdfast.yaml.YamlDocument;
import dev.holdfast.yaml.YamlEdit;
import dev.holdfast.yaml.YamlEditor;
import dev.holdfast.yaml.YamlException;
import dev.holdfast.yaml.YamlWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code holdfast harden}: manifests in, hardened manifests out. */
@Command(
    name = "harden",
    description = "Hardens the pods and pod templates in manifests.",
    footer = {
      "",
      "Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers, Jobs,",
      "CronJobs and Lists of them are hardened; everything else passes through byte for byte.",
      "Findings are written to standard error.",
      "",
      "Examples:",
      "  holdfast harden -f deployment.yaml -o diff",
      "  holdfast harden -f manifests/ --in-place",
      "  kustomize build . | holdfast harden | kubectl apply -f -",
      "",
      "Exit codes: 0 done, 2 bad usage or input that cannot be read."
    })
final class HardenCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int DIFF_CONTEXT = 3;

  private final Terminal terminal;

  @Mixin private FileOptions files;
  @Mixin private EngineOptions engine;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "yaml",
      description = {
        "What is printed (default: ${DEFAULT-VALUE}):",
        "yaml: all manifests, as they are but for what is hardened;",
        "json: the same as JSON, several objects as a List;",
        "patch: a line for each object, its JSON Patch (RFC 6902);",
        "diff: what would change in the files;",
        "summary: a line for each pod, and its findings."
      })
  private Output output;

  @Option(
      names = "--in-place",
      description = "Change the files themselves; comments and layout stay. Prints their names.")
  private boolean inPlace;

  /** What is printed. */
  enum Output {
    yaml,
    json,
    patch,
    diff,
    summary
  }

  HardenCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InputException {
    if (inPlace && (files.names().isEmpty() || files.names().contains("-"))) {
      throw new InputException("--in-place needs files: standard input has no place");
    }
    List<ManifestFile> manifests = Manifests.read(files.names(), terminal);
    List<HardenedPod> pods = engine.harden(manifests, terminal);
    Map<YamlDocument, List<YamlEdit>> edits = new IdentityHashMap<>();
    for (HardenedPod pod : pods) {
      edits
          .computeIfAbsent(pod.place().document(), document -> new ArrayList<>())
          .addAll(pod.edits());
    }
    if (inPlace) {
      writeInPlace(manifests, edits);
    } else {
      print(manifests, pods, edits);
    }
    if (output != Output.summary || inPlace) {
      printFindings(pods);
    }
    return ExitCode.FINE;
  }

  private void print(
      List<ManifestFile> manifests, List<HardenedPod> pods, Map<YamlDocument, List<YamlEdit>> edits)
      throws InputException {
    switch (output) {
      case yaml -> printYaml(manifests, edits);
      case json -> printJson(manifests, edits);
      case patch -> printPatches(manifests, edits);
      case diff -> printDiffs(manifests, edits);
      case summary -> printSummary(pods);
    }
  }

  private void printYaml(List<ManifestFile> manifests, Map<YamlDocument, List<YamlEdit>> edits)
      throws InputException {
    boolean first = true;
    boolean lineEnded = true;
    for (ManifestFile file : manifests) {
      String text = hardenedText(file, edits);
      if (!first && !text.startsWith("---")) {
        terminal.out().print(lineEnded ? "---\n" : "\n---\n");
      }
      terminal.out().print(text);
      lineEnded = text.endsWith("\n");
      first = false;
    }
  }

  /** Falls back to a new layout where the old one cannot be kept: nobody's file is at stake. */
  private String hardenedText(ManifestFile file, Map<YamlDocument, List<YamlEdit>> edits) {
    StringBuilder text = new StringBuilder();
    for (YamlDocument document : file.documents()) {
      try {
        text.append(YamlEditor.apply(document, edits.getOrDefault(document, List.of())));
      } catch (YamlException e) {
        terminal.err().println(e.getMessage() + "; the document is written anew");
        text.append("---\n").append(YamlWriter.write(hardened(document, edits)));
      }
    }
    return text.toString();
  }

  private void printJson(List<ManifestFile> manifests, Map<YamlDocument, List<YamlEdit>> edits) {
    ArrayNode objects = JsonNodeFactory.instance.arrayNode();
    for (YamlDocument document : objects(manifests)) {
      objects.add(hardened(document, edits));
    }
    JsonNode all = objects.get(0);
    if (objects.size() != 1) {
      all =
          JsonNodeFactory.instance
              .objectNode()
              .put("apiVersion", "v1")
              .put("kind", "List")
              .set("items", objects);
    }
    ObjectWriter pretty = JSON.writerWithDefaultPrettyPrinter();
    terminal.out().println(json(pretty, all));
  }

  private void printPatches(List<ManifestFile> manifests, Map<YamlDocument, List<YamlEdit>> edits) {
    for (YamlDocument document : objects(manifests)) {
      ArrayNode patch = JsonNodeFactory.instance.arrayNode();
      for (YamlEdit edit : edits.getOrDefault(document, List.of())) {
        patch
            .addObject()
            .put("op", edit.replace() ? "replace" : "add")
            .put("path", edit.pointer())
            .set("value", edit.value());
      }
      terminal.out().println(json(JSON.writer(), patch));
    }
  }

  private static String json(ObjectWriter writer, JsonNode node) {
    try {
      return writer.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<YamlDocument> objects(List<ManifestFile> manifests) {
    List<YamlDocument> objects = new ArrayList<>();
    for (ManifestFile file : manifests) {
      for (YamlDocument document : file.documents()) {
        if (!document.content().isNull()) {
          objects.add(document);
        }
      }
    }
    return objects;
  }

  private static JsonNode hardened(YamlDocument document, Map<YamlDocument, List<YamlEdit>> edits) {
    if (!(document.content() instanceof ObjectNode object)) {
      return document.content();
    }
    PatchBuilder builder = new PatchBuilder(object);
    for (YamlEdit edit : edits.getOrDefault(document, List.of())) {
      builder.apply(edit.replace() ? Edit.Op.REPLACE : Edit.Op.ADD, edit.pointer(), edit.value());
    }
    return builder.pod();
  }

  private void printDiffs(List<ManifestFile> manifests, Map<YamlDocument, List<YamlEdit>> edits) {
    for (ManifestFile file : manifests) {
      List<String> before = file.text().lines().toList();
      List<String> after = hardenedText(file, edits).lines().toList();
      UnifiedDiffUtils.generateUnifiedDiff(
              "a/" + file.name(),
              "b/" + file.name(),
              before,
              DiffUtils.diff(before, after),
              DIFF_CONTEXT)
          .forEach(line -> terminal.out().println(coloured(line)));
    }
  }

  private String coloured(String line) {
    if (!terminal.colours() || line.isEmpty()) {
      return line;
    }
    return switch (line.charAt(0)) {
      case '+' -> "\u001b[32m" + line + "\u001b[0m";
      case '-' -> "\u001b[31m" + line + "\u001b[0m";
      case '@' -> "\u001b[36m" + line + "\u001b[0m";
      default -> line;
    };
  }

  private void printSummary(List<HardenedPod> pods) {
    for (HardenedPod pod : pods) {
      String rules =
          HardenedPod.names(pod.outcome().edits().stream().map(Edit::rule).distinct().toList());
      String what =
          switch (pod.outcome().mode()) {
            case OFF -> "left alone: " + pod.outcome().why();
            case AUDIT -> "audit, would change: " + HardenedPod.names(pod.outcome().rules());
            case ENFORCE -> rules.isEmpty() ? "nothing to change" : rules;
          };
      terminal.out().println(pod.title() + ": " + what);
      for (Finding finding : pod.outcome().findings()) {
        terminal.out().println("  " + word(finding) + ": " + HardenedPod.line(finding));
      }
    }
  }

  private void printFindings(List<HardenedPod> pods) {
    for (HardenedPod pod : pods) {
      for (Finding finding : pod.outcome().findings()) {
        if (finding.severity() != Severity.INFO) {
          terminal
              .err()
              .println(
                  pod.where(finding.path())
                      + ": "
                      + word(finding)
                      + ": "
                      + HardenedPod.line(finding));
        }
      }
    }
  }

  private static String word(Finding finding) {
    return finding.severity().name().toLowerCase(Locale.ROOT);
  }

  /** All texts are made before the first file is touched. */
  private void writeInPlace(List<ManifestFile> manifests, Map<YamlDocument, List<YamlEdit>> edits)
      throws InputException {
    List<String> problems = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (ManifestFile file : manifests) {
      StringBuilder text = new StringBuilder();
      for (YamlDocument document : file.documents()) {
        try {
          text.append(YamlEditor.apply(document, edits.getOrDefault(document, List.of())));
        } catch (YamlException e) {
          problems.add(e.getMessage());
        }
      }
      texts.add(text.toString());
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    for (int i = 0; i < texts.size(); i++) {
      ManifestFile file = manifests.get(i);
      if (!texts.get(i).equals(file.text())) {
        replace(file.path().orElseThrow(), texts.get(i));
        terminal.out().println(file.name());
      }
    }
  }

  /** Writes beside, then moves, so that the file is never half-written. */
  private static void replace(Path file, String text) throws InputException {
    Path beside = null;
    try {
      // A link stays a link.
      Path target = file.toRealPath();
      beside = Files.createTempFile(target.getParent(), ".holdfast-", ".tmp");
      Files.write(beside, text.getBytes(StandardCharsets.UTF_8));
      if (Files.getFileStore(target).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(beside, Files.getPosixFilePermissions(target));
      }
      Files.move(
          beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      deleteQuietly(beside);
      throw new InputException(
          file + ": cannot be written: " + e.getClass().getSimpleName() + "; it is as it was");
    }
  }

  private static void deleteQuietly(Path beside) {
    try {
      if (beside != null) {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      // The reason why the file could not be written is what the user must know.
    }
  }
}
