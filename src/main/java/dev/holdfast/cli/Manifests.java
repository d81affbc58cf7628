package dev.holdfast.cli;

import dev.holdfast.yaml.YamlException;
import dev.holdfast.yaml.YamlStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads the files that a command is given, and collects everything that is wrong with them. */
final class Manifests {
  /** What stands for standard input. */
  static final String STDIN = "-";

  /** With fewer, everything is over before a person could read how far it is. */
  private static final int PROGRESS_FROM = 50;

  private final Terminal terminal;
  private final List<ManifestFile> files = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  private Manifests(Terminal terminal) {
    this.terminal = terminal;
  }

  /**
   * Reads files, directories (their {@code *.yaml}, {@code *.yml} and {@code *.json}, recursively
   * and sorted) and standard input. A file that is named twice is read once.
   *
   * @param names paths, or {@link #STDIN}; none mean standard input, unless a person sits there
   * @throws InputException if nothing is named and a person sits there
   */
  static Manifests read(List<String> names, Terminal terminal) throws InputException {
    if (names.isEmpty() && terminal.inIsTerminal()) {
      throw new InputException("nothing to read: name files with -f, or pipe manifests in");
    }
    Manifests files = new Manifests(terminal);
    files.readAll(names.isEmpty() ? List.of(STDIN) : names);
    return files;
  }

  /** The files that could be read, in order. */
  List<ManifestFile> files() {
    return files;
  }

  /** What is wrong with the others, one line each, with line and column where there are any. */
  List<String> problems() {
    return problems;
  }

  private void readAll(List<String> names) {
    List<Input> inputs = new ArrayList<>();
    for (String name : names) {
      if (name.equals(STDIN)) {
        inputs.add(new Input("stdin", Optional.empty()));
      } else {
        find(name, inputs);
      }
    }
    Progress progress = new Progress(terminal, inputs.size());
    Set<Object> seen = new HashSet<>();
    for (Input input : inputs) {
      progress.next();
      try {
        if (seen.add(input.identity())) {
          read(input);
        }
      } catch (IOException e) {
        problems.add(input.name() + ": " + reason(e));
      } catch (YamlException e) {
        problems.add(Style.plain(e.getMessage()));
      }
    }
    progress.end();
  }

  private record Input(String name, Optional<Path> path) {
    Object identity() throws IOException {
      return path.isPresent() ? path.get().toRealPath() : STDIN;
    }
  }

  private void read(Input input) throws IOException, YamlException {
    byte[] bytes;
    if (input.path().isPresent()) {
      try (InputStream in = Files.newInputStream(input.path().get())) {
        bytes = bytes(in);
      }
    } else {
      bytes = bytes(terminal.in());
    }
    files.add(new ManifestFile(input.name(), input.path(), YamlStream.parse(input.name(), bytes)));
  }

  // one byte more than is allowed, so that the parser can say so; never all of an endless stream
  private static byte[] bytes(InputStream in) throws IOException {
    return in.readNBytes(YamlStream.MAX_BYTES + 1);
  }

  private void find(String name, List<Input> inputs) {
    if (name.isBlank()) {
      // An empty path would be the current directory: surely an unset variable.
      problems.add("\"" + name + "\": this is no path");
      return;
    }
    Path path;
    try {
      path = Path.of(name);
    } catch (InvalidPathException e) {
      problems.add(Style.plain(name) + ": this is no path");
      return;
    }
    if (!Files.isDirectory(path)) {
      inputs.add(input(path));
      return;
    }
    List<Path> found = new ArrayList<>();
    int before = problems.size();
    try {
      Files.walkFileTree(
          path, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor(path, found));
    } catch (IOException e) {
      problems.add(Style.plain(name) + ": " + reason(e));
    }
    if (found.isEmpty() && problems.size() == before) {
      problems.add(Style.plain(name) + ": no *.yaml, *.yml or *.json in this directory");
    }
    Collections.sort(found);
    found.forEach(file -> inputs.add(input(file)));
  }

  private static Input input(Path path) {
    Path named = path.normalize();
    return new Input(Style.plain(named.toString()), Optional.of(path));
  }

  private FileVisitor<Path> visitor(Path root, List<Path> found) {
    return new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
        return !directory.equals(root) && isHidden(directory)
            ? FileVisitResult.SKIP_SUBTREE
            : FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
        // A pipe or a device would be read for ever.
        if (attributes.isRegularFile() && isManifest(file)) {
          found.add(file);
        }
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFileFailed(Path file, IOException e) {
        // What a link in a circle leads to is found without the link, too.
        if (!(e instanceof FileSystemLoopException)) {
          problems.add(Style.plain(file.toString()) + ": " + reason(e));
        }
        return FileVisitResult.CONTINUE;
      }
    };
  }

  // .git, .github, and ..data of a mounted ConfigMap, whose files are found by their links
  private static boolean isHidden(Path directory) {
    return directory.getFileName().toString().startsWith(".");
  }

  private static boolean isManifest(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json");
  }

  /** What went wrong with a file, without its name. */
  static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    String reason = e instanceof FileSystemException failure ? failure.getReason() : e.getMessage();
    return Style.plain(reason == null ? e.getClass().getSimpleName() : reason);
  }

  /** One line on standard error that tells how far we are. */
  private static final class Progress {
    private final Terminal terminal;
    private final int total;
    private final boolean shown;
    private int done;

    Progress(Terminal terminal, int total) {
      this.terminal = terminal;
      this.total = total;
      shown = total > PROGRESS_FROM && terminal.showsProgress();
    }

    void next() {
      done++;
      if (shown && (done % 10 == 0 || done == total)) {
        terminal.err().print("\rholdfast: " + done + " of " + total + " files");
      }
    }

    void end() {
      if (shown) {
        terminal.err().print("\r\u001b[K");
      }
    }
  }
}
