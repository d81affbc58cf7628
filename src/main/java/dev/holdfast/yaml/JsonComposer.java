package dev.holdfast.yaml;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.yaml.Node.Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Composes documents from JSON. YAML parsers are no good at it: SnakeYAML knows no {@code \/} and
 * no key of more than 1,024 characters, and nothing but white space may stand between JSON
 * documents.
 */
final class JsonComposer {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxNestingDepth(NodeBuilder.MAX_DEPTH + 1) // the builder's message is plainer
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private final SourceText source;
  private final NodeBuilder builder;
  private final JsonParser parser;

  private JsonComposer(SourceText source, JsonParser parser) {
    this.source = source;
    this.parser = parser;
    builder = new NodeBuilder(source);
  }

  /** Text that is not JSON, and where it stops being so. */
  static final class NotJsonException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int offset;

    NotJsonException(int offset, String problem) {
      super(problem, null, false, false);
      this.offset = offset;
    }

    int offset() {
      return offset;
    }
  }

  static List<YamlDocument> compose(SourceText source) throws YamlException, NotJsonException {
    String content = source.text().substring(source.contentStart());
    try (JsonParser parser = JSON.createParser(content)) {
      return new JsonComposer(source, parser).stream();
    } catch (JsonProcessingException e) {
      int offset = e.getLocation() == null ? 0 : (int) e.getLocation().getCharOffset();
      throw new NotJsonException(
          Math.min(source.contentStart() + Math.max(0, offset), source.length()),
          Plain.words(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new AssertionError("a string is read without I/O", e);
    }
  }

  private List<YamlDocument> stream() throws IOException, YamlException {
    List<Integer> starts = new ArrayList<>();
    List<Node> roots = new ArrayList<>();
    while (parser.nextToken() != null) {
      starts.add(starts.isEmpty() ? 0 : tokenStart());
      roots.add(node(0));
    }
    starts.add(source.length());
    List<YamlDocument> documents = new ArrayList<>();
    for (int i = 0; i < roots.size(); i++) {
      documents.add(new YamlDocument(source, starts.get(i), starts.get(i + 1), roots.get(i)));
    }
    return documents;
  }

  private Node node(int depth) throws IOException, YamlException {
    int start = tokenStart();
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(start, depth);
      case START_ARRAY -> array(start, depth);
      case VALUE_STRING -> string(start, parser.getText());
      case VALUE_TRUE -> literal(start, BooleanNode.TRUE);
      case VALUE_FALSE -> literal(start, BooleanNode.FALSE);
      case VALUE_NULL -> literal(start, NullNode.getInstance());
      default -> number(start, parser.getText());
    };
  }

  private Node object(int start, int depth) throws IOException, YamlException {
    builder.checkDepth(start, depth);
    List<Entry> entries = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      Node key = string(tokenStart(), name);
      parser.nextToken();
      entries.add(new Entry(key, name, node(depth + 1), false));
    }
    return builder.mapping(start, tokenStart() + 1, false, true, entries);
  }

  private Node array(int start, int depth) throws IOException, YamlException {
    builder.checkDepth(start, depth);
    List<Node> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(node(depth + 1));
    }
    return builder.sequence(start, tokenStart() + 1, false, true, items);
  }

  private Node string(int start, String text) throws YamlException {
    int end = start + 1;
    while (source.text().charAt(end) != '"') {
      end += source.text().charAt(end) == '\\' ? 2 : 1;
    }
    return builder.scalar(start, end + 1, false, TextNode.valueOf(text), '"', text.length());
  }

  private Node literal(int start, JsonNode value) throws YamlException {
    int length = value.asText().length();
    return builder.scalar(start, start + length, false, value, ' ', length);
  }

  private Node number(int start, String text) throws YamlException {
    JsonNode value =
        Scalars.number(text)
            .orElseThrow(
                () -> source.error(start, "this number is too large: " + Plain.words(text)));
    return builder.scalar(start, start + text.length(), false, value, ' ', text.length());
  }

  private int tokenStart() {
    return source.contentStart() + (int) parser.currentTokenLocation().getCharOffset();
  }
}
