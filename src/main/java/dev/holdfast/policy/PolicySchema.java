package dev.holdfast.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.policy.SchemaType.Anything;
import dev.holdfast.policy.SchemaType.Flag;
import dev.holdfast.policy.SchemaType.Key;
import dev.holdfast.policy.SchemaType.ListOf;
import dev.holdfast.policy.SchemaType.Struct;
import dev.holdfast.policy.SchemaType.Text;
import dev.holdfast.policy.SchemaType.Texts;
import dev.holdfast.policy.SchemaType.Whole;
import dev.holdfast.policy.SchemaType.WholeOr;
import dev.holdfast.policy.SchemaType.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a HardeningPolicy may say, written once: the loader checks by it, and the JSON Schema and
 * the reference page are made from it.
 */
final class PolicySchema {
  static final String API_VERSION = "holdfast.dev/v1alpha1";
  static final String KIND = "HardeningPolicy";

  private static final Whole SECONDS = new Whole(1, 3600);
  private static final int MAX_PRIORITY = 1_000_000;

  private static final Text CONTAINER_NAME =
      text("[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", "a name of a-z, 0-9 and - (DNS label)");
  private static final Text ANY_TEXT = new Text(Pattern.compile("(?s).*"), "text");
  private static final Text OBJECT_NAME =
      text("[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?", "a name of a-z, 0-9, - and . (DNS subdomain)");
  private static final Text LABEL_KEY =
      text(
          "(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?"
              + "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?",
          "a label name");
  private static final Text LABEL_VALUE =
      text("(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", "a label value");
  private static final Text REFERENCE =
      text("\\S{0,512}", "a text of at most 512 characters without blanks");

  /** Labels and their values. */
  static final Texts LABELS = new Texts(LABEL_KEY, LABEL_VALUE);

  private static final Struct SELECTOR =
      Struct.of(
          optional("matchLabels", LABELS, "Labels that must be there."),
          optional(
              "matchExpressions",
              ListOf.repeating(
                  Struct.of(
                          optional("key", LABEL_KEY, "The label."),
                          optional(
                              "operator",
                              Word.of(LabelSelector.Operator.class),
                              "How it is compared."),
                          optional("values", new ListOf(LABEL_VALUE, 0), "What with."))
                      .requiring("key", "operator")),
              "Requirements that must all hold."));

  private static final ListOf TOPOLOGY_KEYS = new ListOf(LABEL_KEY, 1);
  private static final List<String> TOPOLOGIES =
      List.of("kubernetes.io/hostname", "topology.kubernetes.io/zone");

