package dev.holdfast.hardening.patch;

import static dev.holdfast.hardening.Edit.Op.ADD;
import static dev.holdfast.hardening.Edit.Op.REPLACE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.hardening.Edit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PatchBuilderTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static ObjectNode tree(String text) throws Exception {
    return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'a':{}}                 | /a/b     | /a/b   | 7",
        "{'a':{'x':1}}            | /a/b     | /a/b   | 7",
        "{'a':null}               | /a/b     | /a     | {'b':7}",
        "{}                       | /a/b/c   | /a     | {'b':{'c':7}}",
        "{'a':[{'x':1},{'x':2}]}  | /a/1/b/c | /a/1/b | {'c':7}",
        "{'a':[{'b':null}]}       | /a/0/b   | /a/0/b | 7",
        "{'a/b':{'~':{}}}         | /a~1b/~0/c | /a~1b/~0/c | 7",
        "{}                       | /m/x~1y  | /m     | {'x/y':7}",
        "{'a':[]}                 | /a       | /a     | 7",
      })
  void adds_the_highest_missing_parent_once(String pod, String path, String at, String value)
      throws Exception {
    PatchBuilder patch = new PatchBuilder(tree(pod));
    patch.apply(ADD, path, IntNode.valueOf(7));
    assertThat(patch.operations())
        .containsExactly(new PatchOperation(ADD, at, JSON.readTree(value.replace('\'', '"'))));
    assertThat(patch.pod().at(path)).isEqualTo(IntNode.valueOf(7));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ADD     | {'a':1}       | /a",
        "ADD     | {'a':{'b':1}} | /a",
        "ADD     | {'a':''}      | /a",
        "ADD     | {'a':1}       | /a/b",
        "ADD     | {'a':[]}      | /a/0/b",
        "ADD     | {'a':[{}]}    | /a/1",
        "ADD     | {'a':[{}]}    | /a/x/b",
        "REPLACE | {}            | /a",
        "REPLACE | {'a':null}    | /a",
        "ADD     | {}            | ''",
      })
  void refuses_what_would_overwrite_or_has_no_place(Edit.Op op, String pod, String path)
      throws Exception {
    PatchBuilder patch = new PatchBuilder(tree(pod));
    assertThatThrownBy(() -> patch.apply(op, path, IntNode.valueOf(7)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void never_changes_the_incoming_tree() throws Exception {
    ObjectNode pod = tree("{'a':[{'b':{'c':1}},{'b':{'c':1}}],'d':{}}");
    ObjectNode before = pod.deepCopy();
    PatchBuilder patch = new PatchBuilder(pod);
    patch.apply(REPLACE, "/a/1/b/c", IntNode.valueOf(2));
    patch.apply(ADD, "/a/0/x/y", IntNode.valueOf(3));
    patch.apply(ADD, "/d/e", IntNode.valueOf(4));
    assertThat(pod).isEqualTo(before);
    assertThat(patch.pod())
        .isEqualTo(tree("{'a':[{'b':{'c':1},'x':{'y':3}},{'b':{'c':2}}],'d':{'e':4}}"));
  }

  @Test
  void shares_what_is_not_on_the_way_to_an_edit() throws Exception {
    ObjectNode pod = tree("{'a':{'b':1},'c':{'d':1}}");
    PatchBuilder patch = new PatchBuilder(pod);
    patch.apply(REPLACE, "/a/b", IntNode.valueOf(2));
    assertThat(patch.pod().get("c")).isSameAs(pod.get("c"));
  }

  @Test
  void keeps_the_value_of_an_earlier_operation_when_a_later_one_changes_it() throws Exception {
    PatchBuilder patch = new PatchBuilder(tree("{}"));
    patch.apply(ADD, "/a/b", tree("{'c':1}"));
    patch.apply(REPLACE, "/a/b/c", IntNode.valueOf(2));
    patch.apply(ADD, "/a/d", TextNode.valueOf("x"));
    assertThat(patch.operations())
        .containsExactly(
            new PatchOperation(ADD, "/a", tree("{'b':{'c':1}}")),
            new PatchOperation(REPLACE, "/a/b/c", IntNode.valueOf(2)),
            new PatchOperation(ADD, "/a/d", TextNode.valueOf("x")));
  }
}
