package dev.holdfast.cli;

import dev.holdfast.yaml.YamlDocument;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A file of manifests, read.
 *
 * @param name as messages name it
 * @param path empty for standard input
 * @param documents all documents; their texts together are the file
 */
record ManifestFile(String name, Optional<Path> path, List<YamlDocument> documents) {
  /** The file's text as it is. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (YamlDocument document : documents) {
      text.append(document.text());
    }
    return text.toString();
  }
}
