package dev.holdfast.yaml;

import dev.holdfast.yaml.Node.Entry;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/** How a document is written, so that what is added looks like what stands around it. */
final class Styles {
  private static final int DEFAULT_MAPPING_STEP = 2;
  private static final int DEFAULT_SEQUENCE_STEP = 0; // as kubectl
  private static final String DEFAULT_UNIT = "  ";

  private final TextScan scan;
  private final Node root;
  private final String lineBreak;
  private final boolean json;

  Styles(TextScan scan, YamlDocument document) {
    this.scan = scan;
    root = document.root();
    json = isCollection(root) && isFlow(root) && isJson(root);
    int end = scan.lineEnd(document.start());
    lineBreak = scan.text().startsWith("\r\n", end) ? "\r\n" : "\n";
  }

  String lineBreak() {
    return lineBreak;
  }

  /** Whether the document is JSON, which additions must not spoil. */
  boolean json() {
    return json;
  }

  /**
   * The block layout of the surroundings.
   *
   * @param around the block mappings around the place, the nearest first
   */
  Layout layout(Iterable<Node.Mapping> around) {
    return new Layout(
        step(around, this::mappingStep, DEFAULT_MAPPING_STEP),
        step(around, this::sequenceStep, DEFAULT_SEQUENCE_STEP),
        lineBreak,
        false);
  }

  /** The style of a flow collection, for elements on one line or on lines of their own. */
  FlowWriter.Style flow(Node collection) {
    List<Node> keys =
        collection instanceof Node.Mapping mapping
            ? mapping.entries().stream().map(Entry::key).toList()
            : List.of();
    return new FlowWriter.Style(
        json ? '"' : commonQuote(keys.stream()),
        json ? '"' : commonQuote(children(collection)),
        separator(collection),
        json && isCompact() ? ":" : ": ",
        null,
        lineBreak);
  }

  /**
   * As {@link #flow}, and with the indentation of a JSON document that is written on many lines.
   */
  FlowWriter.Style document(Node collection) {
    FlowWriter.Style style = flow(collection);
    int first = firstElement(root);
    if (!json || first < 0 || !scan.isFirstOnLine(first)) {
      return style;
    }
    return indented(style, scan.indentation(first));
  }

  FlowWriter.Style indented(FlowWriter.Style style, String unit) {
    return new FlowWriter.Style(
        style.keyQuote(),
        style.quote(),
        style.separator(),
        style.colon(),
        unit.isEmpty() ? DEFAULT_UNIT : unit,
        lineBreak);
  }

  /** The quotes that all texts among some values have; as needed if they differ. */
  static char commonQuote(Stream<Node> values) {
    List<Character> quotes =
        values
            .filter(value -> value.content().isTextual() && value instanceof Node.Scalar)
            .map(value -> ((Node.Scalar) value).style())
            .distinct()
            .toList();
    return quotes.size() == 1 && (quotes.get(0) == '"' || quotes.get(0) == '\'')
        ? quotes.get(0)
        : Quoting.AS_NEEDED;
  }

  static Stream<Node> children(Node node) {
    if (node instanceof Node.Mapping mapping) {
      return mapping.entries().stream().map(Entry::value);
    }
    return node instanceof Node.Sequence sequence ? sequence.items().stream() : Stream.empty();
  }

  private int step(Iterable<Node.Mapping> around, ToIntFunction<Node.Mapping> measure, int ifNone) {
    for (Node.Mapping mapping : around) {
      int step = measure.applyAsInt(mapping);
      if (step >= 0) {
        return step;
      }
    }
    return firstStep(root, measure).orElse(ifNone);
  }

  private static OptionalInt firstStep(Node node, ToIntFunction<Node.Mapping> measure) {
    if (node instanceof Node.Mapping mapping && !mapping.flow()) {
      int step = measure.applyAsInt(mapping);
      if (step >= 0) {
        return OptionalInt.of(step);
      }
    }
    return children(node)
        .filter(child -> isCollection(child) && !isFlow(child))
        .map(child -> firstStep(child, measure))
        .filter(OptionalInt::isPresent)
        .findFirst()
        .orElse(OptionalInt.empty());
  }

  private int mappingStep(Node.Mapping parent) {
    for (Entry entry : parent.entries()) {
      if (entry.value() instanceof Node.Mapping child && !child.flow()) {
        int step = scan.keyColumn(child) - scan.keyColumn(parent);
        if (step > 0) {
          return step;
        }
      }
    }
    return -1;
  }

  private int sequenceStep(Node.Mapping parent) {
    for (Entry entry : parent.entries()) {
      if (entry.value() instanceof Node.Sequence child && !child.flow()) {
        int step = scan.column(scan.dash(child, 0)) - scan.keyColumn(parent);
        if (step >= 0) {
          return step;
        }
      }
    }
    return -1;
  }

  private String separator(Node collection) {
    List<Node> elements = children(collection).toList();
    if (elements.size() > 1) {
      int comma = scan.skipToContent(elements.get(0).end());
      return scan.is(comma, ',') && scan.skipToContent(comma + 1) == comma + 1 ? "," : ", ";
    }
    return json && isCompact() ? "," : ", ";
  }

  private boolean isCompact() {
    if (root instanceof Node.Mapping mapping && !mapping.entries().isEmpty()) {
      Entry first = mapping.entries().get(0);
      return scan.colonEnd(first) == first.value().start();
    }
    return false;
  }

  private static int firstElement(Node node) {
    if (node instanceof Node.Mapping mapping && !mapping.entries().isEmpty()) {
      return mapping.entries().get(0).key().start();
    }
    return node instanceof Node.Sequence sequence && !sequence.items().isEmpty()
        ? sequence.items().get(0).start()
        : -1;
  }

  static boolean isCollection(Node node) {
    return node instanceof Node.Mapping || node instanceof Node.Sequence;
  }

  static boolean isFlow(Node node) {
    return node instanceof Node.Mapping mapping && mapping.flow()
        || node instanceof Node.Sequence sequence && sequence.flow();
  }

  private static boolean isJson(Node node) {
    if (node instanceof Node.Mapping mapping
        && !mapping.entries().stream().map(Entry::key).allMatch(Styles::isJson)) {
      return false;
    }
    if (node instanceof Node.Scalar scalar) {
      return scalar.style() == '"' || scalar.style() == ' ' && !scalar.content().isTextual();
    }
    return !(node instanceof Node.Alias) && children(node).allMatch(Styles::isJson);
  }
}
