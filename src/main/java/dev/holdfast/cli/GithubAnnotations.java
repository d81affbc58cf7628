package dev.holdfast.cli;

import java.util.List;

/**
 * Findings as workflow commands, which GitHub Actions shows beside the lines they are about.
 *
 * <p>Source: GitHub, "Workflow commands for GitHub Actions".
 */
final class GithubAnnotations {
  private GithubAnnotations() {}

  static String of(List<AuditEntry> entries) {
    StringBuilder text = new StringBuilder();
    for (AuditEntry entry : entries) {
      text.append("::")
          .append(command(entry))
          .append(" file=")
          .append(property(entry.file()))
          .append(",line=")
          .append(entry.position().line())
          .append(",col=")
          .append(entry.position().column())
          .append(",title=")
          .append(property("holdfast " + entry.code()))
          .append("::")
          .append(data(entry.pod().title() + ": " + entry.sentence() + " (" + entry.link() + ")"))
          .append('\n');
    }
    return text.toString();
  }

  private static String command(AuditEntry entry) {
    return switch (entry.severity()) {
      case INFO -> "notice";
      case WARNING -> "warning";
      case ERROR -> "error";
    };
  }

  private static String data(String text) {
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
  }

  private static String property(String text) {
    return data(text).replace(":", "%3A").replace(",", "%2C");
  }
}
