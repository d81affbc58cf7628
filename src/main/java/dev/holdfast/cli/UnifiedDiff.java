package dev.holdfast.cli;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import com.github.difflib.algorithm.myers.MyersDiffWithLinearSpace;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.ChangeDelta;
import com.github.difflib.patch.Chunk;
import com.github.difflib.patch.Patch;
import java.util.ArrayList;
import java.util.List;

/** The difference of two versions of a file, as {@code git apply} and {@code patch -p1} take it. */
final class UnifiedDiff {
  private static final int CONTEXT_LINES = 3;
  private static final String NO_LINE_BREAK = "\n\\ No newline at end of file";

  private UnifiedDiff() {}

  /**
   * Compares document by document, as most have not changed at all.
   *
   * @return "" if there is no difference
   */
  static String of(String file, List<HardenedFile.Text> texts, Style style) {
    List<String> before = new ArrayList<>();
    List<String> after = new ArrayList<>();
    Patch<String> patch = new Patch<>();
    for (List<HardenedFile.Text> part : parts(texts)) {
      StringBuilder old = new StringBuilder();
      StringBuilder fresh = new StringBuilder();
      for (HardenedFile.Text text : part) {
        old.append(text.document().text());
        fresh.append(text.text());
      }
      List<String> oldLines = lines(old.toString());
      List<String> newLines = lines(fresh.toString());
      if (!old.toString().contentEquals(fresh)) {
        for (AbstractDelta<String> delta : deltas(oldLines, newLines)) {
          patch.addDelta(
              delta.withChunks(
                  moved(delta.getSource(), before.size()), moved(delta.getTarget(), after.size())));
        }
      }
      before.addAll(oldLines);
      after.addAll(newLines);
    }
    if (patch.getDeltas().isEmpty()) {
      return "";
    }
    String name = file.startsWith("/") ? file.substring(1) : file;
    StringBuilder diff = new StringBuilder();
    for (String line :
        UnifiedDiffUtils.generateUnifiedDiff(
            header("a/" + name), header("b/" + name), before, patch, CONTEXT_LINES)) {
      diff.append(coloured(line, style)).append('\n');
    }
    return diff.toString();
  }

  /** A name as git writes it: quoted if it must be, else with a tab that ends one with blanks. */
  private static String header(String name) {
    if (name.indexOf('"') >= 0 || name.indexOf('\\') >= 0) {
      return '"' + name.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
    return name.indexOf(' ') >= 0 ? name + "\t" : name;
  }

  /** Changes that touch are one: what is removed stands before what takes its place. */
  private static List<AbstractDelta<String>> deltas(List<String> before, List<String> after) {
    List<AbstractDelta<String>> deltas = new ArrayList<>();
    for (AbstractDelta<String> delta :
        DiffUtils.diff(before, after, new MyersDiffWithLinearSpace<String>()).getDeltas()) {
      AbstractDelta<String> last = deltas.isEmpty() ? null : deltas.get(deltas.size() - 1);
      if (last != null && end(last.getSource()) == delta.getSource().getPosition()) {
        deltas.set(
            deltas.size() - 1,
            new ChangeDelta<>(
                joined(last.getSource(), delta.getSource()),
                joined(last.getTarget(), delta.getTarget())));
      } else {
        deltas.add(delta);
      }
    }
    return deltas;
  }

  private static int end(Chunk<String> chunk) {
    return chunk.getPosition() + chunk.size();
  }

  private static Chunk<String> joined(Chunk<String> one, Chunk<String> next) {
    List<String> lines = new ArrayList<>(one.getLines());
    lines.addAll(next.getLines());
    return new Chunk<>(one.getPosition(), lines);
  }

  /** Documents alone, or together where one starts in the middle of another's last line. */
  private static List<List<HardenedFile.Text>> parts(List<HardenedFile.Text> texts) {
    List<List<HardenedFile.Text>> parts = new ArrayList<>();
    List<HardenedFile.Text> part = new ArrayList<>();
    for (HardenedFile.Text text : texts) {
      part.add(text);
      if (text.document().text().endsWith("\n") && text.text().endsWith("\n")) {
        parts.add(part);
        part = new ArrayList<>();
      }
    }
    if (!part.isEmpty()) {
      parts.add(part);
    }
    return parts;
  }

  private static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      if (end < 0) {
        lines.add(text.substring(start) + NO_LINE_BREAK);
        break;
      }
      lines.add(text.substring(start, end));
      start = end + 1;
    }
    return lines;
  }

  private static Chunk<String> moved(Chunk<String> chunk, int lines) {
    return new Chunk<>(chunk.getPosition() + lines, chunk.getLines());
  }

  private static String coloured(String line, Style style) {
    if (line.startsWith("---") || line.startsWith("+++")) {
      return style.bold(line);
    }
    if (line.startsWith("@@")) {
      return style.cyan(line);
    }
    if (line.startsWith("+")) {
      return style.green(line);
    }
    return line.startsWith("-") ? style.red(line) : line;
  }
}
