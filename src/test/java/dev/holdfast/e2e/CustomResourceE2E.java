package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.e2e.ApiServer.Answer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The API server refuses what the loader refuses: the inputs are those of PolicyLoaderTest. */
class CustomResourceE2E {
  private static ApiServer api;

  @BeforeAll
  static void install() {
    api = ApiServer.connect();
    api.installCustomResource();
  }

  @AfterAll
  static void uninstall() {
    if (api != null) {
      api.deletePolicies();
      api.close();
    }
  }

  /** As {@code kubectl} creates it. */
  private static Answer created(String spec) {
    ObjectNode policy =
        ApiServer.tree(
            "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\n"
                + "metadata: { generateName: judged- }\nspec:\n  "
                + spec
                + "\n");
    return api.post(ApiServer.collection(policy) + "?fieldValidation=Strict&dryRun=All", policy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "podSelector: { matchLabels: { a.b/c: d, e: '' } }",
        "podSelector: { matchExpressions: [{ key: a, operator: NotIn, values: [b] },"
            + " { key: a, operator: NotIn, values: [c] }] }",
        "podSelector: { matchExpressions: [{ key: a, operator: Exists }, { key: a, operator: Exists }] }",
        "rules: { init: { registries: [{ host: a, plainHttp: true }, { host: b, mirror: c }] } }"
      })
  void takes_what_the_loader_takes(String spec) {
    created(spec).object();
    for (int i = 0; i < 2; i++) {
      api.policy("applied", spec).object();
      api.policy("applied", "profile: minimal").object();
    }
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/policy/refused.txt", delimiter = '|', quoteCharacter = '\'')
  void refuses_what_the_loader_refuses(String spec) {
    assertThat(created(spec).code()).isIn(400, 422);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/policy/contradictions.txt", delimiter = '|', quoteCharacter = '\'')
  void refuses_contradictions_with_the_same_words(String spec, String problem) {
    Answer answer = created(spec);
    assertThat(answer.code()).isEqualTo(422);
    assertThat(answer.body().path("message").asText()).contains(problem.split(": it is ")[0]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"namespaceSelector", "podSelector"})
  void refuses_names_of_labels_with_the_same_words(String selector) {
    Answer answer = created(selector + ": { matchLabels: { \"bad key!\": x } }");
    assertThat(answer.code()).isEqualTo(422);
    assertThat(answer.body().path("message").asText())
        .contains(" is not allowed as a key: expected a label name");
  }
}
