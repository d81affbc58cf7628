package dev.holdfast.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.List;

/**
 * The CustomResourceDefinition of {@code HardeningPolicy}, made of the same declaration as the
 * loader, so that the API server refuses what the loader refuses. It has no defaults: what a policy
 * leaves out is its profile's to say.
 *
 * <p>Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions" for structural
 * schemas, "Validation rules" for CEL.
 */
public final class PolicyCustomResource {
  private static final String PLURAL = "hardeningpolicies";

  private PolicyCustomResource() {}

  /** The definition, as it is applied; a new tree. */
  public static ObjectNode definition() {
    ObjectNode definition = JsonNodeFactory.instance.objectNode();
    definition.put("apiVersion", "apiextensions.k8s.io/v1");
    definition.put("kind", "CustomResourceDefinition");
    definition.putObject("metadata").put("name", PLURAL + "." + group());
    ObjectNode spec = definition.putObject("spec");
    spec.put("group", group());
    spec.put("scope", "Cluster");
    ObjectNode names = spec.putObject("names");
    names.put("kind", PolicySchema.KIND);
    names.put("listKind", PolicySchema.KIND + "List");
    names.put("plural", PLURAL);
    names.put("singular", "hardeningpolicy");
    names.putArray("shortNames").add("hp");
    ObjectNode version = spec.putArray("versions").addObject();
    version.put("name", PolicySchema.API_VERSION.substring(group().length() + 1));
    version.put("served", true);
    version.put("storage", true);
    version.putObject("subresources").putObject("status");
    ArrayNode columns = version.putArray("additionalPrinterColumns");
    column(columns, "Profile", "string", ".spec.profile");
    column(columns, "Mode", "string", ".spec.mode");
    column(columns, "Scope", "string", ".spec.scope");
    column(columns, "Priority", "integer", ".spec.priority");
    column(columns, "Namespaces", "integer", ".status.namespaces");
    column(columns, "Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status");
    column(columns, "Age", "date", ".metadata.creationTimestamp");
    version.putObject("schema").set("openAPIV3Schema", schema());
    return definition;
  }

  private static String group() {
    return PolicySchema.API_VERSION.substring(0, PolicySchema.API_VERSION.indexOf('/'));
  }

  private static void column(ArrayNode columns, String name, String type, String path) {
    columns.addObject().put("name", name).put("type", type).put("jsonPath", path);
  }

