package dev.holdfast.hardening;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuotedTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "15s | \"15s\"",
        "http://me:secret@db:5432/x | \"http://db:5432/x\"",
        "tcp://a, http://u:p@b | \"tcp://a, http://b\"",
        "zwölf | \"zw?lf\"",
        "0123456789012345678901234567890123456789 | \"0123456789012345678901234567890123456789\"",
        "01234567890123456789012345678901234567890 | \"0123456789012345678901234567890123456789...\"",
      })
  void quotes_shortly_and_without_secrets(String value, String quoted) {
    assertThat(Quoted.of(value)).isEqualTo(quoted);
  }

  @Test
  void stays_on_one_line() {
    assertThat(Quoted.of("a\nb\tc\u0000")).isEqualTo("\"a?b?c?\"");
  }

  @Test
  void cuts_secrets_that_begin_before_the_cut() {
    assertThat(Quoted.of("http://" + "u".repeat(5000) + ":secret@host")).doesNotContain("secret");
  }
}
