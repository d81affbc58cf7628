package dev.holdfast.yaml;

import java.util.List;

/** Changes a YAML text in place: what is not edited stays as it is, character by character. */
public final class YamlEditor {
  private YamlEditor() {}

  /**
   * Applies edits one after the other, as RFC 6902 does.
   *
   * @return the document's new text; the same text if there are no edits
   * @throws YamlException if a place cannot be edited without touching others (inside an anchor's
   *     value that is used elsewhere, for example)
   */
  public static String apply(YamlDocument document, List<YamlEdit> edits) throws YamlException {
    throw new UnsupportedOperationException(document.text() + edits);
  }
}