  private static ObjectNode schema() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("type", "object");
    schema.put("description", "What Holdfast does to which pods.");
    ObjectNode properties = schema.putObject("properties");
    properties.set("spec", spec());
    properties.set("status", status());
    return schema;
  }

  private static ObjectNode spec() {
    ObjectNode spec = structural(PolicySchema.SPEC.jsonSchema());
    spec.put("description", "What the policy says.");
    ObjectNode rules = (ObjectNode) spec.at("/properties/rules/properties");
    inOrder(rules.at("/preStop/properties/drain"), "minimumSeconds", 5, "maximumSeconds", 25);
    inOrder(rules.at("/readinessProbe"), "timeoutSeconds", 3, "periodSeconds", 5);
    inOrder(rules.at("/terminationGrace"), "shutdownSeconds", 30, "maximumSeconds", 600);
    for (String selector : List.of("namespaceSelector", "podSelector")) {
      labelNames((ObjectNode) spec.at("/properties/" + selector + "/properties/matchLabels"));
      ObjectNode expressions =
          (ObjectNode) spec.at("/properties/" + selector + "/properties/matchExpressions");
      ObjectNode expression = (ObjectNode) expressions.get("items");
      for (LabelSelector.Operator operator : LabelSelector.Operator.values()) {
        String isAnother = "self.operator != '" + operator.word() + "' || ";
        rule(
            expression,
            isAnother
                + (operator.comparesValues()
                    ? "(has(self.values) && size(self.values) > 0)"
                    : "!has(self.values) || size(self.values) == 0"),
            operator.problem());
      }
    }
    return spec;
  }

  /** In place of {@code propertyNames}, which structural schemas do not have. */
  private static void labelNames(ObjectNode labels) {
    String pattern = PolicySchema.LABELS.key().jsonSchema().get("pattern").textValue();
    rule(
        labels,
        "self.all(name, name.matches('" + pattern + "'))",
        "a name is " + PolicySchema.LABELS.keyProblem());
  }

  /** What {@link PolicyLoader} checks of two values together, in its words. */
  private static void inOrder(
      JsonNode schema, String smaller, int smallerDefault, String larger, int largerDefault) {
    rule(
        (ObjectNode) schema,
        orDefault(smaller, smallerDefault) + " <= " + orDefault(larger, largerDefault),
        PolicyLoader.mustNotExceed(smaller, larger));
  }

  private static String orDefault(String key, int value) {
    return "(has(self." + key + ") ? self." + key + " : " + value + ")";
  }

  // No messageExpression: turning numbers into text costs more than the API server allows.
  private static void rule(ObjectNode schema, String rule, String message) {
    schema
        .withArray("x-kubernetes-validations")
        .addObject()
        .put("rule", rule)
        .put("message", message);
  }

  /** A JSON Schema as the API server takes it: structural, and only with what it knows. */
  private static ObjectNode structural(ObjectNode schema) {
    schema.remove(List.of("default", "propertyNames"));
    if (schema.has("enum")) {
      schema.put("type", "string");
      // YAML 1.1 reads a bare Off as false; here the API server has read it already.
      Iterator<JsonNode> words = schema.get("enum").elements();
      while (words.hasNext()) {
        if (!words.next().isTextual()) {
          words.remove();
        }
      }
    }
    if (schema.has("anyOf")) {
      JsonNode choices = schema.remove("anyOf");
      schema.put("x-kubernetes-int-or-string", true);
      schema.set("minimum", choices.get(0).get("minimum"));
      schema.set("pattern", choices.get(1).get("pattern"));
    }
    if (schema.path("uniqueItems").asBoolean()) {
      schema.remove("uniqueItems");
      if (!schema.has("x-kubernetes-list-type")) {
        schema.put("x-kubernetes-list-type", "set");
      }
    }
    if (schema.has("properties")) {
      schema.remove("additionalProperties");
      for (JsonNode property : schema.get("properties")) {
        structural((ObjectNode) property);
      }
    }
    if (schema.get("additionalProperties") instanceof ObjectNode values) {
      structural(values);
    }
    if (schema.get("items") instanceof ObjectNode items) {
      structural(items);
    }
    return schema;
  }

  private static ObjectNode status() {
    ObjectNode status = typed("object", "What became of the policy; written by Holdfast.");
    ObjectNode properties = status.putObject("properties");
    properties.set("observedGeneration", typed("integer", "Which generation this is about."));
    properties.set(
        "namespaces",
        typed("integer", "How many namespaces take part and have pods that can fall under it."));
    ObjectNode conditions = typed("array", "Ready: Accepted, or Invalid with what is wrong.");
    properties.set("conditions", conditions);
    conditions.put("x-kubernetes-list-type", "map");
    conditions.putArray("x-kubernetes-list-map-keys").add("type");
    ObjectNode condition = conditions.putObject("items");
    condition.put("type", "object");
    condition.putArray("required").add("type").add("status");
    ObjectNode of = condition.putObject("properties");
    for (String text : List.of("type", "status", "reason", "message")) {
      of.putObject(text).put("type", "string");
    }
    of.putObject("observedGeneration").put("type", "integer").put("format", "int64");
    of.putObject("lastTransitionTime").put("type", "string").put("format", "date-time");
    return status;
  }

  private static ObjectNode typed(String type, String description) {
    return JsonNodeFactory.instance.objectNode().put("type", type).put("description", description);
  }
}
