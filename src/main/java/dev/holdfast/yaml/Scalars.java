package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a scalar means. The types are those that kubectl sees (sigs.k8s.io/yaml, which is go-yaml
 * version 2): booleans of YAML 1.1 ({@code yes}, {@code on}, {@code n} …), octal numbers of both
 * versions ({@code 0644}, {@code 0o644}), underscores in numbers, no base 60, times as strings.
 */
final class Scalars {
  private static final String CORE_TAG = "tag:yaml.org,2002:";

  private static final JsonNode TRUE = BooleanNode.TRUE;
  private static final JsonNode FALSE = BooleanNode.FALSE;
  private static final JsonNode NULL = NullNode.getInstance();

  private static final Map<String, JsonNode> WORDS =
      Map.ofEntries(
          Map.entry("", NULL),
          Map.entry("~", NULL),
          Map.entry("null", NULL),
          Map.entry("Null", NULL),
          Map.entry("NULL", NULL),
          Map.entry("y", TRUE),
          Map.entry("Y", TRUE),
          Map.entry("yes", TRUE),
          Map.entry("Yes", TRUE),
          Map.entry("YES", TRUE),
          Map.entry("true", TRUE),
          Map.entry("True", TRUE),
          Map.entry("TRUE", TRUE),
          Map.entry("on", TRUE),
          Map.entry("On", TRUE),
          Map.entry("ON", TRUE),
          Map.entry("n", FALSE),
          Map.entry("N", FALSE),
          Map.entry("no", FALSE),
          Map.entry("No", FALSE),
          Map.entry("NO", FALSE),
          Map.entry("false", FALSE),
          Map.entry("False", FALSE),
          Map.entry("FALSE", FALSE),
          Map.entry("off", FALSE),
          Map.entry("Off", FALSE),
          Map.entry("OFF", FALSE));

  private static final int LONGEST_WORD = 5;

  private static final Pattern NOT_FINITE =
      Pattern.compile("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");
  private static final Pattern INTEGER =
      Pattern.compile("([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))");
  private static final Pattern FLOAT =
      Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");

  private static final BigInteger MAX_UNSIGNED_LONG =
      BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
  private static final BigInteger MIN_LONG = BigInteger.valueOf(Long.MIN_VALUE);

  /**
   * Numbers with more characters than this are read as doubles: {@link BigDecimal} takes quadratic
   * time, and no double has more significant digits (767).
   */
  private static final int MAX_EXACT_LENGTH = 1000;

  /** From here on a float is written with an exponent, and no longer counts as a whole number. */
  private static final BigDecimal WHOLE_FLOAT_LIMIT = new BigDecimal("1e21");

  private Scalars() {}

  /** A scalar that cannot be what its tag says, or that JSON has no value for. */
  static final class MeaninglessException extends Exception {
    private static final long serialVersionUID = 1L;

    MeaninglessException(String problem) {
      super(problem, null, false, false);
    }
  }

  /** What a plain scalar without a tag means. */
  static JsonNode resolve(String text) throws MeaninglessException {
    if (isNotFinite(text)) {
      throw new MeaninglessException(
          "'" + text + "' is no number that JSON (and Kubernetes) knows; quote it if it is text");
    }
    return typed(text).orElseGet(() -> TextNode.valueOf(text));
  }

  /** Whether a plain scalar without a tag means this very text. */
  static boolean isText(String text) {
    return typed(text).isEmpty() && !isNotFinite(text);
  }

  /** Whether a reader with larger numbers than ours might take the text for one. */
  static boolean looksNumeric(String text) {
    String digits = text.replace("_", "");
    return INTEGER.matcher(digits).matches() || FLOAT.matcher(digits).matches();
  }

  private static boolean isNotFinite(String text) {
    return text.length() >= 4 && text.length() <= 5 && NOT_FINITE.matcher(text).matches();
  }

