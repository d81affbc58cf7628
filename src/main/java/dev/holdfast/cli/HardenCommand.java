package dev.holdfast.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.yaml.YamlDocument;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast harden}: manifests in, hardened manifests out. */
@Command(
    name = "harden",
    description = "Hardens the pods and pod templates in manifests.",
    footer = {
      "",
      "Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers, Jobs,",
      "CronJobs and Lists of them are hardened; everything else passes through byte for byte.",
      "Services, Namespaces and autoscalers among the manifests tell what the pods are for.",
      "Findings are written to standard error.",
      "",
      "Examples:",
      "  holdfast harden -f deployment.yaml -o diff",
      "  holdfast harden -f manifests/ --in-place",
      "  kustomize build . | holdfast harden | kubectl apply -f -",
      "",
      "Exit codes: 0 done, with or without findings; 2 bad usage or input. If any input is bad,",
      "yaml, json and patch print nothing at all: half of the manifests would be worse."
    })
final class HardenCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private FileOptions files;
  @Mixin private EngineOptions engine;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = {
        "What is printed:",
        "yaml (default): all manifests, as they are but for what is hardened;",
        "json: the same as JSON, several objects as a List;",
        "patch: a line for each object with pods, its JSON Patch (RFC 6902);",
        "diff: what would change in the files;",
        "summary: what each rule changes and why, and the findings."
      })
  private Format output;

  @Option(
      names = "--in-place",
      description =
          "Change the files themselves; comments and layout stay. Prints the names of the changed"
              + " files, or what -o patch, -o diff or -o summary ask for.")
  private boolean inPlace;

  @Option(
      names = "--with-budgets",
      description = {
        "Add a PodDisruptionBudget for each workload that can bear one, at the end of its file.",
        "In a cluster the controller does that; not beside -o patch."
      })
  private boolean withBudgets;

  /** What is printed. */
  enum Format {
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
    if (inPlace) {
      checkInPlace();
    }
    if (withBudgets && output == Format.patch) {
      throw new ParameterException(
          spec.commandLine(), "--with-budgets adds objects, which no patch can");
    }
    Manifests manifests = Manifests.read(files.names(), terminal);
    List<HardenedFile> hardened = engine.harden(manifests.files(), terminal);
    if (withBudgets) {
      hardened = hardened.stream().map(HardenedFile::andBudgets).toList();
    }
    manifests.problems().forEach(terminal.err()::println);
    if (output != Format.summary) {
      tellFindings(hardened);
    }
    boolean complete = manifests.problems().isEmpty();
    if (inPlace) {
      complete &= write(hardened);
    }
    if (output != null || !inPlace) {
      print(output == null ? Format.yaml : output, hardened, complete);
    }
    return complete ? ExitCode.FINE : ExitCode.BAD_INPUT;
  }

  private void checkInPlace() {
    if (files.names().isEmpty() || files.names().contains(Manifests.STDIN)) {
      throw new ParameterException(
          spec.commandLine(), "--in-place needs files: standard input has no place");
    }
    if (output == Format.yaml || output == Format.json) {
      throw new ParameterException(
          spec.commandLine(), "--in-place goes with -o patch, diff or summary only");
    }
  }

  private void tellFindings(List<HardenedFile> files) {
    Style style = terminal.errStyle();
    List<AuditEntry> entries = new ArrayList<>();
    for (HardenedFile file : files) {
      file.pods().forEach(pod -> entries.addAll(AuditEntry.of(pod)));
      if (withBudgets) {
        file.budgeted()
            .forEach(
                one ->
                    entries.addAll(AuditEntry.of(one, one.object().namespace(engine.namespace()))));
      }
    }
    for (AuditEntry entry : entries) {
      if (!entry.isChange() && entry.severity() != Severity.INFO) {
        String place = style.bold(entry.place() + ":");
        String severity = style.yellow(entry.severityWord() + ":");
        String link = style.faint("(" + entry.link() + ")");
        terminal
            .err()
            .println(
                String.join(" ", place, severity, entry.ruleId() + ":", entry.sentence(), link));
      }
    }
  }

  private static List<HardenedPod> pods(List<HardenedFile> files) {
    return files.stream().flatMap(file -> file.pods().stream()).toList();
  }

  /** Whether all changed files are written. */
  private boolean write(List<HardenedFile> files) {
    boolean complete = true;
    for (HardenedFile file : files) {
      if (file.isChanged()) {
        String problem = write(file);
        if (!problem.isEmpty()) {
          terminal.err().println(problem);
          complete = false;
        } else if (output == null) {
          terminal.out().println(file.file().name());
        }
      }
    }
    return complete;
  }

  /** "" if the file is written; else it is as it was. */
  private static String write(HardenedFile hardened) {
    StringBuilder text = new StringBuilder();
    for (HardenedFile.Text document : hardened.texts()) {
      if (!document.refusal().isEmpty()) {
        return document.refusal() + "; the file is as it was";
      }
      text.append(document.text());
    }
    try {
      AtomicWrite.replace(
          hardened.file().path().orElseThrow(), text.toString().getBytes(StandardCharsets.UTF_8));
      return "";
    } catch (IOException e) {
      return hardened.file().name()
          + ": cannot be written: "
          + Manifests.reason(e)
          + "; it is as it was";
    }
  }

  private void print(Format format, List<HardenedFile> files, boolean complete) {
    switch (format) {
      case yaml -> {
        if (complete) {
          printYaml(files);
        }
      }
      case json -> {
        if (complete) {
          terminal.out().print(Json.pretty(json(files)));
        }
      }
      case patch -> {
        if (complete) {
          pods(files).forEach(pod -> terminal.out().println(patch(pod).toString()));
        }
      }
      case diff -> printDiff(files);
      case summary -> {
        terminal.out().print(HardenSummary.of(pods(files), terminal.outStyle()));
        printBudgets(files);
      }
    }
  }

  private void printBudgets(List<HardenedFile> files) {
    for (HardenedFile file : files) {
      for (ObjectNode budget : file.budgets()) {
        String name = Style.plain(budget.at("/metadata/name").asText());
        terminal
            .out()
            .println("adds PodDisruptionBudget " + name + ": " + AuditEntry.inWords(budget));
      }
    }
  }

  private void printYaml(List<HardenedFile> files) {
    YamlJoiner joiner = new YamlJoiner(terminal.out(), files.size() > 1);
    for (HardenedFile file : files) {
      joiner.add(
          file.isChanged()
              ? texts(file).stream().map(HardenedFile.Text::text).toList()
              : file.file().documents().stream().map(YamlDocument::text).toList());
    }
  }

  private void printDiff(List<HardenedFile> files) {
    for (HardenedFile file : files) {
      List<HardenedFile.Text> texts = file.isChanged() ? texts(file) : List.of();
      boolean refused = texts.stream().anyMatch(text -> !text.refusal().isEmpty());
      if (!inPlace || !refused) {
        terminal.out().print(UnifiedDiff.of(file.file().name(), texts, terminal.outStyle()));
      }
    }
  }

  /** What cannot be edited in place is written anew: nobody's file is at stake. */
  private List<HardenedFile.Text> texts(HardenedFile file) {
    List<HardenedFile.Text> texts = file.texts();
    for (HardenedFile.Text text : texts) {
      if (!text.refusal().isEmpty() && !inPlace) {
        terminal
            .err()
            .println(text.refusal() + "; the document is written anew, without its comments");
      }
    }
    return texts;
  }

  private static JsonNode json(List<HardenedFile> files) {
    List<JsonNode> contents =
        files.stream()
            .flatMap(file -> file.contents().stream())
            .filter(content -> !content.isNull())
            .toList();
    if (contents.size() == 1) {
      return contents.get(0);
    }
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    list.put("apiVersion", "v1").put("kind", "List");
    ArrayNode items = list.putArray("items");
    for (JsonNode content : contents) {
      boolean isList =
          content.path("kind").asText().equals("List")
              && content.path("apiVersion").asText().equals("v1")
              && content.path("items").isArray();
      if (isList) {
        content.get("items").forEach(items::add);
      } else {
        items.add(content);
      }
    }
    return list;
  }

  private static ArrayNode patch(HardenedPod pod) {
    ArrayNode operations = JsonNodeFactory.instance.arrayNode();
    for (PatchOperation operation : pod.patch()) {
      operations
          .addObject()
          .put("op", operation.op().word())
          .put("path", operation.path())
          .set("value", operation.value());
    }
    return operations;
  }
}
