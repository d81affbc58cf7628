package dev.holdfast.hardening.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Reads a pod from its tree. Absent and {@code null} are the same, as for the API server; a field
 * of a wrong type throws {@link UnreadableField} when it is read, and not before. Never changes the
 * tree.
 */
public final class PodView {
  private static final String HOSTNAME = "kubernetes.io/hostname";

  private final ObjectNode spec;
  private final Metadata metadata;
  private final List<Container> containers;
  private final List<Container> apps;

  private PodView(
      ObjectNode spec, Metadata metadata, List<Container> containers, List<Container> apps) {
    this.spec = spec;
    this.metadata = metadata;
    this.containers = containers;
    this.apps = apps;
  }

  /**
   * Looks at a tree, in which every container counts as one of the app's.
   *
   * @param pod a Pod or a pod template
   * @param metadata as {@link Metadata#of} read it
   * @throws UnreadableField if the containers cannot be told apart
   */
  public static PodView of(ObjectNode pod, Metadata metadata) {
    ObjectNode spec = Fields.object(pod, "", "spec");
    List<Container> containers = containers(spec, "containers");
    return new PodView(spec, metadata, containers, containers);
  }

  /**
   * The same pod, seen without some of its containers.
   *
   * @param leftAlone names of containers that are no app containers
   */
  public PodView without(Predicate<String> leftAlone) {
    List<Container> left = new ArrayList<>(containers.size());
    for (Container container : containers) {
      if (!leftAlone.test(container.name())) {
        left.add(container);
      }
    }
    return new PodView(spec, metadata, containers, left);
  }

  /**
   * The same pod after edits, which never add, remove or rename app containers.
   *
   * @param changed its tree now
   */
  public PodView after(ObjectNode changed) {
    ObjectNode changedSpec = Fields.object(changed, "", "spec");
    ArrayNode array = Fields.array(changedSpec, "/spec", "containers");
    List<Container> all = new ArrayList<>(containers.size());
    List<Container> changedApps = new ArrayList<>(apps.size());
    for (int i = 0; i < containers.size(); i++) {
      Container before = containers.get(i);
      Container now = before.after((ObjectNode) array.get(i));
      all.add(now);
      if (changedApps.size() < apps.size() && apps.get(changedApps.size()) == before) {
        changedApps.add(now);
      }
    }
    return new PodView(changedSpec, metadata, all, changedApps);
  }

  private static List<Container> containers(ObjectNode spec, String key) {
    ArrayNode array = Fields.array(spec, "/spec", key);
    List<Container> containers = new ArrayList<>(array.size());
    for (int i = 0; i < array.size(); i++) {
      String pointer = "/spec/" + key + "/" + i;
      ObjectNode container = Fields.element(array, "/spec/" + key, i);
      containers.add(new Container(container, Fields.text(container, pointer, "name"), pointer));
    }
    return containers;
  }

  /** The pod's labels. */
  public Map<String, String> labels() {
    return metadata.labels();
  }

  /** All of {@code spec.containers}, in order. */
  public List<Container> containers() {
    return containers;
  }

  /** {@code spec.containers} without known, configured and excluded sidecars, in order. */
  public List<Container> apps() {
    return apps;
  }

  /** {@code spec.initContainers}, in order. */
  public List<Container> initContainers() {
    return containers(spec, "initContainers");
  }

  /**
   * Native sidecars: init containers with {@code restartPolicy: Always}. Another policy there does
   * not make a sidecar (KEP-5307).
   */
  public List<Container> nativeSidecars() {
    ArrayNode array = Fields.array(spec, "/spec", "initContainers");
    if (array.isEmpty()) {
      return List.of();
    }
    List<Container> all = initContainers();
    List<Container> sidecars = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      ObjectNode node = Fields.element(array, "/spec/initContainers", i);
      if (Fields.text(node, all.get(i).pointer(), "restartPolicy").equals("Always")) {
        sidecars.add(all.get(i));
      }
    }
    return sidecars;
  }

  /** {@code terminationGracePeriodSeconds}; empty where the API server will write 30. */
  public OptionalLong terminationGracePeriodSeconds() {
    return Fields.integer(spec, "/spec", "terminationGracePeriodSeconds");
  }

  /** Whether the pod ends by itself, as those of Jobs do. */
  public boolean runsToCompletion() {
    String policy = Fields.text(spec, "/spec", "restartPolicy");
    return !policy.isEmpty() && !policy.equals("Always");
  }

  /**
   * Whether it is for Windows nodes. {@code spec.os} is optional there, so a node selector and
   * required node affinity count too.
   */
  public boolean isWindows() {
    return Fields.text(Fields.object(spec, "/spec", "os"), "/spec/os", "name").equals("windows")
        || Fields.text(nodeSelector(), "/spec/nodeSelector", "kubernetes.io/os").equals("windows")
        || requiresNode(
            expression ->
                key(expression).equals("kubernetes.io/os") && onlyValue(expression, "windows"));
  }

  /** Whether it can only run on nodes named by the user, so that a spread has no say. */
  public boolean isPinned() {
    return !Fields.text(spec, "/spec", "nodeName").isEmpty()
        || nodeSelector().has(HOSTNAME)
        || requiresNode(
            expression ->
                key(expression).equals(HOSTNAME) || key(expression).equals("metadata.name"));
  }

  private ObjectNode nodeSelector() {
    return Fields.object(spec, "/spec", "nodeSelector");
  }

  private static String key(JsonNode expression) {
    return expression.path("key").asText();
  }

  private static boolean onlyValue(JsonNode expression, String value) {
    return expression.path("operator").asText().equals("In")
        && expression.path("values").size() == 1
        && expression.path("values").path(0).asText().equals(value);
  }

  /** Whether some term of the required node affinity holds such an expression. */
  private boolean requiresNode(Predicate<JsonNode> expression) {
    if (Fields.member(spec, "affinity").isMissingNode()) {
      return false;
    }
    JsonNode terms =
        affinity()
            .path("nodeAffinity")
            .path("requiredDuringSchedulingIgnoredDuringExecution")
            .path("nodeSelectorTerms");
    for (JsonNode term : terms) {
      for (String list : List.of("matchExpressions", "matchFields")) {
        for (JsonNode candidate : term.path(list)) {
          if (expression.test(candidate)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private ObjectNode affinity() {
    return Fields.object(spec, "/spec", "affinity");
  }

  /** Whether the user wrote any anti-affinity, even an empty one. */
  public boolean hasPodAntiAffinity() {
    return !Fields.member(affinity(), "podAntiAffinity").isMissingNode();
  }

  /** Whether the user wrote any topology spread constraint. */
  public boolean hasTopologySpreadConstraints() {
    return !Fields.array(spec, "/spec", "topologySpreadConstraints").isEmpty();
  }

  /** The kind of the owner that controls the pod; empty if none does. */
  public Optional<String> controllerKind() {
    return metadata.controllerKind();
  }

  /** {@code spec.priorityClassName}, "" if there is none. */
  public String priorityClassName() {
    return Fields.text(spec, "/spec", "priorityClassName");
  }

  /** {@code spec.priority}; the API server has computed it before any webhook is asked. */
  public OptionalLong priority() {
    return Fields.integer(spec, "/spec", "priority");
  }

  /** A quantity of pod-level {@code resources} (KEP-2837). */
  public Optional<Quantity> resource(String list, String resource) {
    return Quantity.of(Fields.object(spec, "/spec", "resources"), "/spec", list, resource);
  }
}
