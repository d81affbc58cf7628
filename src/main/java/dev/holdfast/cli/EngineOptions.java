package dev.holdfast.cli;

import dev.holdfast.hardening.Explanation;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.KubernetesVersion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options by which commands are told what the engine must know. */
final class EngineOptions {
  @Mixin private PolicyOptions policies;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      defaultValue = "default",
      description = "Namespace of objects that name none (default: ${DEFAULT-VALUE}).")
  private String namespace;

  @Option(
      names = "--namespace-labels",
      paramLabel = "KEY=VALUE",
      split = ",",
      description = {
        "Labels of the objects' namespaces, for example holdfast.dev/mode=audit.",
        "They win over those of Namespaces in the files; else there are none."
      })
  private Map<String, String> namespaceLabels = new LinkedHashMap<>();

  @Option(
      names = "--kubernetes-version",
      paramLabel = "VERSION",
      defaultValue = "1.34",
      converter = VersionConverter.class,
      description = "Version of the API server and of every kubelet (default: ${DEFAULT-VALUE}).")
  private KubernetesVersion version;

  private static final class VersionConverter implements ITypeConverter<KubernetesVersion> {
    @Override
    public KubernetesVersion convert(String value) {
      return KubernetesVersion.of(value)
          .orElseThrow(() -> new TypeConversionException("expected a version like 1.34"));
    }
  }

  /** Hardens every pod in the files, with what they tell of each other. */
  List<HardenedFile> harden(List<ManifestFile> files, Terminal terminal) throws InputException {
    Hardener hardener = hardener(terminal);
    List<List<KubernetesObject>> objects = files.stream().map(KubernetesObject::of).toList();
    FileFacts facts = new FileFacts(version, namespace, namespaceLabels);
    objects.forEach(ofFile -> ofFile.forEach(facts::learn));
    List<HardenedFile> hardened = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      List<HardenedPod> pods = new ArrayList<>();
      for (KubernetesObject object : objects.get(i)) {
        Optional<String> pointer = object.podPointer();
        if (pointer.isPresent()) {
          String place = object.namespace(namespace);
          pods.add(
              new HardenedPod(
                  object,
                  pointer.get(),
                  place,
                  hardener.harden(object.pod(pointer.get()), place, facts.of(object))));
        }
      }
      hardened.add(new HardenedFile(files.get(i), pods));
    }
    return hardened;
  }

  /**
   * What decides about one pod.
   *
   * @param title for example {@code Deployment shop/web}
   */
  record Explained(String title, Explanation explanation) {}

  /** What decides about every pod in the files. */
  List<Explained> explain(List<ManifestFile> files, Terminal terminal) throws InputException {
    Hardener hardener = hardener(terminal);
    FileFacts facts = new FileFacts(version, namespace, namespaceLabels);
    List<KubernetesObject> objects = new ArrayList<>();
    files.forEach(file -> objects.addAll(KubernetesObject.of(file)));
    objects.forEach(facts::learn);
    List<Explained> explained = new ArrayList<>();
    for (KubernetesObject object : objects) {
      object
          .podPointer()
          .map(
              pod ->
                  hardener.explain(object.pod(pod), object.namespace(namespace), facts.of(object)))
          .ifPresent(
              explanation -> explained.add(new Explained(object.label(namespace), explanation)));
    }
    return explained;
  }

  private Hardener hardener(Terminal terminal) throws InputException {
    return new Hardener(
        policies.policies(),
        terminal.environment().getOrDefault("POD_NAMESPACE", "holdfast-system"));
  }
}
