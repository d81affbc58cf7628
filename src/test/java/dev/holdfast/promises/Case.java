package dev.holdfast.promises;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.oracle.PodValidation;
import dev.holdfast.oracle.StrictJsonPatch;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.RuleName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * One pod, with everything that decides what becomes of it: a single JSON document, so that a
 * failed property prints what a regression test can paste into {@link #of(String)}.
 *
 * <pre>
 * namespace        default "default"
 * kubernetes       version of the API server, default "1.34"
 * kubelet          version of the oldest kubelet, default that of the API server
 * namespaceLabels  labels of the namespace
 * services         Services, as manifests
 * workload         kind, name, selector, replicas
 * policies         HardeningPolicies, as manifests; default: the embedded one
 * pod              the Pod
 * </pre>
 */
public final class Case {
  /** The namespace that Holdfast itself runs in. */
  public static final String OWN_NAMESPACE = "holdfast-system";

  /** Reads numbers as they are written: 1.0 is not 1, and 1e400 not infinite. */
  public static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private final ObjectNode document;
  private final ObjectNode pod;
  private final String namespace;
  private final List<HardeningPolicy> policies;
  private final ClusterFacts facts;

  private Case(ObjectNode document) {
    this.document = document;
    this.pod = (ObjectNode) document.get("pod");
    this.namespace = document.path("namespace").asText("default");
    this.policies = policies(document.path("policies"));
    this.facts = facts(document);
  }

  /** Reads a case as {@link #toString} prints it. */
  public static Case of(String json) {
    try {
      return new Case((ObjectNode) JSON.readTree(json));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The case of a document; empty if it is none, for example because a policy is bad. */
  static Optional<Case> of(ObjectNode document) {
    try {
      return document.path("pod").isObject() ? Optional.of(new Case(document)) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** This case with a change to a copy of its document. */
  public Case with(Consumer<ObjectNode> change) {
    ObjectNode copy = document.deepCopy();
    change.accept(copy);
    return new Case(copy);
  }

  /** This case with another pod. */
  public Case withPod(JsonNode other) {
    return with(copy -> copy.set("pod", other));
  }

  /** This case with one more annotation on the pod, in place of one of the same name. */
  public Case withAnnotation(String key, String value) {
    return with(copy -> map(copy.withObject("/pod"), "annotations").put(key, value));
  }

  /** This case with one more label on the pod, in place of one of the same name. */
  public Case withLabel(String key, String value) {
    return with(copy -> map(copy.withObject("/pod"), "labels").put(key, value));
  }

  /** This case with a change to the {@code spec} of each of its policies. */
  public Case withPolicies(Consumer<ObjectNode> change) {
    return with(
        copy -> {
          if (!copy.has("policies")) {
            copy.putArray("policies").add(Policies.named("default"));
          }
          copy.get("policies")
              .forEach(policy -> change.accept(((ObjectNode) policy).withObject("/spec")));
        });
  }

  /** The document, which must not be changed. */
  ObjectNode document() {
    return document;
  }

  /** The pod, which must not be changed. */
  public ObjectNode pod() {
    return pod;
  }

  public String namespace() {
    return namespace;
  }

  public List<HardeningPolicy> policies() {
    return policies;
  }

  public ClusterFacts facts() {
    return facts;
  }

  /** The minor of the API server's version. */
  public int minor() {
    return facts.apiServer().minor();
  }

  /** Whether the API server would take the pod as it is. */
  public boolean isValid() {
    return PodValidation.errors(pod, minor()).isEmpty();
  }

  /** What the engine says. */
  public Outcome harden() {
    return new Hardener(policies, OWN_NAMESPACE).harden(pod, namespace, facts);
  }

  /** The policy that an outcome names, if one applied. */
  public Optional<HardeningPolicy> policyOf(Outcome outcome) {
    return policies.stream().filter(policy -> policy.name().equals(outcome.policy())).findFirst();
  }

  /** The pod with an outcome's patch. */
  public ObjectNode patched(Outcome outcome) {
    return (ObjectNode) StrictJsonPatch.apply(pod, json(outcome.patch()));
  }

  /** A patch as it goes over the wire. */
  public static ArrayNode json(List<PatchOperation> patch) {
    ArrayNode operations = JSON.createArrayNode();
    for (PatchOperation operation : patch) {
      operations
          .addObject()
          .put("op", operation.op().word())
          .put("path", operation.path())
          .set("value", operation.value());
    }
    return operations;
  }

  /** Edits as text, one each; those of the rules that are left out are not among them. */
  static List<String> texts(List<Edit> edits, Set<RuleName> leftOut) {
    List<String> texts = new ArrayList<>();
    for (Edit edit : edits) {
      if (!leftOut.contains(edit.rule())) {
        texts.add(
            edit.rule()
                + " "
                + edit.op().word()
                + " "
                + edit.path()
                + " "
                + edit.value()
                + " "
                + edit.reason());
      }
    }
    return texts;
  }

  static List<String> texts(List<Edit> edits) {
    return texts(edits, Set.of());
  }

  static Set<String> codes(List<Finding> findings) {
    Set<String> codes = new TreeSet<>();
    findings.forEach(finding -> codes.add(finding.code() + " " + finding.path()));
    return codes;
  }

  private static ObjectNode map(ObjectNode pod, String field) {
    ObjectNode metadata =
        pod.path("metadata").isObject()
            ? (ObjectNode) pod.get("metadata")
            : pod.putObject("metadata");
    return metadata.path(field).isObject()
        ? (ObjectNode) metadata.get(field)
        : metadata.putObject(field);
  }

  private static List<HardeningPolicy> policies(JsonNode documents) {
    if (documents.isMissingNode()) {
      return List.of(PolicyLoader.embedded());
    }
    List<HardeningPolicy> policies = new ArrayList<>();
    try {
      for (JsonNode document : documents) {
        policies.addAll(
            PolicyLoader.load("policy", document.toString().getBytes(StandardCharsets.UTF_8)));
      }
    } catch (PolicyException e) {
      throw new IllegalArgumentException(e);
    }
    return policies;
  }

  private static ClusterFacts facts(ObjectNode document) {
    KubernetesVersion apiServer =
        version(document.path("kubernetes"), ClusterFacts.DEFAULT_VERSION);
    List<ClusterFacts.Service> services = new ArrayList<>();
    document.path("services").forEach(service -> services.add(service(service)));
    return new ClusterFacts(
        apiServer,
        version(document.path("kubelet"), apiServer),
        strings(document.path("namespaceLabels")),
        services,
        workload(document.path("workload")));
  }

  private static KubernetesVersion version(JsonNode version, KubernetesVersion otherwise) {
    return version.isMissingNode()
        ? otherwise
        : KubernetesVersion.of(version.asText()).orElseThrow(IllegalArgumentException::new);
  }

  private static ClusterFacts.Service service(JsonNode manifest) {
    JsonNode spec = manifest.path("spec");
    List<ClusterFacts.ServicePort> ports = new ArrayList<>();
    for (JsonNode port : spec.path("ports")) {
      ports.add(
          new ClusterFacts.ServicePort(
              port.path("name").asText(""),
              port.path("protocol").asText("TCP"),
              port.path("targetPort").asText(port.path("port").asText())));
    }
    return new ClusterFacts.Service(
        manifest.path("metadata").path("name").asText(),
        strings(spec.path("selector")),
        spec.path("clusterIP").asText().equals("None"),
        spec.path("publishNotReadyAddresses").asBoolean(),
        ports);
  }

  private static Optional<ClusterFacts.Workload> workload(JsonNode workload) {
    if (workload.isMissingNode()) {
      return Optional.empty();
    }
    return Optional.of(
        new ClusterFacts.Workload(
            workload.path("kind").asText(),
            workload.path("name").asText(),
            LabelSelector.read(workload.path("selector")),
            workload.has("replicas")
                ? Optional.of(workload.get("replicas").asInt())
                : Optional.empty()));
  }

  private static Map<String, String> strings(JsonNode object) {
    Map<String, String> strings = new LinkedHashMap<>();
    object.properties().forEach(entry -> strings.put(entry.getKey(), entry.getValue().asText()));
    return strings;
  }

  @Override
  public String toString() {
    return document.toPrettyString();
  }
}
