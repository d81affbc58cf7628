package dev.holdfast.images;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The Java runtime that a JDK of this machine can make, and the C library it needs. */
final class JavaRuntime {

  /**
   * From this on, two dumps of the same classes are the same; those of 17 differ in their order.
   */
  private static final int REPRODUCIBLE_CACHE = 25;

  /**
   * {@code java.se} for frameworks, and what TLS, DNS, time zones and diagnosis want besides. Every
   * security provider that the JDK names must be there: what is missing is looked for on the class
   * path, which makes the JVM verify the signature of every class of BouncyCastle while TLS starts.
   */
  private static final String MODULES =
      "java.se,java.smartcardio,jdk.unsupported,jdk.crypto.ec,jdk.crypto.cryptoki,jdk.jfr,"
          + "jdk.localedata,jdk.management,jdk.naming.dns,jdk.net,jdk.security.jgss,jdk.zipfs";

  /** Without a screen they are of no use, and some need libraries of the X window system. */
  private static final String DESKTOP =
      "regex:.*/lib(awt.*|fontmanager|freetype|harfbuzz|javajpeg|jawt|jsound|lcms|mlib_image"
          + "|splashscreen)\\.so";

  private static final Pattern LIBRARY = Pattern.compile("(?m)(?:=> |^\\s*)(/.+) \\(0x");

  private final Path jdk;

  private JavaRuntime(Path jdk) {
    this.jdk = jdk;
  }

  /** That of a JDK of this machine, by its home. */
  static JavaRuntime of(Path jdk) {
    return new JavaRuntime(jdk);
  }

  boolean hasReproducibleCache() throws IOException {
    Properties release = new Properties();
    try (Reader reader = Files.newBufferedReader(jdk.resolve("release"))) {
      release.load(reader);
    }
    String version = release.getProperty("JAVA_VERSION").replace("\"", "");
    return Runtime.Version.parse(version).feature() >= REPRODUCIBLE_CACHE;
  }

  /** Makes it in a folder that does not exist yet. */
  void make(Path folder) throws IOException {
    run(
        List.of(
            jdk.resolve("bin/jlink").toString(),
            "--add-modules",
            MODULES,
            "--exclude-files",
            DESKTOP,
            "--no-header-files",
            "--no-man-pages",
            "--output",
            folder.toString()));
  }

  /** The shared libraries that programs and libraries of a folder are linked with, but its own. */
  static Set<Path> libraries(Path folder) throws IOException {
    Set<Path> found = new TreeSet<>();
    for (Path file : Trees.below(folder)) {
      if (Files.isRegularFile(file)
          && (file.toString().endsWith(".so") || file.endsWith("bin/java"))) {
        Matcher matcher = LIBRARY.matcher(run(List.of("ldd", file.toString())));
        while (matcher.find()) {
          Path library = Path.of(matcher.group(1));
          if (!library.startsWith(folder.toRealPath()) && !library.startsWith(folder)) {
            found.add(library);
          }
        }
      }
    }
    return found;
  }

  /**
   * Dumps classes, so that the runtime of the folder need not read and verify them at each start.
   */
  static void dump(
      Path runtime, Path folder, List<String> options, Path classes, String classPath, Path cache)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(runtime.toAbsolutePath().resolve("bin/java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-Xshare:dump",
            "-XX:SharedClassListFile=" + classes.toAbsolutePath(),
            "-XX:SharedArchiveFile=" + cache.toAbsolutePath(),
            "-cp",
            classPath));
    run(command, folder);
  }

  private static String run(List<String> command) throws IOException {
    return run(command, Path.of(""));
  }

  private static String run(List<String> command, Path folder) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toAbsolutePath().toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + output);
      }
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException("interrupted", e));
    }
    return output;
  }
}
