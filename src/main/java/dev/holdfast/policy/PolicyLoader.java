package dev.holdfast.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.SchemaType.Problems;
import dev.holdfast.yaml.Position;
import dev.holdfast.yaml.YamlDocument;
import dev.holdfast.yaml.YamlException;
import dev.holdfast.yaml.YamlStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads HardeningPolicies: the one loader for files, custom resources and the embedded default. */
public final class PolicyLoader {
  private PolicyLoader() {}

  /** Apart, as it takes longer to start than a command that writes no policy has to answer. */
  private static final class Mapper {
    static final ObjectMapper JSON = new ObjectMapper();
  }

  /**
   * Reads every HardeningPolicy of a text.
   *
   * @param source the name of the file, for messages
   * @param bytes YAML or JSON, one or more documents
   * @return at least one policy
   * @throws PolicyException naming file, line, column and what is allowed, for everything wrong
   */
  public static List<HardeningPolicy> load(String source, byte[] bytes) throws PolicyException {
    List<PolicyException.Problem> problems = new ArrayList<>();
    List<HardeningPolicy> policies = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (YamlDocument document : documents(source, bytes)) {
      Found found = new Found(source, document, problems);
      int before = problems.size();
      check(document.content(), found);
      if (problems.size() == before) {
        HardeningPolicy policy = build((ObjectNode) document.content());
        policies.add(policy);
        if (!names.add(policy.name())) {
          found.atValue("/metadata/name", policy.name() + " is there twice");
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new PolicyException(problems);
    }
    return List.copyOf(policies);
  }

  /** What is found in a document, with its places in the text. */
  private record Found(String source, YamlDocument document, List<PolicyException.Problem> problems)
      implements Problems {
    @Override
    public void atValue(String pointer, String problem) {
      add(document.position(pointer), pointer, problem);
    }

    @Override
    public void atKey(String pointer, String problem) {
      add(document.keyPosition(pointer), pointer, problem);
    }

    private void add(Position at, String pointer, String problem) {
      problems.add(new PolicyException.Problem(source, at.line(), at.column(), pointer, problem));
    }
  }

  /** The policy that serves where no other is given: the profile {@code standard}. */
  public static HardeningPolicy embedded() {
    return ofProfile(Profile.STANDARD);
  }

  /** A policy named {@code default} that is a profile and nothing else. */
  public static HardeningPolicy ofProfile(Profile profile) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    document.putObject("metadata").put("name", "default");
    document.putObject("spec").put("profile", profile.name().toLowerCase(Locale.ROOT));
    return build(document);
  }

  private static List<YamlDocument> documents(String source, byte[] bytes) throws PolicyException {
    try {
      List<YamlDocument> documents = new ArrayList<>();
      for (YamlDocument document : YamlStream.parse(source, bytes)) {
        if (!document.content().isNull()) {
          documents.add(document);
        }
      }
      if (documents.isEmpty()) {
        throw new PolicyException(
            List.of(
                new PolicyException.Problem(
                    source, 1, 1, "", "there is no " + PolicySchema.KIND + " here")));
      }
      return documents;
    } catch (YamlException e) {
      Position at = e.position();
      throw new PolicyException(
          List.of(new PolicyException.Problem(source, at.line(), at.column(), "", e.problem())));
    }
  }

  private static void check(JsonNode document, Found found) {
    PolicySchema.DOCUMENT.check("", document, found);
    JsonNode profile = document.at("/spec/profile");
    if (document instanceof ObjectNode object
        && (profile.isMissingNode() || Profile.isName(profile.asText()))) {
      checkTogether(effectiveSpec(object), found);
    }
    checkSelector("/spec/namespaceSelector", document, found);
    checkSelector("/spec/podSelector", document, found);
  }

  /** What no value can say alone. */
  private static void checkTogether(ObjectNode spec, Problems problems) {
    checkOrder(spec, "preStop/drain", "minimumSeconds", "maximumSeconds", problems);
    checkOrder(spec, "readinessProbe", "timeoutSeconds", "periodSeconds", problems);
    checkOrder(spec, "terminationGrace", "shutdownSeconds", "maximumSeconds", problems);
  }

  private static void checkOrder(
      ObjectNode spec, String below, String smaller, String larger, Problems problems) {
    String pointer = "/rules/" + below + "/";
    JsonNode least = spec.at(pointer + smaller);
    JsonNode most = spec.at(pointer + larger);
    if (least.isInt() && most.isInt() && least.intValue() > most.intValue()) {
      problems.atValue(
          "/spec" + pointer + smaller,
          mustNotExceed(smaller, larger) + ": it is " + least + ", the other is " + most);
    }
  }

  /** What the API server says, too. */
  static String mustNotExceed(String smaller, String larger) {
    return smaller + " must not exceed " + larger;
  }

  private static void checkSelector(String pointer, JsonNode document, Problems problems) {
    JsonNode expressions = document.at(pointer).path("matchExpressions");
    for (int i = 0; i < expressions.size(); i++) {
      String operator = expressions.path(i).path("operator").asText();
      if (LabelSelector.Operator.of(operator).isEmpty()) {
        continue;
      }
      LabelSelector.Operator compared = LabelSelector.Operator.of(operator).get();
      if (compared.comparesValues() == expressions.path(i).path("values").isEmpty()) {
        problems.atValue(pointer + "/matchExpressions/" + i, compared.problem());
      }
    }
  }

  private static HardeningPolicy build(ObjectNode document) {
    ObjectNode spec = effectiveSpec(document);
    return new HardeningPolicy(
        document.at("/metadata/name").textValue(),
        RecordReader.read(spec.get("profile"), Profile.class),
        PolicySchema.mode(spec.get("mode")),
        RecordReader.read(spec.get("scope"), HardeningPolicy.Scope.class),
        spec.get("priority").intValue(),
        LabelSelector.read(spec.get("namespaceSelector")).orElseThrow(),
        LabelSelector.read(spec.get("podSelector")).orElseThrow(),
        strings(spec.get("excludeNamespaces")),
        RecordReader.read(spec.get("overrides"), HardeningPolicy.Overrides.class),
        strings(spec.get("sidecars")),
        settings(spec),
        modes(document));
  }

  /** What the document says, on top of what its profile says, on top of the defaults. */
  private static ObjectNode effectiveSpec(ObjectNode document) {
    ObjectNode spec = PolicySchema.defaults();
    JsonNode said = document.path("spec");
    String profile = said.path("profile").asText(spec.get("profile").textValue());
    merge((ObjectNode) spec.get("rules"), Profile.of(profile).rules());
    if (said instanceof ObjectNode object) {
      merge(spec, object);
    }
    return spec;
  }

  private static void merge(ObjectNode into, ObjectNode from) {
    for (Map.Entry<String, JsonNode> member : from.properties()) {
      if (member.getValue() instanceof ObjectNode below
          && into.get(member.getKey()) instanceof ObjectNode present) {
        merge(present, below);
      } else {
        into.set(member.getKey(), member.getValue().deepCopy());
      }
    }
  }

  private static RuleSettings settings(ObjectNode spec) {
    return RecordReader.read(spec.get("rules"), RuleSettings.class);
  }

  private static Map<RuleName, Mode> modes(ObjectNode document) {
    Map<RuleName, Mode> modes = new EnumMap<>(RuleName.class);
    for (RuleName rule : RuleName.values()) {
      JsonNode mode = document.at("/spec/rules/" + rule.key() + "/mode");
      if (!mode.isMissingNode()) {
        modes.put(rule, PolicySchema.mode(mode));
      }
    }
    return modes;
  }

  private static Set<String> strings(JsonNode list) {
    Set<String> strings = new LinkedHashSet<>();
    list.forEach(element -> strings.add(element.textValue()));
    return strings;
  }

  /**
   * A policy as a document with every setting spelled out, as {@code holdfast policy show} prints
   * it. Which rules are on is left to the profile where the policy does.
   */
  public static ObjectNode document(HardeningPolicy policy) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    document.put("apiVersion", PolicySchema.API_VERSION);
    document.put("kind", PolicySchema.KIND);
    document.putObject("metadata").put("name", policy.name());
    ObjectNode spec = document.putObject("spec");
    spec.set("profile", Mapper.JSON.valueToTree(policy.profile()));
    spec.set("mode", Mapper.JSON.valueToTree(policy.mode()));
    spec.set("scope", Mapper.JSON.valueToTree(policy.scope()));
    spec.put("priority", policy.priority());
    spec.set("namespaceSelector", policy.namespaceSelector().document());
    spec.set("podSelector", policy.podSelector().document());
    policy.excludeNamespaces().stream().sorted().forEach(spec.putArray("excludeNamespaces")::add);
    spec.set("overrides", Mapper.JSON.valueToTree(policy.overrides()));
    policy.sidecars().stream().sorted().forEach(spec.putArray("sidecars")::add);
    ObjectNode rules = spec.putObject("rules");
    ObjectNode settings = Mapper.JSON.valueToTree(policy.rules());
    String maxUnavailable = policy.rules().disruptionBudget().maxUnavailable();
    if (!maxUnavailable.endsWith("%")) {
      ((ObjectNode) settings.get(RuleName.DISRUPTION_BUDGET.key()))
          .put("maxUnavailable", Integer.parseInt(maxUnavailable));
    }
    for (String key : PolicySchema.RULES.keys().keySet()) {
      ObjectNode rule = rules.putObject(key);
      RuleName name = RuleName.ofKey(key);
      // Off in place of nothing would switch the rule off for annotations that ask for it, too.
      policy.ruleMode(name).ifPresent(mode -> rule.set("mode", Mapper.JSON.valueToTree(mode)));
      if (settings.get(key) instanceof ObjectNode set) {
        rule.setAll(set);
      }
    }
    return document;
  }
}