  /** What a scalar with a tag means; tags of other families make a string, as in go-yaml. */
  static JsonNode resolve(String tag, String text) throws MeaninglessException {
    String type = tag.startsWith(CORE_TAG) ? tag.substring(CORE_TAG.length()) : "str";
    return switch (type) {
      case "null" -> expect(type, text, resolve(text).isNull());
      case "bool" -> expect(type, text, resolve(text).isBoolean());
      case "int" -> expect(type, text, INTEGER.matcher(text.replace("_", "")).matches());
      case "float" -> expect(type, text, resolve(text).isNumber());
      case "binary" -> binary(text);
      default -> TextNode.valueOf(text);
    };
  }

  private static JsonNode expect(String type, String text, boolean met)
      throws MeaninglessException {
    if (!met) {
      throw new MeaninglessException("'" + Plain.words(text) + "' is no !!" + type);
    }
    return resolve(text);
  }

  private static JsonNode binary(String text) throws MeaninglessException {
    try {
      byte[] bytes = Base64.getDecoder().decode(text.replaceAll("\\s", ""));
      return TextNode.valueOf(new String(bytes, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new MeaninglessException("this !!binary is no base64");
    }
  }

  private static Optional<JsonNode> typed(String text) {
    if (text.length() <= LONGEST_WORD) {
      JsonNode word = WORDS.get(text);
      if (word != null) {
        return Optional.of(word);
      }
    }
    char first = text.isEmpty() ? ' ' : text.charAt(0);
    if (first == '.') {
      return number(text);
    }
    if (first >= '0' && first <= '9' || first == '-' || first == '+') {
      return number(text.indexOf('_') < 0 ? text : text.replace("_", ""));
    }
    return Optional.empty();
  }

  /** The number that a text is, as go-yaml reads it; empty if it is none, or beyond a double. */
  static Optional<JsonNode> number(String text) {
    if (text.length() <= MAX_EXACT_LENGTH) {
      Matcher integer = INTEGER.matcher(text);
      if (integer.matches()) {
        BigInteger value = integer(integer);
        if (value.compareTo(MIN_LONG) >= 0 && value.compareTo(MAX_UNSIGNED_LONG) <= 0) {
          return Optional.of(integer(value));
        }
      }
    }
    return FLOAT.matcher(text).matches() ? decimal(text) : Optional.empty();
  }

  private static BigInteger integer(Matcher match) {
    String digits = "0";
    int radix = 10;
    int[] radices = {2, 16, 8, 10};
    for (int i = 0; i < radices.length; i++) {
      if (match.group(i + 2) != null) {
        digits = match.group(i + 2);
        radix = radices[i];
      }
    }
    BigInteger value = new BigInteger(digits, radix);
    return match.group(1).equals("-") ? value.negate() : value;
  }

  private static Optional<JsonNode> decimal(String text) {
    double value = Double.parseDouble(text);
    if (Double.isInfinite(value)) {
      return Optional.empty();
    }
    if (value == 0) {
      return Optional.of(IntNode.valueOf(0));
    }
    if (text.length() > MAX_EXACT_LENGTH) {
      return Optional.of(DoubleNode.valueOf(value));
    }
    BigDecimal exact = new BigDecimal(text);
    boolean written = text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0;
    if (written || exact.abs().compareTo(WHOLE_FLOAT_LIMIT) < 0 && isWhole(exact)) {
      return Optional.of(integer(exact.toBigInteger()));
    }
    return Optional.of(
        BigDecimal.valueOf(value).compareTo(exact) == 0
            ? DoubleNode.valueOf(value)
            : DecimalNode.valueOf(exact));
  }

  private static boolean isWhole(BigDecimal number) {
    return number.stripTrailingZeros().scale() <= 0;
  }

  private static JsonNode integer(BigInteger value) {
    if (value.bitLength() < Integer.SIZE) {
      return IntNode.valueOf(value.intValue());
    }
    if (value.bitLength() < Long.SIZE) {
      return LongNode.valueOf(value.longValue());
    }
    return BigIntegerNode.valueOf(value);
  }
}
