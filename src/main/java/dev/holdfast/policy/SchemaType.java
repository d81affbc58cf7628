package dev.holdfast.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a value of a HardeningPolicy may be. Every type checks values, describes itself to people
 * and writes itself as JSON Schema, so that the loader, the reference and editors cannot disagree.
 */
sealed interface SchemaType {

  /** Takes everything that is wrong: where (JSON pointer), and what, as one line. */
  interface Problems {
    void atValue(String pointer, String problem);

    /** The key is wrong, whatever its value. */
    void atKey(String pointer, String problem);
  }

  /** Reports everything that is wrong with a value. */
  void check(String pointer, JsonNode value, Problems problems);

  /** What is allowed, as it follows "expected". */
  String allowed();

  /** The type as JSON Schema (draft 2020-12). */
  ObjectNode jsonSchema();

  private static ObjectNode schema(String type) {
    return JsonNodeFactory.instance.objectNode().put("type", type);
  }

  /** A whole number within a range. */
  record Whole(int minimum, int maximum) implements SchemaType {
    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (!allows(value)) {
        problems.atValue(pointer, shown(value) + " is not allowed: expected " + allowed());
      }
    }

    boolean allows(JsonNode value) {
      return value.isIntegralNumber()
          && value.canConvertToInt()
          && value.intValue() >= minimum
          && value.intValue() <= maximum;
    }

    @Override
    public String allowed() {
      return "a whole number from " + minimum + " to " + maximum;
    }

