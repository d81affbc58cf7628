package dev.holdfast.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class YamlProperties {
  @Property(tries = 3000)
  void what_the_writer_writes_reads_back(@ForAll Random random) throws Exception {
    JsonNode tree = new RandomYaml(random).tree(4);

    String yaml = YamlWriter.write(tree);

    assertThat(RandomYaml.same(parse(yaml).content(), tree)).as(yaml).isTrue();
    assertThat(RandomYaml.same(RandomYaml.load(yaml), tree)).as(yaml).isTrue();
  }

  @Property(tries = 3000)
  void an_edited_text_means_the_edited_tree(@ForAll Random random) throws Exception {
    RandomYaml generator = new RandomYaml(random);
    JsonNode tree = generator.tree(4);
    String before = generator.write(tree);
    assertThat(RandomYaml.same(parse(before).content(), tree)).as(before).isTrue();
    JsonNode expected = tree;
    List<YamlEdit> edits = new ArrayList<>();
    for (int i = random.nextInt(5); i >= 0; i--) {
      YamlEdit edit = generator.edit(expected, expected.isContainerNode() && i % 2 == 0);
      expected = applied(expected, edit);
      edits.add(edit);
    }

    String after = apply(before, edits);

    String what = before + "\n>>>>\n" + edits + "\n<<<<\n" + after;
    assertThat(RandomYaml.same(parse(after).content(), expected)).as(what).isTrue();
    assertThat(RandomYaml.same(RandomYaml.load(after), expected)).as(what).isTrue();
  }

  @Property(tries = 3000)
  void an_addition_leaves_every_other_line_alone(@ForAll Random random) throws Exception {
    RandomYaml generator = new RandomYaml(random);
    JsonNode tree = generator.object(4);
    String before = generator.write(tree);
    JsonNode expected = tree;
    List<YamlEdit> edits = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      YamlEdit edit = generator.edit(expected, true);
      expected = applied(expected, edit);
      edits.add(edit);
    }

    String after = apply(before, edits);

    String what = before + "\n>>>>\n" + edits + "\n<<<<\n" + after;
    int lost =
        DiffUtils.diff(before.lines().toList(), after.lines().toList()).getDeltas().stream()
            .map(AbstractDelta::getSource)
            .mapToInt(source -> source.getLines().size())
            .sum();
    assertThat(lost).as(what).isLessThanOrEqualTo(edits.size());
    assertThat(notes(after)).as(what).isEqualTo(notes(before));
    assertThat(after.contains("\r\n")).as(what).isEqualTo(before.contains("\r\n"));
  }

  @Property(tries = 3000)
  void documents_put_together_are_the_stream(@ForAll Random random) throws Exception {
    RandomYaml generator = new RandomYaml(random);
    StringBuilder text = new StringBuilder();
    List<JsonNode> trees = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      JsonNode tree = generator.object(3);
      String document = generator.write(tree);
      text.append(
              text.isEmpty() || document.lines().anyMatch(line -> line.startsWith("---"))
                  ? ""
                  : "---\n")
          .append(document);
      text.append(document.endsWith("\n") ? "" : "\n");
      trees.add(tree);
    }

    List<YamlDocument> documents;
    try {
      documents = YamlStream.parse("f", text.toString().getBytes(StandardCharsets.UTF_8));
    } catch (YamlException e) {
      throw new AssertionError(text.toString(), e);
    }

    StringBuilder together = new StringBuilder();
    documents.forEach(document -> together.append(document.text()));
    assertThat(together).hasToString(text.toString());
  }

  @Property(tries = 5000)
  void garbage_is_read_or_refused_with_a_place(@ForAll Random random) throws Exception {
    RandomYaml generator = new RandomYaml(random);
    byte[] bytes = generator.write(generator.tree(4)).getBytes(StandardCharsets.UTF_8);
    for (int i = random.nextInt(6); i >= 0 && bytes.length > 0; i--) {
      byte[] soup =
          "-:?[]{},#&*!|>'\"%@`<~\t \n\r\\0\u0000\u0080x".getBytes(StandardCharsets.UTF_8);
      bytes[random.nextInt(bytes.length)] = soup[random.nextInt(soup.length)];
    }
    try {
      List<YamlDocument> documents = YamlStream.parse("f", bytes);
      assertThat(documents).isNotEmpty();
      YamlDocument first = documents.get(0);
      JsonNode content = first.content();
      YamlEditor.apply(first, List.of(generator.edit(content, !content.isValueNode())));
    } catch (YamlException e) {
      assertThat(e.getMessage()).startsWith("f:" + e.position() + ": ").doesNotContain("\n");
    }
  }

  private static String apply(String before, List<YamlEdit> edits) {
    try {
      return YamlEditor.apply(parse(before), edits);
    } catch (YamlException e) {
      throw new AssertionError(before + "\n>>>>\n" + edits, e);
    }
  }

  private static List<String> notes(String text) {
    return Pattern.compile("# note \\d+").matcher(text).results().map(MatchResult::group).toList();
  }

  private static YamlDocument parse(String text) throws YamlException {
    List<YamlDocument> documents = YamlStream.parse("f", text.getBytes(StandardCharsets.UTF_8));
    assertThat(documents).hasSize(1);
    return documents.get(0);
  }

  /** RFC 6902, as short as it can be written. */
  private static JsonNode applied(JsonNode tree, YamlEdit edit) {
    if (edit.pointer().isEmpty()) {
      return edit.value();
    }
    JsonNode result = tree.deepCopy();
    JsonPointer pointer = JsonPointer.compile(edit.pointer());
    String last = pointer.last().getMatchingProperty();
    JsonNode parent = result.at(pointer.head());
    if (parent instanceof ObjectNode object) {
      object.set(last, edit.value());
    } else if (edit.replace()) {
      ((ArrayNode) parent).set(Integer.parseInt(last), edit.value());
    } else {
      ArrayNode array = (ArrayNode) parent;
      array.insert(last.equals("-") ? array.size() : Integer.parseInt(last), edit.value());
    }
    return result;
  }
}
