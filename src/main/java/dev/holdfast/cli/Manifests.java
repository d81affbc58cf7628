package dev.holdfast.cli;

import dev.holdfast.yaml.YamlException;
import dev.holdfast.yaml.YamlStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/** Reads the files that a command is given. */
final class Manifests {
  private static final String STANDARD_INPUT = "-";

  /** Fewer are done before anybody wonders. */
  private static final int MANY = 50;

  private Manifests() {}

  /**
   * Reads all of them, so that one run shows everything that is wrong.
   *
   * @param arguments files, directories (read with those below, in the order of their names) or
   *     {@code -}; if empty, standard input, unless a person sits there
   * @throws InputException naming each file that cannot be read, with line and column
   */
  static List<ManifestFile> read(List<String> arguments, Terminal terminal) throws InputException {
    if (arguments.isEmpty() && terminal.interactive()) {
      throw new InputException("nothing to read: give -f FILE, or pipe manifests in");
    }
    List<String> problems = new ArrayList<>();
    List<ManifestFile> files = new ArrayList<>();
    boolean read = false;
    for (String argument : arguments.isEmpty() ? List.of(STANDARD_INPUT) : arguments) {
      if (!argument.equals(STANDARD_INPUT)) {
        readPath(Path.of(argument), files, problems, terminal);
      } else if (!read) {
        read = true;
        try (InputStream in = terminal.in()) {
          add("<stdin>", Optional.empty(), in.readAllBytes(), files, problems);
        } catch (IOException e) {
          problems.add("<stdin>: cannot be read: " + e.getMessage());
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return files;
  }

  private static void readPath(
      Path path, List<ManifestFile> files, List<String> problems, Terminal terminal) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(path)) {
      try {
        Files.walkFileTree(
            path,
            EnumSet.of(FileVisitOption.FOLLOW_LINKS),
            Integer.MAX_VALUE,
            new ManifestFinder(path, found, problems));
      } catch (IOException e) {
        problems.add(path + ": cannot be read: " + e.getMessage());
      }
      found.sort(null);
    } else {
      found.add(path);
    }
    for (int i = 0; i < found.size(); i++) {
      Path file = found.get(i);
      if (terminal.interactive() && found.size() > MANY && i % MANY == 0) {
        terminal.err().print("\rreading " + i + " of " + found.size());
      }
      try {
        add(file.toString(), Optional.of(file), Files.readAllBytes(file), files, problems);
      } catch (IOException e) {
        problems.add(file + ": cannot be read: " + e.getClass().getSimpleName());
      }
    }
    if (terminal.interactive() && found.size() > MANY) {
      terminal.err().print("\r" + " ".repeat(40) + "\r");
    }
  }

  private static void add(
      String name,
      Optional<Path> path,
      byte[] bytes,
      List<ManifestFile> files,
      List<String> problems) {
    try {
      files.add(new ManifestFile(name, path, YamlStream.parse(name, bytes)));
    } catch (YamlException e) {
      problems.add(e.getMessage());
    }
  }

  /** Links are followed, as mounted ConfigMaps are made of them; a loop of them is passed over. */
  private static final class ManifestFinder extends SimpleFileVisitor<Path> {
    private final Path root;
    private final List<Path> found;
    private final List<String> problems;

    ManifestFinder(Path root, List<Path> found, List<String> problems) {
      this.root = root;
      this.found = found;
      this.problems = problems;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      return !directory.equals(root) && directory.getFileName().toString().startsWith(".")
          ? FileVisitResult.SKIP_SUBTREE
          : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      String name = file.getFileName().toString();
      if (attributes.isRegularFile()
          && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"))) {
        found.add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) {
      if (!(failure instanceof java.nio.file.FileSystemLoopException)) {
        problems.add(file + ": cannot be read: " + failure.getClass().getSimpleName());
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