  /** {@code spec.rules}. */
  static final Struct RULES =
      Struct.of(
          rule(
              RuleName.PRE_STOP,
              "A pause before SIGTERM.",
              key(
                  "strategy",
                  Word.of(RuleSettings.Strategy.class),
                  "Sleep",
                  "A fixed pause, or one that ends when connections have gone quiet."),
              key("sleepSeconds", SECONDS, 10, "The pause, in seconds."),
              key(
                  "applyTo",
                  Word.of(RuleSettings.ApplyTo.class),
                  "Every",
                  "Every app container, or those with a declared port or behind a Service."),
              key(
                  "shell",
                  Word.of(RuleSettings.Shell.class),
                  "Denied",
                  "Whether /bin/sh may do the pause where Kubernetes is older than 1.30."),
              struct(
                  "drain",
                  "How long a drain lasts.",
                  key("quietSeconds", SECONDS, 5, "Seconds without traffic that end it."),
                  key("minimumSeconds", SECONDS, 5, "Seconds that it lasts at least."),
                  key("maximumSeconds", SECONDS, 25, "Seconds that it lasts at most."))),
          rule(
              RuleName.TERMINATION_GRACE,
              "Enough time to stop.",
              key("shutdownSeconds", SECONDS, 30, "What an app needs after SIGTERM, in seconds."),
              key(
                  "maximumSeconds",
                  SECONDS,
                  600,
                  "The most that a grace period is raised to, in seconds.")),
          rule(
              RuleName.READINESS_PROBE,
              "A readiness probe, where there is evidence of what to ask.",
              key(
                  "evidence",
                  new ListOf(Word.of(RuleSettings.Evidence.class), 0),
                  List.of("Annotation", "Probe", "Service"),
                  "What it may be derived from, in this order."),
              key("periodSeconds", SECONDS, 5, "How often it asks, in seconds."),
              key("timeoutSeconds", SECONDS, 3, "How long it waits for an answer, in seconds."),
              key(
                  "failureThreshold",
                  new Whole(1, 1000),
                  3,
                  "Failures in a row that stop traffic.")),
          rule(
              RuleName.STARTUP_PROBE,
              "A startup probe, so that a slow start is no reason for a restart.",
              key(
                  "from",
                  new ListOf(Word.of(RuleSettings.Source.class), 0),
                  List.of("Liveness"),
                  "Which probes it may be derived from, in this order."),
              key("periodSeconds", SECONDS, 5, "How often it asks, in seconds."),
              key("budgetSeconds", SECONDS, 300, "The time that a start may take, in seconds.")),
          rule(
              RuleName.PROBE_TIMEOUT,
              "Timeouts of probes above the default of one second.",
              key("minimumSeconds", SECONDS, 3, "What timeouts of 1 s are raised to.")),
          rule(
              RuleName.ANTI_AFFINITY,
              "Replicas on different nodes, by pod anti-affinity.",
              key(
                  "strength",
                  Word.of(RuleSettings.Strength.class),
                  "Preferred",
                  "A wish, or a condition (for kubernetes.io/hostname; others stay a wish)."),
              key(
                  "topologyKeys",
                  TOPOLOGY_KEYS,
                  TOPOLOGIES,
                  "Failure domains, most wanted first.")),
          rule(
              RuleName.TOPOLOGY_SPREAD,
              "Replicas spread evenly, by topology spread constraints.",
              key("maxSkew", new Whole(1, Integer.MAX_VALUE), 1, "How uneven it may be."),
              key(
                  "whenUnsatisfiable",
                  Word.of(RuleSettings.WhenUnsatisfiable.class),
                  "ScheduleAnyway",
                  "What happens to a pod that would break it."),
              key("topologyKeys", TOPOLOGY_KEYS, TOPOLOGIES, "Failure domains.")),
          rule(
              RuleName.INIT,
              "An init process in front of the command.",
              key(
                  "wrap",
                  Word.of(RuleSettings.Wrap.class),
                  "Explicit",
                  "Which commands: none, those that the pod spells out, or also the image's."),
              key(
                  "delivery",
                  Word.of(RuleSettings.Delivery.class),
                  "InitContainer",
                  "How the binary gets into the pod."),
              key("image", REFERENCE, "", "The image that holds the binary."),
              key("pullSecrets", new ListOf(OBJECT_NAME, 0), List.of(), "Secrets to pull it with."),
              new Key(
                  "registries",
                  ListOf.distinctBy(
                      "host",
                      Struct.of(
                              optional("host", REFERENCE, "The registry's host."),
                              optional("mirror", REFERENCE, "Where to ask in its place."),
                              optional("caFile", REFERENCE, "Its certificate authority."),
                              optional("plainHttp", new Flag(), "Whether it has no TLS."))
                          .requiring("host")),
                  JsonNodeFactory.instance.arrayNode(),
                  "How registries are reached.")),
          rule(RuleName.STOP_SIGNAL, "The signal that the app stops gracefully on."),
          rule(
              RuleName.WAIT_FOR,
              "A start that waits for what the app depends on.",
              key("timeoutSeconds", SECONDS, 300, "How long it waits, in seconds.")),
          rule(
              RuleName.DISRUPTION_BUDGET,
              "A PodDisruptionBudget for each workload that can bear one.",
              new Key(
                  "maxUnavailable",
                  new WholeOr(
                      new Whole(1, Integer.MAX_VALUE),
                      text("(?:[1-9]|[1-9][0-9]|100)%", "a percentage from 1% to 100%")),
                  IntNode.valueOf(1),
                  "How many pods may be away at once."),
              key(
                  "ownedWorkloads",
                  Word.of(RuleSettings.OwnedWorkloads.class),
                  "Skip",
                  "Whether workloads that a custom resource owns get one."),
              key(
                  "kinds",
                  new ListOf(text("[a-z0-9.-]{1,253}/[A-Z][A-Za-z0-9]{0,62}", "GROUP/KIND"), 0),
                  List.of(),
                  "More kinds of workloads.")),
          rule(RuleName.PRIORITY_CLASS, "Reports pods without a priority class."),
          rule(
              RuleName.REPLICAS,
              "Reports workloads with too few replicas.",
              key("minimum", new Whole(1, Integer.MAX_VALUE), 2, "The fewest that are enough.")),
          rule(RuleName.LIVENESS_PROBE, "Reports liveness probes that can do harm."),
          rule(RuleName.MEMORY_LIMIT, "Reports containers without a memory limit."));

