package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.yaml.Node.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns a draft into the document's new text: the old text with some stretches replaced. All
 * stretches are found in the old text, then put together in one go.
 */
final class Rewriter {
  private final YamlDocument document;
  private final TextScan scan;
  private final Styles styles;
  private final List<Change> changes = new ArrayList<>();
  private final Deque<Node.Mapping> around = new ArrayDeque<>();

  private Rewriter(YamlDocument document) {
    this.document = document;
    scan = new TextScan(document.source());
    styles = new Styles(scan, document);
  }

  /** A stretch of the old text, perhaps empty, and what stands there instead. */
  private record Change(int start, int end, String text) {}

  /** The new text, or null if stretches overlap, which only very odd layouts can bring about. */
  static String rewrite(YamlDocument document, Draft draft) {
    Rewriter rewriter = new Rewriter(document);
    JsonNode fresh = freshOf(draft);
    if (fresh != null) {
      rewriter.replaceRoot(draft.node(), fresh);
    } else {
      rewriter.inside(draft);
    }
    return rewriter.text();
  }

  private String text() {
    if (changes.isEmpty()) {
      return document.text();
    }
    // stable: at one place, what belongs further inside was found first and comes first
    changes.sort(Comparator.comparingInt(Change::start));
    StringBuilder out = new StringBuilder();
    int at = document.start();
    for (Change change : changes) {
      if (change.start() < at) {
        return null;
      }
      out.append(scan.text(), at, change.start()).append(change.text());
      at = change.end();
    }
    out.append(scan.text(), at, document.end());
    if (at == scan.text().length() && mayEndWithLiteral(out)) {
      out.append(styles.lineBreak());
    }
    return out.toString();
  }

  // without a line break behind it, readers disagree whether a text below '|' ends in one
  private boolean mayEndWithLiteral(StringBuilder text) {
    return text.charAt(text.length() - 1) != '\n'
        && changes.stream()
            .map(Change::text)
            .anyMatch(t -> t.endsWith("|") || t.contains("|" + styles.lineBreak()));
  }

  private void inside(Draft draft) {
    if (draft.node() instanceof Node.Mapping mapping) {
      mapping(mapping, draft);
    } else if (draft.node() instanceof Node.Sequence sequence) {
      sequence(sequence, draft);
    }
  }

