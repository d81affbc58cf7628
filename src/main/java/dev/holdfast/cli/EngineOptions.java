package dev.holdfast.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.AskedCluster;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Explanation;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.policy.PolicySet;
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
  /** The first minor version in which budgets have {@code unhealthyPodEvictionPolicy}. */
  private static final int UNHEALTHY_POLICY = 27;

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
    PolicySet chosen = PolicySet.of(policies.policies());
    Hardener hardener = hardener(chosen, terminal);
    List<List<KubernetesObject>> objects = files.stream().map(KubernetesObject::of).toList();
    FileFacts facts = new FileFacts(version, namespace, namespaceLabels);
    FileBudgets budgets =
        new FileBudgets(
            chosen.serving(),
            ownNamespace(terminal),
            namespace,
            version.isAtLeast(UNHEALTHY_POLICY));
    objects.forEach(
        ofFile ->
            ofFile.forEach(
                object -> {
                  facts.learn(object);
                  budgets.learn(object);
                }));
    List<HardenedFile> hardened = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      List<HardenedPod> pods = new ArrayList<>();
      List<FileBudgets.Budgeted> budgeted = new ArrayList<>();
      for (KubernetesObject object : objects.get(i)) {
        budgets.of(object, one -> facts.of(one).namespaceLabels()).ifPresent(budgeted::add);
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
      hardened.add(new HardenedFile(files.get(i), pods, budgeted, false));
    }
    return hardened;
  }

  /**
   * What decides about one pod.
   *
   * @param title for example {@code Deployment shop/web}
   */
  record Explained(String title, Explanation explanation) {}

  /**
   * What decides about every pod in the files.
   *
   * @param cluster is asked for what the options do not say
   */
  List<Explained> explain(
      List<ManifestFile> files, Terminal terminal, Optional<AskedCluster> cluster)
      throws InputException {
    Hardener hardener = hardener(terminal, cluster);
    FileFacts facts = new FileFacts(version, namespace, namespaceLabels);
    List<KubernetesObject> objects = new ArrayList<>();
    files.forEach(file -> objects.addAll(KubernetesObject.of(file)));
    objects.forEach(facts::learn);
    List<Explained> explained = new ArrayList<>();
    for (KubernetesObject object : objects) {
      Optional<String> pointer = object.podPointer();
      if (pointer.isPresent()) {
        String place = object.namespace(namespace);
        ObjectNode pod = object.pod(pointer.get());
        ClusterFacts ofFiles = facts.of(object);
        ClusterFacts known =
            cluster.map(live -> joined(live.facts(place, pod), ofFiles)).orElse(ofFiles);
        explained.add(new Explained(object.label(namespace), hardener.explain(pod, place, known)));
      }
    }
    return explained;
  }

  /** What the cluster says, but for what the files and options say otherwise. */
  private static ClusterFacts joined(ClusterFacts live, ClusterFacts ofFiles) {
    Map<String, String> labels = new LinkedHashMap<>(live.namespaceLabels());
    labels.putAll(ofFiles.namespaceLabels());
    return new ClusterFacts(
        live.apiServer(),
        live.oldestKubelet(),
        labels,
        live.services(),
        ofFiles.workload().or(live::workload));
  }

  /** The namespace of objects that name none. */
  String namespace() {
    return namespace;
  }

  /** Whether the options say which policies apply. */
  boolean namePolicies() {
    return policies.areNamed();
  }

  private Hardener hardener(Terminal terminal, Optional<AskedCluster> cluster)
      throws InputException {
    Optional<PolicySet> live =
        policies.areNamed() ? Optional.empty() : cluster.flatMap(AskedCluster::policies);
    return hardener(live.isPresent() ? live.get() : PolicySet.of(policies.policies()), terminal);
  }

  private static Hardener hardener(PolicySet policies, Terminal terminal) {
    return new Hardener(policies, ownNamespace(terminal));
  }

  private static String ownNamespace(Terminal terminal) {
    return terminal.environment().getOrDefault("POD_NAMESPACE", "holdfast-system");
  }
}
