package dev.holdfast.hardening;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.ServicePort;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.oracle.StrictJsonPatch;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.Profile;
import dev.holdfast.policy.RuleName;
import dev.holdfast.yaml.YamlDocument;
import dev.holdfast.yaml.YamlEdit;
import dev.holdfast.yaml.YamlEditor;
import dev.holdfast.yaml.YamlStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rules' behaviour, case by case: {@code golden/RULE/CASE/} holds a pod, what becomes of it and
 * what is found. Without a {@code policy.yaml} only the rule at hand is on, with its defaults.
 * {@code -Dholdfast.update=true} writes what is expected anew; read the difference then. {@code
 * -Dholdfast.rule=pre-stop} runs this rule's cases only.
 */
class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final boolean UPDATE = Boolean.getBoolean("holdfast.update");
  private static final String ONLY = System.getProperty("holdfast.rule", "");
  private static final YAMLMapper YAML = new YAMLMapper();

  static Stream<Path> cases() throws IOException {
    try (Stream<Path> files = Files.walk(GOLDEN)) {
      return files
          .filter(file -> file.endsWith("pod.yaml"))
          .map(file -> GOLDEN.relativize(file.getParent()))
          .filter(name -> name.toString().startsWith(ONLY))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void hardens_as_expected(Path name) throws Exception {
    Path folder = GOLDEN.resolve(name);
    Facts facts = Facts.read(folder.resolve("facts.yaml"));
    Hardener hardener =
        new Hardener(policies(folder, name.getName(0).toString()), "holdfast-system");
    byte[] text = Files.readAllBytes(folder.resolve("pod.yaml"));
    ObjectNode pod = (ObjectNode) YAML.readTree(text);

    Outcome outcome = hardener.harden(pod, facts.namespace, facts.cluster);

    JsonNode hardened = StrictJsonPatch.apply(pod, asJson(outcome));
    if (UPDATE) {
      update(folder, text, outcome);
    }
    assertThat(YAML.readTree(Files.readAllBytes(folder.resolve("expected.yaml"))))
        .isEqualTo(hardened);
    assertThat(findings(outcome)).isEqualTo(Files.readString(folder.resolve("findings")));

    Outcome again = hardener.harden((ObjectNode) hardened, facts.namespace, facts.cluster);
    assertThat(again.patch()).isEmpty();
    assertThat(findings(again)).isEqualTo(findings(outcome));
    assertThat(again.rules()).isEqualTo(outcome.rules());
    assertThat(outcome.findings()).allSatisfy(GoldenTest::fitsIntoAWarning);
  }

  /** Kubernetes asks for at most 120 characters; what is cut off cannot be followed. */
  private static void fitsIntoAWarning(Finding finding) {
    String rule = finding.rule().map(name -> name.id() + ": ").orElse("");
    assertThat("holdfast: " + rule + finding.message()).hasSizeLessThanOrEqualTo(120);
  }

  private static List<HardeningPolicy> policies(Path folder, String rule) throws Exception {
    Path file = folder.resolve("policy.yaml");
    if (Files.exists(file)) {
      return PolicyLoader.load(file.toString(), Files.readAllBytes(file));
    }
    HardeningPolicy minimal = PolicyLoader.ofProfile(Profile.MINIMAL);
    Map<RuleName, Mode> only = new EnumMap<>(RuleName.class);
    for (RuleName name : RuleName.values()) {
      only.put(name, name.id().equals(rule) ? Mode.ENFORCE : Mode.OFF);
    }
    return List.of(
        new HardeningPolicy(
            minimal.name(),
            minimal.profile(),
            minimal.mode(),
            minimal.scope(),
            minimal.priority(),
            minimal.namespaceSelector(),
            minimal.podSelector(),
            minimal.excludeNamespaces(),
            minimal.overrides(),
            minimal.sidecars(),
            minimal.rules(),
            only));
  }

  /** As it goes over the wire: number nodes of different width are the same there. */
  private static JsonNode asJson(Outcome outcome) throws IOException {
    var patch = YAML.createArrayNode();
    outcome
        .patch()
        .forEach(
            operation ->
                patch
                    .addObject()
                    .put("op", operation.op().word())
                    .put("path", operation.path())
                    .set("value", operation.value()));
    return YAML.readTree(patch.toString());
  }

  private static String findings(Outcome outcome) {
    StringBuilder lines = new StringBuilder();
    for (Finding finding : outcome.findings()) {
      lines
          .append(finding.severity())
          .append(' ')
          .append(finding.code())
          .append(' ')
          .append(finding.path())
          .append('\n');
    }
    return lines.toString();
  }

  private static void update(Path folder, byte[] text, Outcome outcome) throws Exception {
    YamlDocument document = YamlStream.parse("pod.yaml", text).get(0);
    List<YamlEdit> edits = new ArrayList<>();
    outcome
        .patch()
        .forEach(
            operation ->
                edits.add(
                    new YamlEdit(
                        operation.op() == Edit.Op.REPLACE, operation.path(), operation.value())));
    Files.writeString(folder.resolve("expected.yaml"), YamlEditor.apply(document, edits));
    Files.writeString(folder.resolve("findings"), findings(outcome));
  }

  /** {@code facts.yaml}: what is known of the cluster; all of it optional. */
  private record Facts(String namespace, ClusterFacts cluster) {
    static Facts read(Path file) throws IOException {
      JsonNode facts =
          Files.exists(file) ? YAML.readTree(Files.readAllBytes(file)) : YAML.createObjectNode();
      KubernetesVersion version =
          KubernetesVersion.of(facts.path("kubernetesVersion").asText())
              .orElse(ClusterFacts.DEFAULT_VERSION);
      List<Service> services = new ArrayList<>();
      facts.path("services").forEach(service -> services.add(service(service)));
      JsonNode workload = facts.path("workload");
      return new Facts(
          facts.path("namespace").asText("shop"),
          new ClusterFacts(
              version,
              KubernetesVersion.of(facts.path("oldestKubelet").asText()).orElse(version),
              strings(facts.path("namespaceLabels")),
              services,
              workload.isMissingNode() ? Optional.empty() : Optional.of(workload(workload))));
    }

    private static Service service(JsonNode service) {
      List<ServicePort> ports = new ArrayList<>();
      service
          .path("ports")
          .forEach(
              port ->
                  ports.add(
                      new ServicePort(
                          port.path("name").asText(),
                          port.path("protocol").asText("TCP"),
                          port.path("targetPort").asText())));
      return new Service(
          service.path("name").asText(),
          strings(service.path("selector")),
          service.path("headless").asBoolean(),
          service.path("publishNotReadyAddresses").asBoolean(),
          ports);
    }

    private static Workload workload(JsonNode workload) {
      return new Workload(
          workload.path("kind").asText(),
          workload.path("name").asText(),
          LabelSelector.read(workload.path("selector")),
          workload.has("replicas")
              ? Optional.of(workload.path("replicas").asInt())
              : Optional.empty());
    }

    private static Map<String, String> strings(JsonNode node) {
      Map<String, String> strings = new HashMap<>();
      node.properties().forEach(entry -> strings.put(entry.getKey(), entry.getValue().asText()));
      return strings;
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rules")
  void every_rule_has_cases(Rule rule) throws IOException {
    try (Stream<Path> folders = Files.list(GOLDEN.resolve(rule.name().id()))) {
      assertThat(folders.filter(Files::isDirectory).count()).isGreaterThanOrEqualTo(3);
    }
  }

  static List<Rule> rules() {
    return Rules.ALL;
  }
}
