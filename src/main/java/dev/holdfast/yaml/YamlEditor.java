package dev.holdfast.yaml;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.yaml.Draft.SharedPlaceException;
import dev.holdfast.yaml.TreeEdit.NoSuchPlaceException;
import java.util.Comparator;
import java.util.List;

/** Changes a YAML text in place: what is not edited stays as it is, character by character. */
public final class YamlEditor {
  private static final Comparator<JsonNode> SAME_VALUE =
      (one, other) -> isSameValue(one, other) ? 0 : 1;

  private YamlEditor() {}

  /**
   * Applies edits one after the other, as RFC 6902 does; to add something below a null (a key
   * without a value) makes it a mapping, or a list if the pointer ends in {@code -}.
   *
   * <p>The result has been read again: its content is that of the document with the edits.
   *
   * @return the document's new text; the same text if there are no edits
   * @throws YamlException if a place does not exist, or cannot be edited without touching others
   *     (inside an anchor's value that is used elsewhere, for example)
   */
  public static String apply(YamlDocument document, List<YamlEdit> edits) throws YamlException {
    if (edits.isEmpty()) {
      return document.text();
    }
    Draft draft = Draft.of(document.root());
    JsonNode expected = document.content().deepCopy();
    for (YamlEdit edit : edits) {
      try {
        JsonPointer pointer = JsonPointer.compile(edit.pointer());
        draft.edit(pointer, edit.replace(), edit.value());
        expected = TreeEdit.apply(expected, pointer, edit.replace(), edit.value());
      } catch (SharedPlaceException e) {
        throw document
            .source()
            .error(
                e.place().start(),
                Plain.words(edit.pointer())
                    + " cannot be edited in place without changing other places");
      } catch (NoSuchPlaceException | IllegalArgumentException e) {
        throw refusal(document, edit, "there is no " + Plain.words(edit.pointer()) + " to edit");
      }
    }
    String text = Rewriter.rewrite(document, draft);
    if (text == null || !means(document.source().name(), text, expected)) {
      YamlEdit first = edits.get(0);
      throw refusal(
          document, first, Plain.words(first.pointer()) + " cannot be edited in this layout");
    }
    return text;
  }

  private static boolean means(String source, String text, JsonNode expected) {
    try {
      List<YamlDocument> documents = YamlStream.parse(new SourceText(source, text));
      return documents.size() == 1 && expected.equals(SAME_VALUE, documents.get(0).content());
    } catch (YamlException e) {
      return false;
    }
  }

  // 30 and 30L are different nodes, and the same number
  private static boolean isSameValue(JsonNode one, JsonNode other) {
    if (one.isNumber() && other.isNumber()) {
      return one.asText().equals(other.asText())
          || isDecimal(one)
              && isDecimal(other)
              && one.decimalValue().compareTo(other.decimalValue()) == 0;
    }
    return one.equals(other);
  }

  private static boolean isDecimal(JsonNode number) {
    return number.isBigInteger() || number.isBigDecimal() || Double.isFinite(number.doubleValue());
  }

  private static YamlException refusal(YamlDocument document, YamlEdit edit, String problem) {
    return new YamlException(document.source().name(), document.position(edit.pointer()), problem);
  }
}
