package dev.holdfast.hardening.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;

/** An amount of a resource, for example {@code 512Mi}, in the resource's base unit. */
public record Quantity(BigDecimal amount) {
  private static final Map<String, BigDecimal> SUFFIXES =
      Map.ofEntries(
          Map.entry("", BigDecimal.ONE),
          Map.entry("n", BigDecimal.ONE.movePointLeft(9)),
          Map.entry("u", BigDecimal.ONE.movePointLeft(6)),
          Map.entry("m", BigDecimal.ONE.movePointLeft(3)),
          Map.entry("k", BigDecimal.ONE.movePointRight(3)),
          Map.entry("M", BigDecimal.ONE.movePointRight(6)),
          Map.entry("G", BigDecimal.ONE.movePointRight(9)),
          Map.entry("T", BigDecimal.ONE.movePointRight(12)),
          Map.entry("P", BigDecimal.ONE.movePointRight(15)),
          Map.entry("E", BigDecimal.ONE.movePointRight(18)),
          Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
          Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
          Map.entry("Gi", BigDecimal.valueOf(1L << 30)),
          Map.entry("Ti", BigDecimal.valueOf(1L << 40)),
          Map.entry("Pi", BigDecimal.valueOf(1L << 50)),
          Map.entry("Ei", BigDecimal.valueOf(1L << 60)));

  /** Longer than any amount that means something; BigDecimal's cost grows with the length. */
  private static final int MAX_LENGTH = 32;

  /**
   * Reads one of {@code resources}.
   *
   * @param owner JSON pointer to what the resources are of
   */
  static Optional<Quantity> of(ObjectNode resources, String owner, String list, String resource) {
    JsonNode value = Fields.member(Fields.object(resources, owner, "resources", list), resource);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    return Optional.of(
        parse(value.asText())
            .orElseThrow(
                () ->
                    new UnreadableField(
                        owner + "/resources/" + list + "/" + resource, "a quantity")));
  }

  /** Reads Kubernetes' notation; empty for anything else. */
  static Optional<Quantity> parse(String text) {
    if (text.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    int end = text.length();
    while (end > 0 && Character.isLetter(text.charAt(end - 1))) {
      end--;
    }
    BigDecimal factor = SUFFIXES.get(text.substring(end));
    // "1e3" ends in a digit; "1E" is an exa.
    if (factor == null || end == 0) {
      return Optional.empty();
    }
    try {
      BigDecimal amount = new BigDecimal(text.substring(0, end));
      return Math.abs((long) amount.scale()) > 100
          ? Optional.empty()
          : Optional.of(new Quantity(amount.multiply(factor).stripTrailingZeros()));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
