package dev.holdfast.yaml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Random trees, and random ways in which people might have written them down. */
final class RandomYaml {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final List<String> WORDS =
      List.of("alpha", "beta", "gamma", "delta", "two words", "a/b", "x~1", "nginx:1.25", "-c");
  private static final List<String> NASTY =
      List.of(
          "",
          " ",
          "yes",
          "No",
          "n",
          "null",
          "~",
          "012",
          "0o7",
          "0x1F",
          "1e3",
          "1e999",
          "1_000",
          "-0",
          ".5",
          "5.",
          ".inf",
          "1:30",
          "2001-01-01",
          "=",
          "<<",
          "-",
          "- a",
          "?",
          "? a",
          ":",
          "a:",
          "a: b",
          "a #b",
          "#a",
          " a",
          "a ",
          "\t",
          "a\tb",
          "\n",
          "a\n",
          "a\n\n",
          "\na",
          "a\nb",
          "a\n b\n",
          " a\nb",
          "a \nb",
          "a\r\nb",
          "a\n\n\tb\nc\n\n\n",
          "a\n#b",
          "---",
          "...",
          "--- a",
          "'",
          "\"",
          "\\",
          "it's",
          "'a'",
          "\"a\"",
          "{a}",
          "[a",
          "a, b",
          "a]",
          "&a",
          "*a",
          "!a",
          "%a",
          "@a",
          "`a",
          "|",
          ">",
          "|-\na",
          "\u0000",
          "\u0007",
          "\u007f",
          "\u0085",
          "\u2028",
          "\u00a0",
          "\ufeff",
          "\ufffe",
          "é",
          "😀",
          "😀: 😀",
          "{{ .Values.x }}",
          "$(X)",
          "a\u2029b\nc");

  private final Random random;
  private int comments;
  private int mappingStep;
  private int sequenceStep;
  private StringBuilder out;

  RandomYaml(Random random) {
    this.random = random;
  }