    @Override
    public ObjectNode jsonSchema() {
      return schema("integer").put("minimum", minimum).put("maximum", maximum);
    }
  }

  /** One of some words. */
  record Word(List<String> words) implements SchemaType {
    /**
     * The constants of an enum, in Kubernetes' spelling: {@code INIT_CONTAINER} is InitContainer.
     */
    static Word of(Class<? extends Enum<?>> words) {
      List<String> spelled = new ArrayList<>();
      for (Enum<?> constant : words.getEnumConstants()) {
        spelled.add(spelled(constant));
      }
      return new Word(spelled);
    }

    static String spelled(Enum<?> constant) {
      StringBuilder word = new StringBuilder();
      for (String part : constant.name().split("_")) {
        word.append(part.charAt(0)).append(part.substring(1).toLowerCase(Locale.ROOT));
      }
      return word.toString();
    }

    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (value.isTextual() && words.contains(value.textValue()) || isOff(value)) {
        return;
      }
      String meant =
          value.isTextual()
              ? Nearest.of(value.textValue(), words)
                  .map(word -> "; did you mean " + word + "?")
                  .orElse("")
              : "";
      problems.atValue(pointer, shown(value) + " is not allowed: expected " + allowed() + meant);
    }

    /** YAML 1.1, which Kubernetes' tools read, takes an unquoted {@code Off} for {@code false}. */
    private boolean isOff(JsonNode value) {
      return value.isBoolean() && !value.booleanValue() && words.contains("Off");
    }

    @Override
    public String allowed() {
      return words.size() == 1
          ? words.get(0)
          : String.join(", ", words.subList(0, words.size() - 1))
              + " or "
              + words.get(words.size() - 1);
    }

    @Override
    public ObjectNode jsonSchema() {
      ObjectNode schema = JsonNodeFactory.instance.objectNode();
      words.forEach(schema.putArray("enum")::add);
      if (words.contains("Off")) {
        schema.withArray("enum").add(false);
      }
      return schema;
    }
  }

  /** Text of a form. */
  record Text(Pattern form, String allowed) implements SchemaType {
    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (!value.isTextual() || !form.matcher(value.textValue()).matches()) {
        problems.atValue(pointer, shown(value) + " is not allowed: expected " + allowed);
      }
    }

    @Override
    public ObjectNode jsonSchema() {
      return schema("string").put("pattern", "^(?:" + form.pattern() + ")$");
    }
  }

  /** True or false. */
  record Flag() implements SchemaType {
    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (!value.isBoolean()) {
        problems.atValue(pointer, shown(value) + " is not allowed: expected " + allowed());
      }
    }

    @Override
    public String allowed() {
      return "true or false";
    }

    @Override
    public ObjectNode jsonSchema() {
      return schema("boolean");
    }
  }

  /** A whole number, or else a text of a form; as {@code maxUnavailable} of a budget is. */
  record WholeOr(Whole whole, Text text) implements SchemaType {
    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (value.isTextual() && text.form().matcher(value.textValue()).matches()) {
        return;
      }
      if (!whole.allows(value)) {
        problems.atValue(pointer, shown(value) + " is not allowed: expected " + allowed());
      }
    }

    @Override
    public String allowed() {
      return whole.allowed() + " or " + text.allowed();
    }

    @Override
    public ObjectNode jsonSchema() {
      ObjectNode schema = JsonNodeFactory.instance.objectNode();
      schema.putArray("anyOf").add(whole.jsonSchema()).add(text.jsonSchema());
      return schema;
    }
  }

  /** More than anyone lists; an API server that checks each wants to know a bound. */
  int MOST = 1000;

  /**
   * A list.
   *
   * @param least how many elements it must have
   * @param repeats whether elements may be there twice
   * @param key by which two elements are the same; "" if by all that they hold
   */
  record ListOf(SchemaType element, int least, boolean repeats, String key) implements SchemaType {
    /** Without repetitions. */
    ListOf(SchemaType element, int least) {
      this(element, least, false, "");
    }

    /** Of objects, of which no two have the same value of a key. */
    static ListOf distinctBy(String key, Struct element) {
      return new ListOf(element, 0, false, key);
    }

    /** Of which some may be there twice. */
    static ListOf repeating(Struct element) {
      return new ListOf(element, 0, true, "");
    }

    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (!value.isArray() || value.size() < least) {
        problems.atValue(pointer, shown(value) + " is not allowed: expected " + allowed());
        return;
      }
      if (value.size() > MOST) {
        problems.atValue(pointer, "a list of at most " + MOST + " elements is expected");
        return;
      }
      Set<JsonNode> seen = new HashSet<>();
      for (int i = 0; i < value.size(); i++) {
        String at = pointer + "/" + i;
        element.check(at, value.get(i), problems);
        JsonNode same = key.isEmpty() ? value.get(i) : value.get(i).path(key);
        if (!repeats && !seen.add(same) && !same.isMissingNode()) {
          problems.atValue(at, shown(value.get(i)) + " is there twice");
        }
      }
    }

    @Override
    public String allowed() {
      return (least > 0 ? "a list with at least one element" : "a list")
          + ", each "
          + element.allowed();
    }

    @Override
    public ObjectNode jsonSchema() {
      ObjectNode schema = schema("array").put("minItems", least).put("maxItems", MOST);
      if (!repeats) {
        schema.put("uniqueItems", true);
      }
      if (!key.isEmpty()) {
        // What JSON Schema cannot say, Kubernetes can.
        schema.put("x-kubernetes-list-type", "map");
        schema.putArray("x-kubernetes-list-map-keys").add(key);
      }
      schema.set("items", element.jsonSchema());
      return schema;
    }
  }

  /** An object of free keys with text values, such as {@code matchLabels}. */
  record Texts(Text key, Text value) implements SchemaType {
    @Override
    public void check(String pointer, JsonNode map, Problems problems) {
      if (!map.isObject()) {
        problems.atValue(pointer, shown(map) + " is not allowed: expected " + allowed());
        return;
      }
      if (map.size() > MOST) {
        problems.atValue(pointer, "an object of at most " + MOST + " keys is expected");
        return;
      }
      for (Map.Entry<String, JsonNode> member : map.properties()) {
        String at = pointer + "/" + member.getKey().replace("~", "~0").replace("/", "~1");
        if (!key.form().matcher(member.getKey()).matches()) {
          problems.atKey(at, "\"" + member.getKey() + "\" is " + keyProblem());
        }
        value.check(at, member.getValue(), problems);
      }
    }

    @Override
    public String allowed() {
      return "an object of strings";
    }

    /** What is wrong with a key of another form. */
    String keyProblem() {
      return "not allowed as a key: expected " + key.allowed();
    }

    @Override
    public ObjectNode jsonSchema() {
      ObjectNode schema = schema("object").put("maxProperties", MOST);
      schema.set("propertyNames", key.jsonSchema());
      schema.set("additionalProperties", value.jsonSchema());
      return schema;
    }
  }

  /**
   * An object of known keys.
   *
   * @param keys in the order of the reference
   * @param required keys that must be there
   */
  record Struct(Map<String, Key> keys, Set<String> required) implements SchemaType {
    static Struct of(Key... keys) {
      Map<String, Key> byName = new LinkedHashMap<>();
      for (Key key : keys) {
        byName.put(key.name(), key);
      }
      return new Struct(byName, Set.of());
    }

    Struct requiring(String... names) {
      return new Struct(keys, Set.of(names));
    }

    @Override
    public void check(String pointer, JsonNode value, Problems problems) {
      if (!value.isObject()) {
        problems.atValue(pointer, shown(value) + " is not allowed: expected an object");
        return;
      }
      for (Map.Entry<String, JsonNode> member : value.properties()) {
        String name = member.getKey();
        String at = pointer + "/" + name.replace("~", "~0").replace("/", "~1");
        Key key = keys.get(name);
        if (key != null) {
          key.type().check(at, member.getValue(), problems);
        } else {
          problems.atKey(
              at,
              "unknown key \""
                  + name
                  + "\": "
                  + Nearest.of(name, keys.keySet())
                      .map(nearest -> "did you mean " + nearest + "?")
                      .orElse("expected " + String.join(", ", keys.keySet())));
        }
      }
      for (String name : keys.keySet()) {
        if (required.contains(name) && !value.has(name)) {
          problems.atValue(pointer, "the key " + name + " is missing");
        }
      }
    }

    @Override
    public String allowed() {
      return "an object";
    }

    @Override
    public ObjectNode jsonSchema() {
      ObjectNode schema = schema("object");
      ObjectNode properties = schema.putObject("properties");
      for (Key key : keys.values()) {
        ObjectNode property = key.type().jsonSchema();
        property.put("description", key.description());
        if (!key.defaultValue().isMissingNode()) {
          property.set("default", key.defaultValue());
        }
        properties.set(key.name(), property);
      }
      schema.put("additionalProperties", false);
      if (!required.isEmpty()) {
        for (String name : keys.keySet()) {
          if (required.contains(name)) {
            schema.withArray("required").add(name);
          }
        }
      }
      return schema;
    }
  }

  /** An object that is not looked into, such as the rest of {@code metadata}. */
  record Anything() implements SchemaType {
    @Override
    public void check(String pointer, JsonNode value, Problems problems) {}

    @Override
    public String allowed() {
      return "anything";
    }

    @Override
    public ObjectNode jsonSchema() {
      return JsonNodeFactory.instance.objectNode();
    }
  }

  /**
   * A key of an object.
   *
   * @param defaultValue what stands where the key is absent; a missing node for keys without one
   * @param description one sentence
   */
  record Key(String name, SchemaType type, JsonNode defaultValue, String description) {}

  /** The value in messages: short, on one line. */
  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= 40 ? text : text.substring(0, 37) + "...";
  }
}
