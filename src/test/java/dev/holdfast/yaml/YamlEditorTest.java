package dev.holdfast.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each test is a text before, edits ({@code add|replace POINTER JSON}), and the text after. */
class YamlEditorTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void hardens_a_pod_as_people_write_it() {
    edit(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels: {app: web}
        spec:
          # how long
          terminationGracePeriodSeconds: 30 # the default
          containers:
          # the app
          - name: app
            image: nginx:1.25
            args: ["-c", "x"]
            readinessProbe:
              httpGet: {path: /, port: http}
              timeoutSeconds: 1
            # resources: none

          # the sidecar
          - name: side
            image: 'side:1'   # pinned
        """,
        "replace /spec/terminationGracePeriodSeconds 45",
        "add /spec/containers/0/lifecycle {\"preStop\":{\"sleep\":{\"seconds\":10}}}",
        "replace /spec/containers/0/readinessProbe/timeoutSeconds 3",
        "add /metadata/annotations {}",
        "add /metadata/annotations/holdfast.dev~1hardened \"pre-stop,termination-grace\"",
        "add /spec/initContainers []",
        "add /spec/initContainers/0 {\"name\":\"holdfast-init\",\"command\":[\"/init\"]}",
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels: {app: web}
          annotations:
            holdfast.dev/hardened: pre-stop,termination-grace
        spec:
          # how long
          terminationGracePeriodSeconds: 45 # the default
          containers:
          # the app
          - name: app
            image: nginx:1.25
            args: ["-c", "x"]
            readinessProbe:
              httpGet: {path: /, port: http}
              timeoutSeconds: 3
            # resources: none
            lifecycle:
              preStop:
                sleep:
                  seconds: 10

          # the sidecar
          - name: side
            image: 'side:1'   # pinned
          initContainers:
          - name: holdfast-init
            command:
            - /init
        """);
  }

  @Nested
  class Members_of_block_mappings {
    @Test
    void stand_behind_the_last_member_and_its_comment() {
      edit(
          """
          # a pod
          metadata:
            name: web   # the site
          spec: {}
          """,
          "add /metadata/namespace \"prod\"",
          """
          # a pod
          metadata:
            name: web   # the site
            namespace: prod
          spec: {}
          """);
    }

    @Test
    void stand_in_the_order_of_the_edits() {
      edit(
          """
          spec:
            a: 1
          """,
          "add /spec/z 1",
          "add /spec/b {\"x\":{\"w\":true}}",
          "add /spec/b/x/z null",
          "add /kind \"Pod\"",
          """
          spec:
            a: 1
            z: 1
            b:
              x:
                w: true
                z: null
          kind: Pod
          """);
    }

    @Test
    void stand_before_comments_of_what_comes_next() {
      edit(
          """
          metadata:
            name: web

          # What it runs
          spec:
            a: 1
          # The end
          """,
          "add /metadata/namespace \"prod\"",
          "add /spec/b 2",
          """
          metadata:
            name: web
            namespace: prod

          # What it runs
          spec:
            a: 1
            b: 2
          # The end
          """);
    }

    @Test
    void stand_behind_comments_of_the_same_mapping() {
      edit(
          """
          containers:
          - name: a
            image: a:1
            # command: [sleep]
          # the second one
          - name: b
            # image: none yet
          """,
          "add /containers/0/tty true",
          "add /containers/1/tty true",
          """
          containers:
          - name: a
            image: a:1
            # command: [sleep]
            tty: true
          # the second one
          - name: b
            # image: none yet
            tty: true
          """);
    }

    @Test
    void are_indented_as_their_surroundings_are() {
      edit(
          """
          metadata:
              labels:
                  app: web
          spec:
              containers:
                - name: a
          """,
          "add /metadata/annotations {\"a\":\"b\"}",
          "add /spec/containers/0/env [{\"name\":\"A\",\"value\":\"1\"}]",
          "add /spec/volumes [{\"name\":\"v\",\"emptyDir\":{}}]",
          """
          metadata:
              labels:
                  app: web
              annotations:
                  a: b
          spec:
              containers:
                - name: a
                  env:
                    - name: A
                      value: "1"
              volumes:
                - name: v
                  emptyDir: {}
          """);
    }

    @Test
    void follow_lists_that_are_not_indented() {
      edit(
          """
          spec:
            containers:
            - name: a
          """,
          "add /spec/volumes [{\"name\":\"v\"},[1,[2]]]",
          """
          spec:
            containers:
            - name: a
            volumes:
            - name: v
            - - 1
              - - 2
          """);
    }

    @Test
    void stand_behind_block_texts_and_before_blank_lines() {
      edit(
          """
          data:
            script: |
              echo one

              echo two


          other:
            text: >-
              folded
            # about nothing
          """,
          "add /data/b 1",
          "add /other/b 1",
          """
          data:
            script: |
              echo one

              echo two
            b: 1


          other:
            text: >-
              folded
            # about nothing
            b: 1
          """);
    }

    @Test
    void keep_the_blank_lines_that_a_block_text_keeps() {
      edit(
          """
          data:
            text: |+
              one


          other: 1
          """,
          "add /data/b 2",
          """
          data:
            text: |+
              one


            b: 2
          other: 1
          """);
    }

    @Test
    void keep_a_file_without_a_last_line_break() {
      edit("a: 1\nb:\n  c: |\n    x", "add /d 1", "a: 1\nb:\n  c: |\n    x\nd: 1");
      edit("a: 1", "add /b {\"c\":1}", "a: 1\nb:\n  c: 1");
    }

    @Test
    void keep_line_breaks_of_windows() {
      edit(
          "a:\r\n  b: 1 # c\r\n\r\nd: []\r\n",
          "add /a/c \"x\\ny\"",
          "add /d/- {\"e\":1}",
          "a:\r\n  b: 1 # c\r\n  c: |-\r\n    x\r\n    y\r\n\r\nd:\r\n- e: 1\r\n");
    }

    @Test
    void take_the_quotes_that_they_need() {
      edit(
          "a: 1\n",
          "add /b {\"1\":\"yes\",\"c\":\"012\",\"d\":\"1e3\",\"e\":\"null\",\"f\":\"\",\"g\":\" x\","
              + "\"h\":\"x: y\",\"i\":\"x #y\",\"j\":\"it's: so\",\"k\":\"a\\tb\",\"l\":\"-c\"}",
          "a: 1\nb:\n  \"1\": \"yes\"\n  c: \"012\"\n  d: \"1e3\"\n  e: \"null\"\n  f: \"\"\n"
              + "  g: ' x'\n  h: 'x: y'\n  i: 'x #y'\n  j: 'it''s: so'\n  k: \"a\\tb\"\n"
              + "  l: -c\n");
    }

    @Test
    void can_stand_in_a_mapping_that_merges_another() {
      edit(
          """
          base: &base
            a: 1
          pod:
            <<: *base
          """,
          "add /pod/b 2",
          """
          base: &base
            a: 1
          pod:
            <<: *base
            b: 2
          """);
    }

    @Test
    void keep_the_document_separators() {
      edit("---\na: 1\n...\n", "add /b 2", "---\na: 1\nb: 2\n...\n");
      edit(
          "%YAML 1.1\n--- # c\na:\n  b: 1\n# d\n",
          "add /a/c 2", "%YAML 1.1\n--- # c\na:\n  b: 1\n  c: 2\n# d\n");
      edit("\uFEFFa: 1\n", "add /b 2", "\uFEFFa: 1\nb: 2\n");
    }
  }

  @Nested
  class Empty_values {
    @Test
    void become_block_style() {
      edit(
          """
          labels: {} # none yet
          resources: { }
          args: []
          nothing:
          tilde: ~
          items:
          - {}
          -
          - []
          """
              .replace("null:", "tilde:"),
          "add /labels/app \"web\"",
          "add /resources/limits {}",
          "add /resources/limits/cpu \"1\"",
          "add /args/- \"-v\"",
          "add /args/0 \"run\"",
          "add /nothing/a 1",
          "add /tilde/- 1",
          "add /items/0/a 1",
          "add /items/0/b 2",
          "add /items/1/c {\"d\":1}",
          "add /items/2/- 5",
          """
          labels: # none yet
            app: web
          resources:
            limits:
              cpu: "1"
          args:
          - run
          - -v
          nothing:
            a: 1
          tilde:
          - 1
          items:
          - a: 1
            b: 2
          - c:
              d: 1
          - - 5
          """);
    }

    @Test
    void stay_flow_with_a_comment_an_anchor_or_a_tag() {
      edit(
          """
          a: &x {}
          b: !!map {}
          c: { # soon
          }
          """,
          "add /a/k 1",
          "add /b/k [1]",
          "add /c/k 2",
          """
          a: &x {k: 1}
          b: !!map {k: [1]}
          c: {k: 2 # soon
          }
          """);
    }

    @Test
    void keep_what_merges_nothing() {
      edit("a:\n  <<: {}\n", "add /a/b 1", "a:\n  <<: {}\n  b: 1\n");
      edit("a: &x []\n", "replace /a {\"b\":1}", "a: {b: 1}\n");
    }

    @Test
    void can_be_whole_documents() {
      edit("", "add /a {\"b\":1}", "a:\n  b: 1\n");
      edit("# only this", "add /a 1", "# only this\na: 1\n");
      edit("---\n# c\n", "add /a 1", "---\n# c\na: 1\n");
      edit("{}\n", "add /a 1", "{\"a\": 1}\n");
    }
  }

  @Nested
  class Items_of_block_lists {
    @Test
    void stand_in_front_between_and_behind() {
      edit(
          """
          spec:
            args: # what it gets

            # the verb
            - run
            # how loud
            - -v   # very
            volumes:
            - name: v
          """,
          "add /spec/args/0 \"first\"",
          "add /spec/args/2 \"between\"",
          "add /spec/args/- \"last\"",
          """
          spec:
            args: # what it gets
            - first

            # the verb
            - run
            - between
            # how loud
            - -v   # very
            - last
            volumes:
            - name: v
          """);
    }

    @Test
    void take_the_quotes_of_their_neighbours() {
      edit("- \"a\"\n- \"b\"\n", "add /- \"c\"", "- \"a\"\n- \"b\"\n- \"c\"\n");
      edit("args: [\"a\",\"b\"]\n", "add /args/- \"c\"", "args: [\"a\",\"b\",\"c\"]\n");
      edit("args: ['a', 'b']\n", "add /args/0 \"c\"", "args: ['c', 'a', 'b']\n");
    }

    @Test
    void can_stand_in_front_of_a_whole_document() {
      edit("# licence\n- a\n", "add /0 {\"b\":1}", "# licence\n- b: 1\n- a\n");
      edit("- - a\n  - b\n", "add /0/0 \"x\"", "- - x\n  - a\n  - b\n");
    }

    @Test
    void follow_an_item_that_is_edited_too() {
      edit(
          """
          - a:
              b: 1
          - c: 1
          """,
          "add /0/a/d 1",
          "add /0/e 1",
          "add /1 \"x\"",
          "add /2/f 1",
          """
          - a:
              b: 1
              d: 1
            e: 1
          - x
          - c: 1
            f: 1
          """);
    }
  }

  @Nested
  class Replaced_values {
    @Test
    void keep_quotes_and_comments() {
      edit(
          """
          a: 30 # seconds
          b: "x"
          c: 'y'
          d: plain
            text # over lines
          e: [1, "two"]
          - f
          """
              .replace("- f\n", ""),
          "replace /a 45",
          "replace /b \"z\"",
          "replace /c \"it's\"",
          "replace /d \"yes\"",
          "replace /e/1 \"three\"",
          """
          a: 45 # seconds
          b: "z"
          c: 'it''s'
          d: "yes" # over lines
          e: [1, "three"]
          """);
    }

    @Test
    void may_change_their_kind() {
      edit(
          """
          a: 1 # one
          b:
            c: 1 # gone with c
          # about d
          d: |
            text

          e: [x]
          f: # eff
          - 1
          g:
            text
          h:
            text # stays
          """,
          "replace /a {\"x\":[1]}",
          "replace /b 5",
          "replace /d [1,2]",
          "replace /e {}",
          "replace /f {\"w\":{}}",
          "replace /g \"one\\ntwo\\n\"",
          "replace /h 5",
          """
          a: # one
            x:
            - 1
          b: 5
          # about d
          d:
          - 1
          - 2

          e: {}
          f: # eff
            w: {}
          g: |
            one
            two
          h:
            5 # stays
          """);
    }

    @Test
    void may_be_items() {
      edit(
          """
          - a # one
          - b: 1
            c: 2
          -   - x
          - |
            text
          """,
          "replace /0 {\"k\":1,\"l\":2}",
          "replace /1 \"b\"",
          "replace /2 [1,2]",
          "replace /3 null",
          """
          - k: 1 # one
            l: 2
          - b
          -   - 1
              - 2
          - null
          """);
    }

    @Test
    void may_be_the_whole_document() {
      edit("# c\na: 1\n# d\n", "replace  [1]", "# c\n- 1\n# d\n");
      edit("--- 5\n", "replace  {\"a\":1}", "--- \na: 1\n");
      edit("{\"a\": 1}\n", "replace  [\"b\"]", "[\"b\"]\n");
    }

    @Test
    void stay_as_they_are_if_they_are_the_same() {
      edit("a: 0x10\nb: {c:   1}\n", "replace /a 16", "add /b {\"c\":1}", "a: 0x10\nb: {c:   1}\n");
    }

    @Test
    void may_be_an_alias() {
      edit("a: &x 1\nb: *x # same\n", "replace /b 2", "a: &x 1\nb: 2 # same\n");
    }
  }

  @Nested
  class Flow_style {
    @Test
    void stays() {
      edit(
          """
          a: {b: c}
          d: { e: f, } # g
          h: [1,2]
          i: {j, k: }
          l: {"m": "n"}
          """,
          "add /a/x {\"w\":[1,\"p, q\"]}",
          "add /d/x \"yes\"",
          "add /h/1 7",
          "add /i/x 1",
          "add /i/j 2",
          "add /i/k 3",
          "add /l/x \"y\"",
          """
          a: {b: c, x: {w: [1, 'p, q']}}
          d: { e: f, x: "yes", } # g
          h: [1,7,2]
          i: {j: 2, k: 3, x: 1 }
          l: {"m": "n", "x": "y"}
          """);
    }

    @Test
    void stays_on_its_lines() {
      edit(
          """
          a: {
            b: 1, # one
            c: 2 # two
          }
          d: [
            x,
            y,
          ]
          """,
          "add /a/e 3",
          "add /d/- \"z\"",
          "add /d/0 \"w\"",
          """
          a: {
            b: 1, # one
            c: 2, # two
            e: 3
          }
          d: [
            w,
            x,
            y,
            z,
          ]
          """);
    }
  }

  @Nested
  class Json_documents {
    @Test
    void stay_json_on_many_lines() {
      edit(
          """
          {
            "kind": "Pod",
            "spec": {
              "containers": [
                {
                  "name": "a"
                }
              ],
              "volumes": [],
              "hostname": "a/b"
            }
          }
          """,
          "add /spec/containers/0/env [{\"name\":\"A\",\"value\":\"1\"}]",
          "add /spec/volumes/- {\"name\":\"v\"}",
          "add /spec/containers/0 {\"name\":\"init\"}",
          "replace /spec/hostname \"yes\"",
          """
          {
            "kind": "Pod",
            "spec": {
              "containers": [
                {
                  "name": "init"
                },
                {
                  "name": "a",
                  "env": [
                    {
                      "name": "A",
                      "value": "1"
                    }
                  ]
                }
              ],
              "volumes": [
                {
                  "name": "v"
                }
              ],
              "hostname": "yes"
            }
          }
          """);
    }

    @Test
    void stay_json_with_tabs() {
      edit(
          "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}",
          "add /a/c {\"d\":[]}",
          "add /e {\"f\":1}",
          "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"c\": {\n\t\t\t\"d\": []\n\t\t}\n\t},\n\t\"e\": {\n"
              + "\t\t\"f\": 1\n\t}\n}");
    }

    @Test
    void stay_json_on_one_line() {
      edit(
          "{\"a\":{\"b\":1},\"c\":[]}",
          "add /a/x {\"y\":\"\\u0000\\u007f\"}",
          "add /c/- 1",
          "{\"a\":{\"b\":1,\"x\":{\"y\":\"\\u0000\\u007f\"}},\"c\":[1]}");
      edit("{\"a\": [1]}", "add /a/- {\"b\":[1,2]}", "{\"a\": [1, {\"b\": [1, 2]}]}");
    }
  }

  @Nested
  class Shared_places {
    @Test
    void are_refused() {
      String text =
          """
          base: &base
            env: {a: 1}
            list: [&item x]
          pod:
            <<: *base
            own: *item
          copy: *base
          """;
      refuse(
          text,
          "add /base/env/b 2",
          "f:1:7: /base/env/b cannot be edited in place without" + " changing other places");
      refuse(text, "replace /base 2", "f:1:7: /base cannot");
      refuse(text, "replace /base/list/0 2", "f:1:7: /base/list/0 cannot");
      refuse(text, "add /copy/b 2", "f:7:7: /copy/b cannot");
      refuse(text, "replace /pod/env {}", "f:5:3: /pod/env cannot");
      refuse(text, "add /pod/env/b {}", "f:5:3: /pod/env/b cannot");
      refuse("a: [&x 1]\nb: *x\n", "replace /a []", "f:1:5: /a cannot");
    }

    @Test
    void do_not_keep_others_from_being_edited() {
      edit(
          "a: &x {b: 1}\nc: *x\nd: &y {e: 1}\n",
          "add /f 1",
          "add /d/g 2",
          "a: &x {b: 1}\nc: *x\nd: &y {e: 1, g: 2}\nf: 1\n");
    }
  }

  @Test
  void refuses_places_that_do_not_exist() {
    refuse("a: {b: [1]}\n", "replace /a/c 1", "f:1:4: there is no /a/c to edit");
    refuse("a: {b: [1]}\n", "add /x/y 1", "f:1:1: there is no /x/y to edit");
    refuse("a: {b: [1]}\n", "add /a/b/2 1", "f:1:8: there is no /a/b/2 to edit");
    refuse("a: {b: [1]}\n", "replace /a/b/- 1", "f:1:8: there is no /a/b/- to edit");
    refuse("a: 1\n", "add /a/b 1", "f:1:4: there is no /a/b to edit");
    refuse("a: 1\n", "add a 1", "f:1:1: there is no a to edit");
  }

  @Test
  void unescapes_pointers() {
    edit("a/b: {c~d: 1}\n", "replace /a~1b/c~0d 2", "a/b: {c~d: 2}\n");
  }

  @ParameterizedTest
  @CsvSource({"[,],/0", "{a: ,},/a", "'- ','',/0", "'{\"a\": ',},/a"})
  void reaches_what_is_nested_as_deep_as_is_read(String open, String close, String step)
      throws YamlException {
    String text = open.repeat(499) + "[1]" + close.repeat(499);

    String edited = YamlEditor.apply(parse(text).get(0), edits("add " + step.repeat(499) + "/- 2"));

    assertThat(edited.equals(text.replace("[1]", "[1, 2]"))).isTrue();
  }

  @Test
  void refuses_what_is_nested_deeper_than_is_read() {
    refuse("a: 1\n", "add /b " + "[".repeat(500) + "]".repeat(500), "f:1:1: /b cannot be edited");
  }

  @Test
  void refuses_layouts_that_it_cannot_keep() {
    refuse("a: [b: c]\n", "add /a/0/d 1", "f:1:5: /a/0/d cannot be edited in this layout");
  }

  @Test
  void edits_one_document_of_many() throws YamlException {
    List<YamlDocument> documents = parse("a: 1\n# x\n---\nb:\n  c: 1\n---\nd: 1\n");

    assertThat(YamlEditor.apply(documents.get(1), edits("add /b/e 2")))
        .isEqualTo("---\nb:\n  c: 1\n  e: 2\n");
    assertThat(YamlEditor.apply(documents.get(0), edits("add /e 2")))
        .isEqualTo("a: 1\ne: 2\n# x\n");
    assertThat(YamlEditor.apply(documents.get(2), List.of())).isEqualTo("---\nd: 1\n");
  }

  private static void edit(String before, String... editsAndAfter) {
    int last = editsAndAfter.length - 1;
    String[] edits = Arrays.copyOf(editsAndAfter, last);
    try {
      assertThat(YamlEditor.apply(parse(before).get(0), edits(edits)))
          .isEqualTo(editsAndAfter[last]);
    } catch (YamlException e) {
      throw new AssertionError(e.getMessage(), e);
    }
  }

  private static void refuse(String text, String edit, String message) {
    assertThatThrownBy(() -> YamlEditor.apply(parse(text).get(0), edits(edit)))
        .isInstanceOf(YamlException.class)
        .hasMessageStartingWith(message);
  }

  private static List<YamlDocument> parse(String text) throws YamlException {
    return YamlStream.parse("f", text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<YamlEdit> edits(String... edits) {
    List<YamlEdit> parsed = new ArrayList<>();
    for (String edit : edits) {
      String[] words = edit.split(" ", 3);
      try {
        parsed.add(new YamlEdit(words[0].equals("replace"), words[1], JSON.readTree(words[2])));
      } catch (java.io.IOException e) {
        throw new AssertionError(edit, e);
      }
    }
    return parsed;
  }
}