  /** A second opinion on what a text means: SnakeYAML's own loader. */
  static JsonNode load(String yaml) {
    return JSON.valueToTree(new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml));
  }

  /** Equal, however wide the types of the numbers are. */
  static boolean same(JsonNode one, JsonNode other) {
    return one.equals(
        (a, b) ->
            a.isNumber() && b.isNumber()
                ? a.decimalValue().compareTo(b.decimalValue())
                : a.equals(b) ? 0 : 1,
        other);
  }

  JsonNode tree(int depth) {
    return switch (random.nextInt(depth == 0 ? 5 : 9)) {
      case 0, 1 -> NODES.textNode(text());
      case 2 -> NODES.numberNode(random.nextInt(2000) - 1000);
      case 3 -> odd();
      case 4 -> NODES.textNode(word());
      case 5, 6 -> array(depth);
      default -> object(depth);
    };
  }

  ObjectNode object(int depth) {
    ObjectNode object = NODES.objectNode();
    for (int i = random.nextInt(5); i > 0; i--) {
      object.set(random.nextInt(6) == 0 ? text() : word() + random.nextInt(9), tree(depth - 1));
    }
    return object;
  }

  private ArrayNode array(int depth) {
    ArrayNode array = NODES.arrayNode();
    for (int i = random.nextInt(4); i > 0; i--) {
      array.add(tree(depth - 1));
    }
    return array;
  }

  private JsonNode odd() {
    return switch (random.nextInt(6)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.numberNode(random.nextLong());
      case 2 -> NODES.numberNode(random.nextDouble() * Math.pow(10, random.nextInt(40) - 20));
      case 3 -> NODES.numberNode(new BigInteger(100, random));
      default -> NODES.booleanNode(random.nextBoolean());
    };
  }

  private String word() {
    return WORDS.get(random.nextInt(WORDS.size()));
  }

  private String text() {
    if (random.nextInt(3) > 0) {
      return NASTY.get(random.nextInt(NASTY.size()));
    }
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      text.append(" \n\t-:#'\"\\{}[],&*!|>%@`a0.e~=?".charAt(random.nextInt(28)));
    }
    return text.toString();
  }

  /** The tree as somebody might have written it, with comments numbered {@code # note 1} and on. */
  String write(JsonNode tree) {
    int kind = random.nextInt(10);
    try {
      if (kind == 0) {
        return escaped(JSON.writeValueAsString(tree));
      }
      if (kind == 1) {
        return escaped(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(tree)) + "\n";
      }
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
    mappingStep = 1 + random.nextInt(4);
    sequenceStep = random.nextInt(4);
    out = new StringBuilder();
    note(0);
    if (random.nextInt(3) == 0) {
      out.append("---").append(random.nextBoolean() ? " # start" : "").append('\n');
    }
    if (tree.isContainerNode() && !tree.isEmpty()) {
      block(tree, 0);
    } else {
      out.append(scalar(tree, false));
    }
    trailing();
    note(0);
    String text = out.toString();
    if (random.nextInt(4) == 0) {
      text = text.stripTrailing();
    }
    return random.nextInt(4) == 0 ? text.replace("\n", "\r\n") : text;
  }

  // raw, YAML takes them for line breaks or does not take them at all
  private static String escaped(String json) {
    String result = json;
    for (char c : "\u007f\u0085\u2028\u2029\ufeff\ufffe".toCharArray()) {
      result = result.replace(String.valueOf(c), String.format("\\u%04x", (int) c));
    }
    return result;
  }

  private void block(JsonNode value, int indent) {
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        if (i > 0) {
          startLine(indent);
        }
        out.append('-');
        item(value.get(i), indent);
      }
      return;
    }
    Iterator<Map.Entry<String, JsonNode>> members = value.properties().iterator();
    for (boolean first = true; members.hasNext(); first = false) {
      if (!first) {
        startLine(indent);
      }
      Map.Entry<String, JsonNode> member = members.next();
      out.append(scalar(NODES.textNode(member.getKey()), false)).append(':');
      member(member.getValue(), indent);
    }
  }

  private void startLine(int indent) {
    trailing();
    if (random.nextInt(8) == 0) {
      out.append('\n');
    }
    note(indent);
    out.append(" ".repeat(indent));
  }

  private void member(JsonNode value, int indent) {
    if (value.isContainerNode() && !value.isEmpty() && random.nextInt(6) > 0) {
      out.append(random.nextInt(12) == 0 ? " &anchor" + random.nextInt(99) : "");
      int deeper = indent + (value.isArray() ? sequenceStep : mappingStep);
      trailing();
      note(deeper);
      out.append(" ".repeat(deeper));
      block(value, deeper);
    } else if (isLines(value) && random.nextBoolean()) {
      lines(value.textValue(), indent + mappingStep);
    } else {
      String text = scalar(value, false);
      out.append(text.isEmpty() ? "" : " ").append(text);
    }
  }

  private void item(JsonNode value, int indent) {
    if (value.isContainerNode() && !value.isEmpty() && random.nextInt(6) > 0) {
      int deeper = indent + 2;
      if (random.nextInt(8) == 0) {
        trailing();
        note(deeper);
        out.append(" ".repeat(deeper));
      } else {
        int gap = random.nextInt(8) == 0 ? 3 : 1;
        deeper = indent + 1 + gap;
        out.append(" ".repeat(gap));
      }
      block(value, deeper);
    } else if (isLines(value) && random.nextBoolean()) {
      lines(value.textValue(), indent + 2);
    } else {
      String text = scalar(value, false);
      out.append(text.isEmpty() ? "" : " ").append(text);
    }
  }

  private static boolean isLines(JsonNode value) {
    return value.isTextual() && value.textValue().matches("[a-z]+(\n+[a-z]+)+\n?");
  }

  private void lines(String text, int indent) {
    out.append(text.endsWith("\n") ? " |" : " |-");
    for (String line : text.split("\n")) {
      out.append('\n').append(line.isEmpty() ? "" : " ".repeat(indent) + line);
    }
  }

  private String scalar(JsonNode value, boolean flow) {
    if (value.isContainerNode()) {
      return flow(value);
    }
    if (value.isNull()) {
      return random.nextBoolean() || flow ? "null" : "";
    }
    if (!value.isTextual()) {
      return value.asText();
    }
    String text = value.textValue();
    if (WORDS.contains(text) && !(flow && text.startsWith("-")) && random.nextInt(4) > 0) {
      return text;
    }
    if (text.matches("[ -~]+") && random.nextInt(3) == 0) {
      return "'" + text.replace("'", "''") + "'";
    }
    return Quoting.inDoubleQuotes(text);
  }

  private String flow(JsonNode value) {
    String pad = random.nextInt(4) == 0 ? " " : "";
    List<String> elements = new ArrayList<>();
    if (value.isArray()) {
      value.forEach(item -> elements.add(scalar(item, true)));
      return "[" + pad + String.join(", ", elements) + pad + "]";
    }
    for (Map.Entry<String, JsonNode> member : value.properties()) {
      String key = scalar(NODES.textNode(member.getKey()), true);
      elements.add(key + ": " + scalar(member.getValue(), true));
    }
    return "{" + pad + String.join(", ", elements) + pad + "}";
  }

  private void trailing() {
    boolean inLines = out.lastIndexOf(" |") > out.lastIndexOf(":");
    if (random.nextInt(8) == 0 && !inLines) {
      out.append(" # note ").append(++comments);
    }
    out.append('\n');
  }

  private void note(int indent) {
    if (random.nextInt(8) == 0) {
      out.append(" ".repeat(indent)).append("# note ").append(++comments).append('\n');
    }
  }

  /** An edit that fits the tree: to add, or (only if asked for) to replace. */
  YamlEdit edit(JsonNode tree, boolean addOnly) {
    JsonNode node = tree;
    StringBuilder pointer = new StringBuilder();
    while (true) {
      boolean deeper = node.isContainerNode() && !node.isEmpty() && random.nextInt(3) > 0;
      if (!deeper && node.isContainerNode() && (addOnly || random.nextBoolean())) {
        return addition(node, pointer);
      }
      if (!deeper && !addOnly) {
        return new YamlEdit(true, pointer.toString(), tree(2));
      }
      if (!deeper) {
        return edit(tree, true);
      }
      String step;
      if (node.isArray()) {
        step = String.valueOf(random.nextInt(node.size()));
        node = node.get(Integer.parseInt(step));
      } else {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        step = names.get(random.nextInt(names.size()));
        node = node.get(step);
      }
      pointer.append('/').append(escape(step));
    }
  }

  private YamlEdit addition(JsonNode node, StringBuilder pointer) {
    if (node.isArray()) {
      int index = random.nextInt(node.size() + 2);
      String step = index > node.size() ? "-" : String.valueOf(index);
      return new YamlEdit(false, pointer + "/" + step, tree(2));
    }
    String name = text();
    while (node.has(name)) {
      name += "x";
    }
    return new YamlEdit(false, pointer + "/" + escape(name), tree(2));
  }

  private static String escape(String step) {
    return step.replace("~", "~0").replace("/", "~1");
  }
}