  /**
   * What replaces a value as a whole: what the edits say, or, for {@code {}} and {@code []}, what
   * is added to it.
   */
  private static JsonNode freshOf(Draft draft) {
    if (draft.fresh() != null || draft.node() == null || !isEmptyCollection(draft.node())) {
      return draft.fresh();
    }
    if (!draft.members().isEmpty()) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      draft.members().forEach((name, member) -> object.set(name, member.fresh()));
      return object;
    }
    if (!draft.items().isEmpty()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      draft.items().forEach(item -> array.add(item.fresh()));
      return array;
    }
    return null;
  }

  private static boolean isEmptyCollection(Node node) {
    return Styles.isCollection(node) && Styles.children(node).findAny().isEmpty();
  }

  private void mapping(Node.Mapping mapping, Draft draft) {
    if (!mapping.flow()) {
      around.push(mapping);
    }
    for (Entry entry : mapping.entries()) {
      Draft member = entry.merge() ? null : draft.members().get(entry.name());
      if (member != null && member.node() != null) {
        JsonNode fresh = freshOf(member);
        if (fresh == null) {
          inside(member);
        } else if (mapping.flow()) {
          replaceFlowMember(mapping, entry, fresh);
        } else {
          replaceBlockMember(mapping, entry, fresh);
        }
      }
    }
    Map<String, Draft> added = new LinkedHashMap<>(draft.members());
    added.values().removeIf(member -> member.node() != null);
    if (!added.isEmpty() && mapping.flow()) {
      addFlowMembers(mapping, added);
    } else if (!added.isEmpty()) {
      addBlockMembers(mapping, added);
    }
    if (!mapping.flow()) {
      around.pop();
    }
  }

  private void sequence(Node.Sequence sequence, Draft draft) {
    List<JsonNode> added = new ArrayList<>();
    int index = -1; // of the last item that stands in the text
    for (Draft item : draft.items()) {
      if (item.node() == null) {
        added.add(item.fresh());
        continue;
      }
      addItems(sequence, index, added);
      added.clear();
      index++;
      JsonNode fresh = freshOf(item);
      if (fresh == null) {
        inside(item);
      } else if (sequence.flow()) {
        replaceInFlow(sequence, item.node(), fresh);
      } else {
        replaceBlockItem(sequence, index, fresh);
      }
    }
    addItems(sequence, index, added);
  }

  private void addItems(Node.Sequence sequence, int after, List<JsonNode> values) {
    if (values.isEmpty()) {
      return;
    }
    if (sequence.flow() && after < 0) {
      addFirstFlowItems(sequence, values);
    } else if (sequence.flow()) {
      Node last = sequence.items().get(after);
      addFlowElements(
          sequence,
          last.start(),
          last.end(),
          (style, indentation) ->
              values.stream().map(value -> FlowWriter.value(value, style, indentation)).toList());
    } else if (after < 0) {
      addFirstBlockItems(sequence, values);
    } else {
      int column = scan.column(scan.dash(sequence, 0));
      int end = scan.contentEnd(sequence.items().get(after));
      int at = scan.endOfCollection(end, column, document.end());
      for (JsonNode value : values) {
        insert(at, line(column) + blockItem(sequence, column, value));
      }
    }
  }

  private String blockItem(Node.Sequence sequence, int column, JsonNode value) {
    char quote = Styles.commonQuote(sequence.items().stream());
    return block().item(column, value, quote).toString();
  }

  // above comments that stand over the first item: they belong to it
  private void addFirstBlockItems(Node.Sequence sequence, List<JsonNode> values) {
    int dash = scan.dash(sequence, 0);
    int column = scan.column(dash);
    boolean alone = scan.isFirstOnLine(dash);
    int above = scan.lineStart(dash);
    while (alone && above > document.start() && isCommentOrBlank(scan.lineStart(above - 1))) {
      above = scan.lineStart(above - 1);
    }
    boolean belowKey = alone && above > document.start() && sequence != document.root();
    for (JsonNode value : values) {
      String item = blockItem(sequence, column, value);
      if (belowKey) {
        insert(scan.lineEnd(breakBefore(above)), line(column) + item);
      } else {
        insert(dash, item + line(column));
      }
    }
  }

  private boolean isCommentOrBlank(int line) {
    return scan.isCommentLine(line) || scan.isBlankLine(line);
  }

  private int breakBefore(int lineStart) {
    return scan.text().startsWith("\r\n", lineStart - 2) ? lineStart - 2 : lineStart - 1;
  }

  private void addBlockMembers(Node.Mapping mapping, Map<String, Draft> added) {
    int column = scan.keyColumn(mapping);
    Entry last = mapping.entries().get(mapping.entries().size() - 1);
    int at = scan.endOfCollection(scan.contentEnd(last), column, document.end());
    char keyQuote = Styles.commonQuote(mapping.entries().stream().map(Entry::key));
    added.forEach(
        (name, member) ->
            insert(at, line(column) + block().member(column, name, member.fresh(), keyQuote)));
  }

  private void replaceBlockMember(Node.Mapping mapping, Entry entry, JsonNode fresh) {
    Node old = entry.value();
    if (keepsOldSurroundings(old)) {
      fillEmptyFlow(old, fresh);
      return;
    }
    int column = scan.keyColumn(mapping);
    int colon = scan.colonEnd(entry);
    int end = scan.contentEnd(entry);
    BlockWriter writer = block();
    if (!writer.isBlock(fresh)) {
      replaceValue(colon, old, end, " " + BlockWriter.inline(fresh, quoteOf(old)), "");
    } else {
      replaceValue(colon, old, end, writer.header(fresh), block().lines(column, fresh).toString());
    }
  }

  private void replaceBlockItem(Node.Sequence sequence, int index, JsonNode fresh) {
    Node old = sequence.items().get(index);
    if (keepsOldSurroundings(old)) {
      fillEmptyFlow(old, fresh);
      return;
    }
    int dash = scan.dash(sequence, index);
    boolean sameLine = !TextScan.isEmpty(old) && scan.sameLine(dash, old.start());
    int column = sameLine ? scan.column(old.start()) : scan.column(dash) + 2;
    String text = block().value(column, fresh, quoteOf(old)).toString();
    String first = firstLine(text);
    String gap = sameLine ? scan.text().substring(dash + 1, old.start()) : " ";
    replaceValue(dash + 1, old, scan.contentEnd(old), gap + first, text.substring(first.length()));
  }

  /**
   * Replaces a value behind a colon or dash that ends at {@code from}.
   *
   * @param first what follows on the line, in front of a comment that stands there
   * @param lines what stands on lines of its own, each with its line break in front
   */
  private void replaceValue(int from, Node old, int end, String first, String lines) {
    if (TextScan.isEmpty(old)) {
      insert(from, first);
      insert(scan.lineEnd(from), lines);
    } else if (scan.sameLine(from, old.start())) {
      changes.add(new Change(from, end, first));
      insert(scan.lineEnd(end), lines);
    } else if (lines.isEmpty() && isOneValue(old)) {
      changes.add(new Change(old.start(), end, first.stripLeading()));
    } else {
      // comments inside go with the value that they are about
      insert(from, first);
      changes.add(new Change(scan.lineEnd(from), scan.lineEnd(end), lines));
    }
  }

  private static boolean isOneValue(Node node) {
    return !Styles.isCollection(node) || Styles.isFlow(node);
  }

  private void replaceRoot(Node old, JsonNode fresh) {
    if (styles.json()) {
      String text = FlowWriter.value(fresh, styles.document(old), "");
      changes.add(new Change(old.start(), old.end(), text));
      return;
    }
    String text = block().value(0, fresh, quoteOf(old)).toString();
    boolean ownLine = scan.isFirstOnLine(old.start());
    if (TextScan.isEmpty(old)) {
      int at = Math.min(old.start(), document.end());
      insert(at, (ownLine ? "" : styles.lineBreak()) + text + styles.lineBreak());
    } else {
      boolean below = !ownLine && block().isBlock(fresh); // not behind '---'
      String first = firstLine(text);
      int end = scan.contentEnd(old);
      changes.add(new Change(old.start(), end, (below ? styles.lineBreak() : "") + first));
      insert(scan.lineEnd(end), text.substring(first.length()));
    }
  }

  private String firstLine(String text) {
    int end = text.indexOf(styles.lineBreak());
    return end < 0 ? text : text.substring(0, end);
  }

  /** Whether an empty collection has a comment inside, or an anchor or tag: then it stays flow. */
  private boolean keepsOldSurroundings(Node old) {
    return isEmptyCollection(old)
        && (old.decorated() || !scan.text().substring(old.start() + 1, old.end() - 1).isBlank());
  }

  private void fillEmptyFlow(Node old, JsonNode fresh) {
    String text = FlowWriter.value(fresh, styles.flow(old), "");
    if (old.content().getNodeType() == fresh.getNodeType() && text.length() > 2) {
      insert(scan.contentStart(old) + 1, text.substring(1, text.length() - 1));
    } else {
      changes.add(new Change(old.start(), old.end(), text));
    }
  }

  private void replaceFlowMember(Node.Mapping mapping, Entry entry, JsonNode fresh) {
    if (!TextScan.isEmpty(entry.value())) {
      replaceInFlow(mapping, entry.value(), fresh);
      return;
    }
    int colon = scan.colonEnd(entry);
    FlowWriter.Style style = styles.flow(mapping);
    boolean hasColon = colon > entry.key().end();
    insert(colon, (hasColon ? " " : ": ") + FlowWriter.value(fresh, style, ""));
  }

  private void replaceInFlow(Node collection, Node old, JsonNode fresh) {
    boolean ownLine = scan.isFirstOnLine(old.start()) || isMemberOnOwnLine(collection, old);
    FlowWriter.Style style =
        ownLine ? styles.document(collection) : styles.flow(collection).onOneLine();
    String text = FlowWriter.value(fresh, style, scan.indentation(old.start()));
    if (fresh.isTextual() && quoteOf(old) != Quoting.AS_NEEDED) {
      text = Quoting.text(fresh.textValue(), quoteOf(old), true);
    }
    changes.add(new Change(old.start(), old.end(), text));
  }

  private boolean isMemberOnOwnLine(Node collection, Node value) {
    return collection instanceof Node.Mapping mapping
        && mapping.entries().stream()
            .filter(entry -> entry.value() == value)
            .allMatch(entry -> scan.isFirstOnLine(entry.key().start()));
  }

  private void addFlowMembers(Node.Mapping mapping, Map<String, Draft> added) {
    Entry last = mapping.entries().get(mapping.entries().size() - 1);
    addFlowElements(
        mapping,
        last.key().start(),
        scan.contentEnd(last),
        (style, indentation) ->
            added.entrySet().stream()
                .map(
                    member ->
                        FlowWriter.member(
                            member.getKey(), member.getValue().fresh(), style, indentation))
                .toList());
  }

  /** Writes new elements once it is known how, and at which indentation. */
  private interface Elements {
    List<String> write(FlowWriter.Style style, String indentation);
  }

  private void addFlowElements(Node collection, int lastStart, int lastEnd, Elements elements) {
    FlowWriter.Style style = styles.flow(collection);
    if (!isOnOwnLine(collection, lastStart)) {
      StringBuilder text = new StringBuilder();
      elements.write(style, "").forEach(e -> text.append(style.separator()).append(e));
      insert(lastEnd, text.toString());
      return;
    }
    String indentation = scan.indentation(lastStart);
    List<String> written = elements.write(ownLines(collection, style, indentation), indentation);
    int comma = scan.skipToContent(lastEnd);
    boolean hasComma = scan.is(comma, ',');
    int afterComma = hasComma ? comma + 1 : lastEnd;
    boolean hasComment = scan.is(scan.skipSpaces(afterComma), '#');
    String start = styles.lineBreak() + indentation;
    if (hasComment || hasComma) {
      int at = hasComment ? scan.lineEnd(afterComma) : afterComma;
      if (!hasComma) {
        insert(lastEnd, ",");
      }
      insert(at, start + String.join("," + start, written) + (hasComma ? "," : ""));
    } else {
      insert(lastEnd, "," + start + String.join("," + start, written));
    }
  }

  private void addFirstFlowItems(Node.Sequence sequence, List<JsonNode> values) {
    int first = sequence.items().get(0).start();
    FlowWriter.Style style = styles.flow(sequence);
    boolean ownLine = isOnOwnLine(sequence, first);
    String indentation = ownLine ? scan.indentation(first) : "";
    FlowWriter.Style used = ownLine ? ownLines(sequence, style, indentation) : style;
    String after = ownLine ? "," + styles.lineBreak() + indentation : style.separator();
    for (JsonNode value : values) {
      insert(first, FlowWriter.value(value, used, indentation) + after);
    }
  }

  private boolean isOnOwnLine(Node collection, int element) {
    return scan.isFirstOnLine(element) && !scan.sameLine(collection.start(), element);
  }

  // only JSON spreads over lines by itself; {a: b} is short by nature
  private FlowWriter.Style ownLines(Node collection, FlowWriter.Style style, String indentation) {
    if (!styles.json()) {
      return style;
    }
    String outer = scan.indentation(collection.start());
    boolean deeper = indentation.startsWith(outer);
    return styles.indented(style, deeper ? indentation.substring(outer.length()) : "");
  }

  private static char quoteOf(Node old) {
    boolean quoted =
        old instanceof Node.Scalar scalar && (scalar.style() == '"' || scalar.style() == '\'');
    return quoted ? ((Node.Scalar) old).style() : Quoting.AS_NEEDED;
  }

  private BlockWriter block() {
    return new BlockWriter(styles.layout(around));
  }

  private String line(int column) {
    return styles.lineBreak() + " ".repeat(column);
  }

  private void insert(int at, String text) {
    if (!text.isEmpty()) {
      changes.add(new Change(at, at, text));
    }
  }
}
