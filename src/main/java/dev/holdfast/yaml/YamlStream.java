package dev.holdfast.yaml;

import dev.holdfast.yaml.JsonComposer.NotJsonException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Reads YAML (and JSON, which is YAML) of one or more documents, with the types that kubectl sees.
 * Thread-safe.
 *
 * <p>As in kubectl: {@code yes}, {@code on}, {@code n} … are booleans unless quoted, {@code 0644}
 * and {@code 0o644} are octal, {@code 1_000} is 1000, {@code 1.0} and {@code 1e3} are whole
 * numbers, times stay strings, {@code <<} merges and overrides what stands before it, keys that are
 * numbers or booleans become strings, {@code .inf} and {@code .nan} are errors, {@code 1e999} is a
 * string. Unlike in kubectl, a key that is there twice is an error, and numbers keep all digits.
 */
public final class YamlStream {
  /** The largest text that is read, in bytes: the manifests of a large cluster, with room. */
  public static final int MAX_BYTES = 64 << 20;

  private YamlStream() {}

  /**
   * Reads every document of a text. The texts of the documents, put together, are the whole text.
   *
   * @param source the name of the file, for messages
   * @param bytes UTF-8, with or without a byte order mark
   * @return at least one document; that of an empty text is empty
   * @throws YamlException for invalid UTF-8, bad syntax, duplicate keys, keys that are no scalars,
   *     nesting, aliases or sizes beyond what a manifest has any use for
   */
  public static List<YamlDocument> parse(String source, byte[] bytes) throws YamlException {
    if (bytes.length > MAX_BYTES) {
      throw new YamlException(
          source, new Position(1, 1), "larger than " + (MAX_BYTES >> 20) + " MiB");
    }
    return parse(new SourceText(source, decode(source, bytes)));
  }

  static List<YamlDocument> parse(SourceText source) throws YamlException {
    refuseControlCharacters(source);
    if (!mayBeJson(source)) {
      return YamlComposer.compose(source);
    }
    try {
      return JsonComposer.compose(source);
    } catch (NotJsonException notJson) {
      return composeFlowStyle(source, notJson);
    }
  }

  // {a: b} is YAML only; of a text that is neither, the better guess is what it is for longer
  private static List<YamlDocument> composeFlowStyle(SourceText source, NotJsonException notJson)
      throws YamlException {
    try {
      return YamlComposer.compose(source);
    } catch (YamlException notYaml) {
      YamlException asJson = source.error(notJson.offset(), notJson.getMessage());
      throw asJson.position().compareTo(notYaml.position()) >= 0 ? asJson : notYaml;
    }
  }

  private static boolean mayBeJson(SourceText source) {
    String text = source.text();
    int first = source.contentStart();
    while (first < text.length() && " \t\r\n".indexOf(text.charAt(first)) >= 0) {
      first++;
    }
    return first < text.length() && (text.charAt(first) == '{' || text.charAt(first) == '[');
  }

  private static String decode(String source, byte[] bytes) throws YamlException {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    boolean malformed = decoder.decode(in, out, true).isError();
    String text = out.flip().toString();
    if (malformed) {
      boolean utf16 = bytes.length > 1 && (bytes[0] == -1 && bytes[1] == -2 || bytes[0] == -2);
      throw new SourceText(source, text)
          .error(text.length(), utf16 ? "this is UTF-16; save it as UTF-8" : "this is no UTF-8");
    }
    return text;
  }

  private static void refuseControlCharacters(SourceText source) throws YamlException {
    String text = source.text();
    for (int i = source.contentStart(); i < text.length(); i++) {
      char c = text.charAt(i);
      boolean printable =
          c >= ' ' && c < 0x7F
              || c == '\n'
              || c == '\r'
              || c == '\t'
              || c == 0x85
              || c >= 0xA0 && c != '\uFEFF' && c < '\uFFFE';
      if (!printable) {
        throw source.error(
            i, String.format("the control character U+%04X cannot stand in a text", (int) c));
      }
    }
  }
}
