package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.yaml.Node.Entry;
import dev.holdfast.yaml.Scalars.MeaninglessException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentEndEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/** Composes documents from the events of SnakeYAML's parser, in one pass. */
final class YamlComposer {
  /**
   * How much text aliases may stand for, in characters and nodes. No object that a cluster takes is
   * larger than 1.5 MiB, so nobody needs more; a "billion laughs" file does.
   */
  static final long MAX_ALIASED_CHARACTERS = 4L << 20;

  /**
   * The longest line, in characters. A Secret of 1 MiB fits on one (as base64); SnakeYAML takes
   * quadratic time for what has no end: a second for this much.
   */
  static final int MAX_LINE_LENGTH = 2 << 20;

  private static final String MERGE_TAG = "tag:yaml.org,2002:merge";

  private final SourceText source;
  private final NodeBuilder builder;
  private final int[] charOffsets;
  private final ParserImpl parser;
  private final Map<String, Node> anchors = new HashMap<>();
  private long aliasedCharacters;
  private int lastOffset;

  private YamlComposer(SourceText source) {
    this.source = source;
    builder = new NodeBuilder(source);
    String content = source.text().substring(source.contentStart());
    charOffsets = charOffsets(content);
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE); // the limit is YamlStream's
    // kubectl ends the last line too: a final '|' text has a line break even if the file has none
    boolean ended = content.endsWith("\n") || content.endsWith("\r");
    parser = new ParserImpl(new StreamReader(ended ? content : content + "\n"), options);
  }

  static List<YamlDocument> compose(SourceText source) throws YamlException {
    refuseLongLines(source);
    YamlComposer composer = new YamlComposer(source);
    try {
      return composer.stream();
    } catch (MarkedYAMLException e) {
      String problem = Plain.problem(e.getContext(), e.getProblem());
      Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
      Mark opening = e.getContextMark();
      if (opening != null && problem.startsWith("a quoted text")) {
        mark = opening;
      }
      throw source.error(mark == null ? composer.lastOffset : composer.offset(mark), problem);
    } catch (RuntimeException e) {
      // whatever SnakeYAML stumbles over, the caller gets a place in the file
      throw source.error(
          composer.lastOffset, Plain.problem("this is no YAML", String.valueOf(e.getMessage())));
    }
  }

  private static void refuseLongLines(SourceText source) throws YamlException {
    TextScan scan = new TextScan(source);
    int line = 0;
    while (source.length() - line > MAX_LINE_LENGTH) {
      if (scan.lineEnd(line) - line > MAX_LINE_LENGTH) {
        throw source.error(line, "a line of more than " + MAX_LINE_LENGTH + " characters");
      }
      line = scan.nextLine(line);
    }
  }

  private List<YamlDocument> stream() throws YamlException {
    List<Integer> starts = new ArrayList<>();
    List<Node> roots = new ArrayList<>();
    next(); // the start of the stream
    int afterExplicitEnd = 0; // the start of the file is as good as an explicit end before it
    for (Event event = next(); !event.is(Event.ID.StreamEnd); event = next()) {
      starts.add(afterExplicitEnd >= 0 ? afterExplicitEnd : offset(event.getStartMark()));
      anchors.clear();
      aliasedCharacters = 0;
      roots.add(node(next(), 0));
      DocumentEndEvent end = (DocumentEndEvent) next();
      afterExplicitEnd = end.getExplicit() ? lineEnd(offset(end.getEndMark())) : -1;
    }
    if (roots.isEmpty()) {
      starts.add(0);
      roots.add(nothing(source.length()));
    }
    starts.add(source.length());
    List<YamlDocument> documents = new ArrayList<>();
    for (int i = 0; i < roots.size(); i++) {
      documents.add(new YamlDocument(source, starts.get(i), starts.get(i + 1), roots.get(i)));
    }
    return documents;
  }

  private Node node(Event event, int depth) throws YamlException {
    if (event instanceof ScalarEvent scalar) {
      return scalar(scalar);
    }
    if (event instanceof AliasEvent alias) {
      return alias(alias, depth);
    }
    if (event instanceof SequenceStartEvent sequence) {
      return sequence(sequence, depth);
    }
    return mapping((MappingStartEvent) event, depth);
  }

  private Node scalar(ScalarEvent event) throws YamlException {
    int start = offset(event.getStartMark());
    int end = offset(event.getEndMark());
    String text = event.getValue();
    String tag = event.getTag();
    char style = style(event);
    JsonNode content;
    try {
      if (tag != null && !tag.equals("!")) {
        content = Scalars.resolve(tag, text);
      } else if (style == ' ' && tag == null) {
        content = Scalars.resolve(text);
      } else {
        content = TextNode.valueOf(text);
      }
    } catch (MeaninglessException e) {
      throw source.error(start, e.getMessage());
    }
    boolean decorated = tag != null || event.getAnchor() != null;
    Node node = builder.scalar(start, end, decorated, content, style, text.length());
    remember(event.getAnchor(), node);
    return node;
  }

  private Node alias(AliasEvent event, int depth) throws YamlException {
    int start = offset(event.getStartMark());
    if (!anchors.containsKey(event.getAnchor())) {
      throw source.error(
          start, "there is no anchor '" + Plain.words(event.getAnchor()) + "' above");
    }
    Node target = anchors.get(event.getAnchor());
    if (target == null) {
      throw source.error(start, "this alias stands inside the very value that it stands for");
    }
    aliasedCharacters += target.weight().characters();
    if (aliasedCharacters > MAX_ALIASED_CHARACTERS) {
      throw source.error(
          start, "aliases stand for more than " + MAX_ALIASED_CHARACTERS + " characters");
    }
    if (target.weight().depth() > 0) {
      builder.checkDepth(start, depth + target.weight().depth() - 1);
    }
    target.markAliased();
    return new Node.Alias(start, offset(event.getEndMark()), target);
  }

  private Node sequence(SequenceStartEvent event, int depth) throws YamlException {
    int start = offset(event.getStartMark());
    builder.checkDepth(start, depth);
    beginAnchor(event.getAnchor());
    List<Node> items = new ArrayList<>();
    Event next = next();
    for (; !next.is(Event.ID.SequenceEnd); next = next()) {
      items.add(node(next, depth + 1));
    }
    boolean decorated = event.getAnchor() != null || event.getTag() != null;
    Node node =
        builder.sequence(start, offset(next.getEndMark()), decorated, event.isFlow(), items);
    remember(event.getAnchor(), node);
    return node;
  }

  private Node mapping(MappingStartEvent event, int depth) throws YamlException {
    int start = offset(event.getStartMark());
    builder.checkDepth(start, depth);
    beginAnchor(event.getAnchor());
    List<Entry> entries = new ArrayList<>();
    Event next = next();
    for (; !next.is(Event.ID.MappingEnd); next = next()) {
      Node key = node(next, depth + 1);
      boolean merge = isMerge(next);
      String name = merge ? "<<" : builder.name(key);
      entries.add(new Entry(key, name, node(next(), depth + 1), merge));
    }
    boolean decorated = event.getAnchor() != null || event.getTag() != null;
    int end = offset(next.getEndMark());
    if (event.isFlow() && !decorated && source.text().charAt(start) != '{') {
      end = entries.get(0).value().end(); // [key: value], a mapping without braces
    }
    Node node = builder.mapping(start, end, decorated, event.isFlow(), entries);
    remember(event.getAnchor(), node);
    return node;
  }

  private static boolean isMerge(Event event) {
    return event instanceof ScalarEvent scalar
        && scalar.getValue().equals("<<")
        && (scalar.getTag() == null ? style(scalar) == ' ' : scalar.getTag().equals(MERGE_TAG));
  }

  // SnakeYAML gives a plain scalar no style character
  private static char style(ScalarEvent event) {
    Character style = event.getScalarStyle().getChar();
    return style == null ? ' ' : style;
  }

  /** What a text without any document says. */
  private static Node nothing(int at) {
    return new Node.Scalar(at, at, false, NullNode.getInstance(), ' ', 0);
  }

  private void beginAnchor(String anchor) {
    if (anchor != null) {
      anchors.put(anchor, null);
    }
  }

  private void remember(String anchor, Node node) {
    if (anchor != null) {
      anchors.put(anchor, node);
    }
  }

  private Event next() {
    Event event = parser.getEvent();
    lastOffset = offset(event.getStartMark());
    return event;
  }

  private int lineEnd(int offset) {
    int end = source.text().indexOf('\n', offset);
    return end < 0 ? source.length() : end + 1;
  }

  // SnakeYAML counts code points, and knows neither the byte order mark nor that we ended the line
  private int offset(Mark mark) {
    int index = mark.getIndex();
    if (charOffsets != null) {
      index = charOffsets[Math.min(index, charOffsets.length - 1)];
    }
    return Math.min(source.contentStart() + index, source.length());
  }

  private static int[] charOffsets(String text) {
    int codePoints = text.codePointCount(0, text.length());
    if (codePoints == text.length()) {
      return null;
    }
    int[] offsets = new int[codePoints + 1];
    int offset = 0;
    for (int i = 0; i < codePoints; i++) {
      offsets[i] = offset;
      offset += Character.charCount(text.codePointAt(offset));
    }
    offsets[codePoints] = offset;
    return offsets;
  }
}
