package dev.holdfast.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class YamlStreamTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The right-hand sides were printed by kubectl 1.36 ({@code label --local -o json}). */
  @Nested
  class Scalars_mean_what_kubectl_takes_them_for {
    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '`',
        textBlock =
            """
            yes        | true
            On         | true
            y          | true
            TRUE       | true
            Off        | false
            N          | false
            tRue       | "tRue"
            ~          | null
            Null       | null
            0644       | 420
            0o644      | 420
            0O644      | 420
            -0o644     | -420
            0_7        | 7
            08         | 8
            012.5      | 12.5
            00         | 0
            0x1F       | 31
            0x_1F      | 31
            +0x1F      | 31
            0x         | "0x"
            0x1p4      | "0x1p4"
            0b101      | 5
            -0b11      | -3
            0b2        | "0b2"
            1_000      | 1000
            1_         | 1
            _1         | "_1"
            +5         | 5
            -0         | 0
            -0.0       | 0
            1e3        | 1000
            1E+3       | 1000
            1.e3       | 1000
            1.0        | 1
            5.         | 5
            .5         | 0.5
            -.5        | -0.5
            1.10       | 1.1
            1_0.5      | 10.5
            0.1e-7     | 1e-8
            1e-999     | 0
            1e22       | 1e22
            .          | "."
            .e1        | ".e1"
            1e999      | "1e999"
            190:20:30  | "190:20:30"
            2001-01-01 | "2001-01-01"
            2001-12-14t21:59:43.10-05:00 | "2001-12-14t21:59:43.10-05:00"
            infinity   | "infinity"
            nan        | "nan"
            =          | "="
            <<         | "<<"
            "yes"      | "yes"
            '5'        | "5"
            ! 5        | "5"
            !foo 5     | "5"
            !!str 5    | "5"
            !!str      | ""
            !!int "5"  | 5
            !!float 5  | 5
            !!bool "y" | true
            !!null ""  | null
            !!timestamp 2001-01-01 | "2001-01-01"
            !!binary aGVsbG8=      | "hello"
            !!binary /w==          | "\\ufffd"
            "\\u00e9\\x41\\n"      | "éA\\n"
            """)
    void one_by_one(String yaml, String json) throws Exception {
      JsonNode value = parseOne("a: " + yaml + "\n").content().get("a");

      JsonNode expected = JSON.readTree(json);
      assertThat(value.getNodeType()).isEqualTo(expected.getNodeType());
      if (value.isNumber()) {
        assertThat(value.decimalValue()).isEqualByComparingTo(expected.decimalValue());
        assertThat(value.isIntegralNumber())
            .isEqualTo(
                expected.decimalValue().stripTrailingZeros().scale() <= 0 && !json.contains("e2"));
      } else {
        assertThat(value).isEqualTo(expected);
      }
    }

    @Test
    void but_for_digits_that_kubectl_loses() throws Exception {
      assertThat(
              parseOne(
                      "- 18446744073709551616\n- -9223372036854775809\n- 0.12345678901234567890123\n")
                  .content())
          .hasToString("[18446744073709551616,-9223372036854775809,0.12345678901234567890123]");
    }

    @Test
    void in_no_time_for_hundreds_of_thousands_of_digits() throws Exception {
      String digits = "1".repeat(200_000);

      assertThat(parseOne(digits).content().textValue()).isEqualTo(digits);
      assertThat(parseOne("0." + digits).content().doubleValue()).isEqualTo(1.0 / 9);
    }

    @ParameterizedTest
    @ValueSource(strings = {".inf", "-.Inf", "+.INF", ".nan", ".NaN"})
    void but_for_numbers_that_json_does_not_know(String yaml) {
      assertError("a: " + yaml, "f:1:4: '" + yaml + "' is no number that JSON");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "!!int x",
          "!!int 5.0",
          "!!int \"\"",
          "!!bool 1",
          "!!null x",
          "!!float x",
          "!!float 1e999",
          "!!binary \"@@\""
        })
    void but_for_tags_that_do_not_fit(String yaml) {
      assertError("a: " + yaml, "f:1:4: ");
    }
  }

  @Nested
  class Keys {
    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(
        quoteCharacter = '`',
        value = {
          "yes,true",
          "0644,420",
          "1e3,1000",
          "1.0,1",
          "1.5,1.5",
          "-5,-5",
          "\"5\",5",
          "2001-01-01,2001-01-01",
          "'<<',<<"
        })
    void become_text(String yaml, String name) throws Exception {
      assertThat(parseOne(yaml + ": v\n").content().fieldNames())
          .toIterable()
          .containsExactly(name);
    }

    @Test
    void may_be_anchors_and_aliases() throws Exception {
      assertThat(parseOne("&k a: b\nc: {*k : d}\n").content())
          .hasToString("{\"a\":\"b\",\"c\":{\"a\":\"d\"}}");
    }

    @Test
    void must_be_scalars_and_something() {
      assertError("? [a]\n: b\n", "f:1:3: a key must be plain text, not a list or a mapping");
      assertError("a: 1\n{b: c}: d\n", "f:2:1: a key must be plain text");
      assertError("~: b\n", "f:1:1: a key must be plain text, not null");
    }

    @Test
    void must_not_be_there_twice() {
      assertError("a: 1\nb: 2\n'a': 3\n", "f:3:1: the key 'a' is there twice");
      assertError("yes: 1\ntrue: 2\n", "f:2:1: the key 'true' is there twice");
      assertError("{\"a\": 1,\n \"a\": 2}", "f:2:2: the key 'a' is there twice");
      assertError("x: [{a: 1, a: 2}]", "f:1:12: the key 'a' is there twice");
    }
  }

  @Nested
  class Anchors_and_merges {
    @Test
    void stand_for_what_they_name() throws Exception {
      assertThat(parseOne("a: &x {b: 1}\nc: [*x, *x]\n").content())
          .hasToString("{\"a\":{\"b\":1},\"c\":[{\"b\":1},{\"b\":1}]}");
    }

    @Test
    void merge_as_in_kubectl() throws Exception {
      String base = "x: &x {b: 1, c: 2}\nw: &w {b: 3, d: 4}\n";

      assertThat(parseOne(base + "m: {<<: *x, c: 5}\n").content().get("m"))
          .hasToString("{\"b\":1,\"c\":5}");
      assertThat(parseOne(base + "m: {c: 5, <<: *x}\n").content().get("m"))
          .hasToString("{\"c\":2,\"b\":1}");
      assertThat(parseOne(base + "m: {<<: [*x, *w]}\n").content().get("m").get("b").intValue())
          .isEqualTo(1);
      assertThat(parseOne("m: {<<: {a: 1}, <<: {b: 2}}\n").content().get("m"))
          .hasToString("{\"a\":1,\"b\":2}");
      assertThat(parseOne("m: {\"<<\": {a: 1}}\n").content().get("m"))
          .hasToString("{\"<<\":{\"a\":1}}");
    }

    @Test
    void are_errors_where_they_mean_nothing() {
      assertError("a: *b\n", "f:1:4: there is no anchor 'b' above");
      assertError("a: &b\n- *b\n", "f:2:3: this alias stands inside the very value");
      assertError("a: {<<: 5}\n", "f:1:9: '<<' merges a mapping or a list of mappings");
      assertError("a: {<<: [{b: 1}, [1]]}\n", "f:1:18: '<<' merges");
      assertError("a: &x 1\n---\nb: *x\n", "f:3:4: there is no anchor 'x' above");
    }

    @Test
    void are_no_bombs() {
      StringBuilder laughs = new StringBuilder("a0: &a0 [lol, lol, lol]\n");
      for (int i = 1; i < 30; i++) {
        String aliases = ("*a" + (i - 1) + ", ").repeat(9);
        laughs.append("a%d: &a%d [%s]\n".formatted(i, i, aliases));
      }
      assertError(laughs.toString(), "f:7:30: aliases stand for more than 4194304 characters");

      StringBuilder nested = new StringBuilder("a0: &a0 []\n");
      for (int i = 1; i < 600; i++) {
        nested.append("a%d: &a%d [*a%d]\n".formatted(i, i, i - 1));
      }
      assertError(nested.toString(), "f:500:14: nested more than 500 levels deep");
    }
  }

  @Nested
  class Documents {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "a: 1",
          "a: 1\n",
          "# c\na: 1\n# d",
          "---\na: 1\n---\nb: 2\n",
          "--- a\n--- # c\nb: 2\n---\n---\n",
          "---\n---\n",
          "a: 1\n...\n# x\n%YAML 1.1\n---\nb: 2\n...\n",
          "a: 1\n... # y\n# only a comment",
          "%YAML 1.1\n# c\n---\na: 1\n...\n%TAG ! tag:x,2000:\n---\nb: !c 2\n",
          "a: 1\r\n---\r\nb: |\r\n  x\r\n\r\n---\r\n# end\r\n",
          "\uFEFFa: 1\n---\nb: 😀\n--- 😀\n",
          "a: |+\n  x\n\n\n---\nb: 'x\n\n  y'\n",
          "{\"a\": 1}\n{\"b\": [\n\t2]}  []\n",
          "\uFEFF {\"a\": 1}",
          "# c\n\n---\n# d\n\n---\n# e\n"
        })
    void put_together_are_the_whole_text(String text) throws Exception {
      List<YamlDocument> documents = parse(text);

      assertThat(documents.stream().map(YamlDocument::text).collect(Collectors.joining()))
          .isEqualTo(text);
      for (YamlDocument document : documents) {
        assertThat(parse(document.text())).hasSize(1);
        assertThat(parseOne(document.text()).content()).isEqualTo(document.content());
      }
    }

    @Test
    void are_cut_where_separators_stand() throws Exception {
      assertThat(parse("# a\n---\nb: 1\n# c\n---\n# d\n--- e\n...\n# f\n---\ng: 2\n"))
          .extracting(YamlDocument::text)
          .containsExactly(
              "# a\n---\nb: 1\n# c\n", "---\n# d\n", "--- e\n...\n", "# f\n---\ng: 2\n");
    }

    @Test
    void of_nothing_are_null() throws Exception {
      assertThat(parse(""))
          .singleElement()
          .satisfies(d -> assertThat(d.content().isNull()).isTrue());
      assertThat(parse("# c\n---\n---\n# d\n"))
          .extracting(d -> d.content().isNull())
          .containsExactly(true, true);
    }

    @Test
    void may_be_json_that_yaml_parsers_stumble_over() throws Exception {
      String longKey = "k".repeat(5000);

      assertThat(parseOne("{\"a\\/b\": \"\\ud83d\\ude00\",\t\"" + longKey + "\": 1.50}").content())
          .isEqualTo(JSON.readTree("{\"a/b\": \"😀\", \"" + longKey + "\": 1.5}"));
    }

    @Test
    void end_their_last_line_as_in_kubectl() throws Exception {
      assertThat(parseOne("a: |\n  x").content().get("a").textValue()).isEqualTo("x\n");
    }
  }

  @Nested
  class Positions {
    @Test
    void are_those_of_the_file() throws Exception {
      YamlDocument document =
          parse("a: 1\n---\n# c\nspec:\n  'é😀': [x, {w: z}]\n  list:\n  - name: b\n  -\n").get(1);

      assertPositions(document, "", "4:1", "4:1");
      assertPositions(document, "/spec", "4:1", "5:3");
      assertPositions(document, "/spec/é😀", "5:3", "5:9");
      assertPositions(document, "/spec/é😀/1/w", "5:14", "5:17");
      assertPositions(document, "/spec/list", "6:3", "7:3");
      assertPositions(document, "/spec/list/0", "7:5", "7:5");
      assertPositions(document, "/spec/list/0/name", "7:5", "7:11");
      assertPositions(document, "/spec/list/1", "8:4", "8:4");
    }

    @Test
    void are_those_of_the_nearest_parent_if_there_is_no_such_value() throws Exception {
      YamlDocument document = parseOne("a:\n  b: [1]\n");

      assertPositions(document, "/a/x/y", "2:3", "2:3");
      assertPositions(document, "/a/b/7", "2:6", "2:6");
      assertPositions(document, "/a/b/x", "2:6", "2:6");
      assertPositions(document, "/a/b/0/x", "2:7", "2:7");
      assertPositions(document, "no pointer", "1:1", "1:1");
    }

    @Test
    void lead_through_aliases_and_merges() throws Exception {
      YamlDocument document = parseOne("x: &x\n  a: 1\nw: *x\nz:\n  <<: [{b: 2}, *x]\n  c: 3\n");

      assertPositions(document, "/w", "3:1", "3:4");
      assertPositions(document, "/w/a", "2:3", "2:6");
      assertPositions(document, "/z/a", "2:3", "2:6");
      assertPositions(document, "/z/b", "5:9", "5:12");
    }

    @Test
    void hold_in_long_json_with_a_byte_order_mark() throws Exception {
      StringBuilder json = new StringBuilder("\uFEFF[");
      for (int i = 0; i < 20_000; i++) {
        json.append(i == 0 ? "" : ",").append("\n {\"key\": \"vaelü\\\"e\", \"n\": 12}");
      }
      YamlDocument document = parseOne(json + "]");

      assertPositions(document, "", "1:1", "1:1");
      assertPositions(document, "/19999/key", "20001:3", "20001:10");
      assertPositions(document, "/19999/n", "20001:22", "20001:27");
    }

    private static void assertPositions(
        YamlDocument document, String pointer, String key, String value) {
      assertThat(document.keyPosition(pointer)).hasToString(key);
      assertThat(document.position(pointer)).hasToString(value);
    }
  }

  @Nested
  class Bad_input {
    @ParameterizedTest(name = "{1}")
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '`',
        textBlock =
            """
            a:\\n\\t- b           | f:2:1: a tab where YAML wants spaces
            a: 'x\\nb: c          | f:1:4: a quoted text has no closing quote
            a: 'x\\n---\\n        | f:1:4: a quoted text has no closing quote before the end of the document
            a: [1\\nb: 2          | f:2:2: a ',' or the closing ']' is missing
            a: {b: 1              | f:1:9: a ',' or the closing '}' is missing
            a: b: c               | f:1:5: a ':' where no key can stand; quote the text, or check the indentation
            a: 1\\n b: 2          | f:2:3: a ':' where no key can stand; quote the text, or check the indentation
            a: b\\nc\\n           | f:3:1: a key without a ':' behind it
            a:\\n  - b\\n c: d    | f:3:2: no key of the mapping; check the indentation here and in the line above
            - a\\nb: c            | f:2:1: no item of the list; check the indentation here and in the line above
            a: @b                 | f:1:4: a value cannot start with this character; quote it
            a: - b                | f:1:4: a list item cannot stand here; check the indentation
            a: "\\\\q"            | f:1:6: while scanning a double-quoted scalar: found unknown escape character q(113)
            a: "\\\\ud800"        | f:1:4: half of a \\\\u surrogate pair: this text is no Unicode
            a\\u0000: 1           | f:1:2: the control character U+0000 cannot stand in a text
            a: 1\\n# \\u001b[31m  | f:2:3: the control character U+001B cannot stand in a text
            {} x                  | f:1:4: Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            {"a": 1,              | f:1:9: Unexpected end-of-input within/between Object entries
            {"a": 1e999}          | f:1:7: this number is too large: 1e999
            %YAML 2.0\\n---\\na   | f:1:1: found incompatible YAML document (version 1.* is required)
            """)
    void is_told_in_one_line(String yaml, String message) {
      String text =
          yaml.replace("\\\\", "\u0001")
              .replace("\\n", "\n")
              .replace("\\t", "\t")
              .replace("\\u0000", "\u0000")
              .replace("\\u001b", "\u001b")
              .replace("\u0001", "\\");

      assertThatThrownBy(() -> parse(text))
          .isInstanceOf(YamlException.class)
          .hasMessage(message.replace("\\\\", "\\"));
    }

    @Test
    void may_be_in_another_encoding() {
      assertError("a: 1\nb: é\n".getBytes(StandardCharsets.ISO_8859_1), "f:2:4: this is no UTF-8");
      assertError(new byte[] {'a', (byte) 0xC3}, "f:1:2: this is no UTF-8");
      assertError(new byte[] {(byte) 0xC0, (byte) 0x80}, "f:1:1: this is no UTF-8");
      assertError(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80}, "f:1:1: this is no UTF-8");
      assertError(
          "a: 1".getBytes(StandardCharsets.UTF_16), "f:1:1: this is UTF-16; save it as UTF-8");
      assertError(new byte[] {(byte) 0xFF, (byte) 0xFE, 'a', 0}, "f:1:1: this is UTF-16");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":", "{a: ", "- ", "? ", "[a, {b: ", "a: {b: [\n"})
    void may_be_nested_10_000_deep(String level) {
      assertThatThrownBy(() -> parse(level.repeat(10_000)))
          .isInstanceOf(YamlException.class)
          .hasMessageContaining("nested more than 500 levels deep");
    }

    @Test
    void is_not_what_is_nested_less() throws Exception {
      assertThat(parse("[".repeat(500) + "]".repeat(500))).hasSize(1);
      assertThat(parse("- ".repeat(500) + "a")).hasSize(1);
      assertThat(parse("{\"a\":".repeat(500) + "1" + "}".repeat(500))).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"a", " ", "\n", "#", "[", "\"", "- a\n", "é", "0", "{}", "- |\n  x\n", "\u0000"})
    void may_be_just_over_8_MiB(String unit) {
      byte[] bytes = unit.repeat((8 << 20) / unit.length() + 1).getBytes(StandardCharsets.UTF_8);

      assertThatCompletes(bytes);
    }

    @Test
    void may_be_too_large() {
      assertError(new byte[YamlStream.MAX_BYTES + 1], "f:1:1: larger than 64 MiB");
      assertError("a: " + "x".repeat(3 << 20), "f:1:1: a line of more than 2097152 characters");
    }

    @Test
    void may_end_anywhere() {
      byte[] sample =
          """
          \uFEFF%YAML 1.1
          --- # é
          a: &x {b: 'c', "d\\u00e9": [1, *y]}
          e: |2-
              😀

          ? f
          : !!str g
          <<: *x
          - h
          ...
          {"i": [null, "\\ud83d\\ude00"]}
          """
              .replace("*y", "2")
              .replace("- h\n", "")
              .getBytes(StandardCharsets.UTF_8);
      for (int length = 0; length <= sample.length; length++) {
        ByteArrayOutputStream cut = new ByteArrayOutputStream();
        cut.write(sample, 0, length);
        assertThatCompletes(cut.toByteArray());
      }
    }

    // with a result or an error with a place; anything else is thrown on
    private static void assertThatCompletes(byte[] bytes) {
      try {
        assertThat(YamlStream.parse("f", bytes)).isNotEmpty();
      } catch (YamlException e) {
        assertThat(e.getMessage()).startsWith("f:" + e.position() + ": ").doesNotContain("\n");
      }
    }
  }

  private static List<YamlDocument> parse(String text) throws YamlException {
    return YamlStream.parse("f", text.getBytes(StandardCharsets.UTF_8));
  }

  private static YamlDocument parseOne(String text) throws YamlException {
    List<YamlDocument> documents = parse(text);
    assertThat(documents).hasSize(1);
    return documents.get(0);
  }

  private static void assertError(String text, String message) {
    assertError(text.getBytes(StandardCharsets.UTF_8), message);
  }

  private static void assertError(byte[] bytes, String message) {
    assertThatThrownBy(() -> YamlStream.parse("f", bytes))
        .isInstanceOf(YamlException.class)
        .hasMessageStartingWith(message);
  }
}
