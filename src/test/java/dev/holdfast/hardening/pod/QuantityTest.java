package dev.holdfast.hardening.pod;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
  @ParameterizedTest
  @CsvSource({
    "512Mi, 0.5Gi",
    "1Gi, 1073741824",
    "1000m, 1",
    "1e3, 1k",
    "1E, 1e18",
    "0.25, 250m",
    "+1, 1",
    ".5, 500m",
    "0, 0Gi",
    "1.0, 1"
  })
  void compares_amounts_not_words(String one, String other) {
    assertThat(Quantity.parse(one)).isPresent().isEqualTo(Quantity.parse(other));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Mi",
        "lots",
        "1mi",
        "1 Gi",
        "1GiB",
        "0x10",
        "1e999999999",
        "1e-999999999",
        "NaN",
        "11111111111111111111111111111111111111"
      })
  void refuses_what_is_no_quantity(String text) {
    assertThat(Quantity.parse(text)).isEmpty();
  }
}
