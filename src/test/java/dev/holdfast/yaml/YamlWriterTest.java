package dev.holdfast.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlWriterTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void writes_as_kubectl_does() throws Exception {
    JsonNode pod =
        JSON.readTree(
            """
            {"kind": "Pod", "metadata": {"annotations": {}, "name": "web", "labels": {"app": "web"}},
             "spec": {"containers": [{"name": "a", "args": ["-c", "sleep 5", ["nested", []]], "ports": [],
              "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "one\\n\\n  two\\n"}]}],
              "priority": null, "hostNetwork": true, "weight": 0.5}}
            """);

    assertThat(YamlWriter.write(pod))
        .isEqualTo(
            """
            kind: Pod
            metadata:
              annotations: {}
              name: web
              labels:
                app: web
            spec:
              containers:
              - name: a
                args:
                - -c
                - sleep 5
                - - nested
                  - []
                ports: []
                env:
                - name: A
                  value: "1"
                - name: B
                  value: |
                    one

                      two
              priority: null
              hostNetwork: true
              weight: 0.5
            """);
  }

  @ParameterizedTest(name = "{0} as {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      ignoreLeadingAndTrailingWhitespace = true,
      textBlock =
          """
          "plain"           | plain
          "two words"       | two words
          "http://x:80/y#z" | http://x:80/y#z
          "10.0.0.1"        | 10.0.0.1
          "-v"              | -v
          "10s"             | 10s
          "é😀"             | é😀
          ""                | ""
          "yes"             | "yes"
          "N"               | "N"
          "null"            | "null"
          "~"               | "~"
          "012"             | "012"
          "0o17"            | "0o17"
          "1e3"             | "1e3"
          "1e999"           | "1e999"
          "1_000"           | "1_000"
          "1:30"            | "1:30"
          "2001-01-01"      | "2001-01-01"
          ".inf"            | ".inf"
          "="               | "="
          "<<"              | "<<"
          "0xFFFFFFFFFFFFFFFFFF" | "0xFFFFFFFFFFFFFFFFFF"
          " x"              | ' x'
          "x "              | 'x '
          "x: y"            | 'x: y'
          "x:"              | 'x:'
          "x #y"            | 'x #y'
          "#x"              | '#x'
          "- x"             | '- x'
          "-"               | '-'
          "---"             | '---'
          "*x"              | '*x'
          "&x"              | '&x'
          "!x"              | '!x'
          "@x"              | '@x'
          "%x"              | '%x'
          "it's"            | it's
          "'x'"             | '''x'''
          "{x}"             | '{x}'
          "a\\tb"           | "a\\tb"
          "\\u0000\\u0085\\u2028\\ufeff" | "\\u0000\\u0085\\u2028\\ufeff"
          "\\n"             | "\\n"
          "\\nx"            | "\\nx"
          "x \\ny"          | "x \\ny"
          "x\\r\\ny"        | "x\\r\\ny"
          18446744073709551616 | 18446744073709551616
          1.5e300           | 1.5E300
          """)
  void quotes_what_would_be_read_as_something_else(String json, String yaml) throws Exception {
    assertThat(YamlWriter.write(JSON.readTree(json))).isEqualTo(yaml + "\n");
  }

  @Test
  void writes_texts_of_many_lines_as_such() {
    assertThat(YamlWriter.write(TextNode.valueOf("a\nb"))).isEqualTo("|-\n  a\n  b\n");
    assertThat(YamlWriter.write(TextNode.valueOf("a\nb\n"))).isEqualTo("|\n  a\n  b\n");
    assertThat(YamlWriter.write(TextNode.valueOf("a\n\n\tb\n\n\n")))
        .isEqualTo("|+\n  a\n\n  \tb\n\n\n");
  }

  @Test
  void writes_keys_that_no_reader_takes_on_one_line() throws Exception {
    String key = "k".repeat(3000);
    JsonNode tree = JSON.createObjectNode().set(key, JSON.readTree("{\"a\": [1]}"));

    String yaml = YamlWriter.write(tree);

    assertThat(yaml).startsWith("? kkk");
    assertThat(YamlStream.parse("f", yaml.getBytes(StandardCharsets.UTF_8)).get(0).content())
        .isEqualTo(tree);
  }

  @Test
  void writes_what_json_has_no_value_for_as_text() {
    assertThat(YamlWriter.write(TextNode.valueOf("a\ud800"))).isEqualTo("\"a\\ufffd\"\n");
    assertThat(YamlWriter.write(DoubleNode.valueOf(Double.NaN))).isEqualTo("NaN\n");
  }
}