  /** {@code spec}. */
  static final Struct SPEC =
      Struct.of(
          key(
              "profile",
              new Word(List.of("minimal", "standard", "full")),
              "standard",
              "The starting point; rules change it."),
          key("mode", Word.of(Mode.class), "Enforce", "Change pods, only report, or do nothing."),
          key(
              "scope",
              Word.of(HardeningPolicy.Scope.class),
              "Cluster",
              "Every namespace that is not excluded, or only those labelled enforce or audit."),
          key(
              "priority",
              new Whole(-MAX_PRIORITY, MAX_PRIORITY),
              0,
              "The highest wins where several policies match."),
          new Key(
              "namespaceSelector",
              SELECTOR,
              JsonNodeFactory.instance.objectNode(),
              "Labels of the namespaces that the policy is for."),
          new Key(
              "podSelector",
              SELECTOR,
              JsonNodeFactory.instance.objectNode(),
              "Labels of the pods that the policy is for."),
          key(
              "excludeNamespaces",
              new ListOf(CONTAINER_NAME, 0),
              List.of(),
              "Namespaces left alone, besides kube-system, kube-public and kube-node-lease."),
          key(
              "overrides",
              Word.of(HardeningPolicy.Overrides.class),
              "Allowed",
              "Whether labels and annotations of pods count."),
          key(
              "sidecars",
              new ListOf(CONTAINER_NAME, 0),
              List.of(),
              "Names of more containers to leave alone."),
          optional("rules", RULES, "Settings of the rules, and a mode of its own for each."));

  /** What people write into it, and what an API server adds. */
  private static final Struct METADATA =
      Struct.of(
              optional("name", OBJECT_NAME, "The policy's name."),
              optional("labels", LABELS, "Labels of the policy itself."),
              optional("annotations", new Texts(LABEL_KEY, ANY_TEXT), "Its annotations."),
              optional("namespace", new Anything(), "Ignored: policies have none."),
              optional("generateName", new Anything(), "Ignored."),
              optional("uid", new Anything(), "Ignored."),
              optional("resourceVersion", new Anything(), "Ignored."),
              optional("generation", new Anything(), "Ignored."),
              optional("creationTimestamp", new Anything(), "Ignored."),
              optional("deletionTimestamp", new Anything(), "Ignored."),
              optional("deletionGracePeriodSeconds", new Anything(), "Ignored."),
              optional("finalizers", new Anything(), "Ignored."),
              optional("ownerReferences", new Anything(), "Ignored."),
              optional("managedFields", new Anything(), "Ignored."),
              optional("selfLink", new Anything(), "Ignored."))
          .requiring("name");

  /** The whole document. */
  static final Struct DOCUMENT =
      Struct.of(
              optional("apiVersion", new Word(List.of(API_VERSION)), "The version of this schema."),
              optional("kind", new Word(List.of(KIND)), "The kind of this object."),
              optional("metadata", METADATA, "Holds the policy's name."),
              optional("spec", SPEC, "What the policy says."),
              optional("status", new Anything(), "Written by Holdfast; ignored here."))
          .requiring("apiVersion", "kind", "metadata");

  private PolicySchema() {}

  /** The JSON Schema of a policy file, for editors. */
  static ObjectNode jsonSchema() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("$id", "https://holdfast.dev/reference/hardeningpolicy.schema.json");
    schema.put("title", KIND + " of " + API_VERSION);
    schema.setAll(DOCUMENT.jsonSchema());
    return schema;
  }

  /** A {@code spec} that says everything that is said by leaving it out. */
  static ObjectNode defaults() {
    return defaults(SPEC);
  }

  private static ObjectNode defaults(Struct struct) {
    ObjectNode defaults = JsonNodeFactory.instance.objectNode();
    for (Key key : struct.keys().values()) {
      if (key.type() instanceof Struct below && key.defaultValue().isMissingNode()) {
        defaults.set(key.name(), defaults(below));
      } else if (!key.defaultValue().isMissingNode()) {
        defaults.set(key.name(), key.defaultValue().deepCopy());
      }
    }
    return defaults;
  }

  private static Key rule(RuleName name, String description, Key... settings) {
    List<Key> keys = new ArrayList<>();
    keys.add(
        optional(
            "mode",
            Word.of(Mode.class),
            "The rule's own mode, which can only lower that of the pod."));
    keys.addAll(List.of(settings));
    return struct(name.key(), description, keys.toArray(Key[]::new));
  }

  private static Key struct(String name, String description, Key... keys) {
    return optional(name, Struct.of(keys), description);
  }

  private static Key optional(String name, SchemaType type, String description) {
    return new Key(name, type, MissingNode.getInstance(), description);
  }

  private static Key key(String name, SchemaType type, int defaultValue, String description) {
    return new Key(name, type, IntNode.valueOf(defaultValue), description);
  }

  private static Key key(String name, SchemaType type, String defaultValue, String description) {
    return new Key(name, type, TextNode.valueOf(defaultValue), description);
  }

  private static Key key(
      String name, SchemaType type, List<String> defaultValue, String description) {
    var list = JsonNodeFactory.instance.arrayNode();
    defaultValue.forEach(list::add);
    return new Key(name, type, list, description);
  }

  private static Text text(String form, String allowed) {
    return new Text(Pattern.compile(form), allowed);
  }

  /** A mode as it stands in a checked document; see {@link Word} for {@code false}. */
  static Mode mode(JsonNode value) {
    return value.equals(BooleanNode.FALSE)
        ? Mode.OFF
        : Mode.of(value.asText()).orElseThrow(IllegalStateException::new);
  }
}
