package dev.holdfast.cli;

import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options by which commands are told what the engine must know. */
final class EngineOptions {
  @ArgGroup private PolicyChoice choice = new PolicyChoice();

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
      description = "Labels of the namespaces, for example holdfast.dev/mode=audit.")
  private Map<String, String> namespaceLabels = new LinkedHashMap<>();

  @Option(
      names = "--kubernetes-version",
      paramLabel = "VERSION",
      defaultValue = "1.34",
      converter = VersionConverter.class,
      description = "Version of the API server and of every kubelet (default: ${DEFAULT-VALUE}).")
  private KubernetesVersion version;

  /** One or the other. */
  private static final class PolicyChoice {
    @Option(
        names = "--policy",
        paramLabel = "FILE",
        description = "HardeningPolicies to apply (default: the profile standard).")
    private Path policy;

    @Option(
        names = "--profile",
        paramLabel = "PROFILE",
        converter = ProfileConverter.class,
        description = "Built-in profile to apply: minimal, standard or full.")
    private Profile profile;
  }

  private static final class VersionConverter implements ITypeConverter<KubernetesVersion> {
    @Override
    public KubernetesVersion convert(String value) {
      return KubernetesVersion.of(value)
          .orElseThrow(() -> new TypeConversionException("expected a version like 1.34"));
    }
  }

  static final class ProfileConverter implements ITypeConverter<Profile> {
    @Override
    public Profile convert(String value) {
      try {
        return Profile.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("expected minimal, standard or full");
      }
    }
  }

  /** The policies that are asked for. */
  List<HardeningPolicy> policies() throws InputException {
    if (choice.profile != null) {
      return List.of(PolicyLoader.ofProfile(choice.profile));
    }
    return choice.policy == null ? List.of(PolicyLoader.embedded()) : policies(choice.policy);
  }

  /** The policies of a file. */
  static List<HardeningPolicy> policies(Path file) throws InputException {
    try {
      return PolicyLoader.load(file.toString(), Files.readAllBytes(file));
    } catch (PolicyException e) {
      throw new InputException(e.getMessage());
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getClass().getSimpleName());
    }
  }

  /** Hardens every pod in the files, with what they tell of each other. */
  List<HardenedPod> harden(List<ManifestFile> files, Terminal terminal) throws InputException {
    Hardener hardener =
        new Hardener(
            policies(), terminal.environment().getOrDefault("POD_NAMESPACE", "holdfast-system"));
    FileFacts facts = new FileFacts(version, namespace, namespaceLabels);
    files.forEach(facts::learn);
    List<HardenedPod> pods = new ArrayList<>();
    for (ManifestFile file : files) {
      file.documents().stream()
          .flatMap(document -> PodPlace.in(file.name(), document).stream())
          .forEach(
              place ->
                  pods.add(
                      new HardenedPod(
                          place,
                          facts.namespace(place),
                          hardener.harden(place.pod(), facts.namespace(place), facts.of(place)))));
    }
    return pods;
  }
}
