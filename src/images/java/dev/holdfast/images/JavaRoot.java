package dev.holdfast.images;

import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;

/**
 * The file system of the main image, as a folder.
 *
 * <pre>
 *   opt/java                   the Java runtime, and the C library where its programs look for it
 *   app/lib                    the libraries
 *   app/quarkus                what Quarkus generates
 *   app/holdfast.jar           our own classes
 *   app/holdfast.jsa           the class cache
 *   app/holdfast.options       options, class path and main class, for java @FILE
 *   app/holdfast.flags         defaults of the JVM; JAVA_TOOL_OPTIONS wins over them
 *   app/sbom.cdx.json          what is in it
 * </pre>
 */
final class JavaRoot {
  static final String JAVA = "/opt/java";
  static final String OPTIONS = "/app/holdfast.options";
  private static final String FLAGS = "/app/holdfast.flags";
  private static final String CACHE = "/app/holdfast.jsa";
  private static final String MAIN_CLASS = "dev.holdfast.Holdfast";

  private final Path folder;
  private final Instant time;
  private final List<String> flags;
  private final List<String> classPath = new ArrayList<>();

  /**
   * @param flags defaults of the JVM: one collector thread and a small young generation, as reviews
   *     live for a millisecond; a heap that grows only as far as what is known of the cluster makes
   *     it; the first compiler alone, which halves the processor time of a start, and is fast
   *     enough for thousands of reviews a second
   */
  JavaRoot(Path folder, Instant time, Path flags) throws IOException {
    this.folder = folder;
    this.time = time;
    this.flags = Files.readAllLines(flags);
    Trees.delete(folder);
  }

  /** Adds what the build made. */
  void application(Path app, Path sbom) throws IOException {
    jar(app.resolve("quarkus/transformed-bytecode.jar"), "/app/quarkus");
    jar(app.resolve("quarkus/generated-bytecode.jar"), "/app/quarkus");
    String own = only(app.resolve("app"));
    copy(app.resolve("app").resolve(own), "/app/holdfast.jar");
    classPath.add("/app/holdfast.jar");
    for (String libraries : List.of("lib/boot", "lib/main")) {
      for (Path jar : Trees.below(app.resolve(libraries))) {
        jar(jar, "/app/lib");
      }
    }
    List<String> options = new ArrayList<>();
    options.add("-XX:Flags=" + FLAGS);
    options.add("-Djava.util.logging.manager=org.jboss.logmanager.LogManager");
    try (JarFile runner = new JarFile(app.resolve("quarkus-run.jar").toFile())) {
      String opens = runner.getManifest().getMainAttributes().getValue("Add-Opens");
      if (opens != null) {
        for (String open : opens.split(" ")) {
          options.add("--add-opens=" + open + "=ALL-UNNAMED");
        }
      }
    }
    options.add("-cp");
    options.add(String.join(":", classPath));
    options.add(MAIN_CLASS);
    write(OPTIONS, options);
    write(FLAGS, flags);
    copy(sbom, "/app/sbom.cdx.json");
  }

  /** Adds a Java runtime, its libraries and the few files that the C library reads. */
  void runtime(JavaRuntime runtime, Path work) throws IOException {
    Trees.delete(work);
    runtime.make(work);
    for (Path file : Trees.below(work)) {
      String name = "/" + work.relativize(file);
      // of the programs only java: what is not there cannot be called by an intruder either
      if (Files.isRegularFile(file) && (!name.startsWith("/bin/") || name.equals("/bin/java"))) {
        copy(file, JAVA + name);
      }
    }
    for (Path library : JavaRuntime.libraries(inside(JAVA))) {
      copy(library.toRealPath(), library.toString());
    }
    write(
        "/etc/passwd",
        List.of("root:x:0:0::/:/sbin/nologin", "holdfast:x:65532:65532::/tmp:/sbin/nologin"));
    write("/etc/group", List.of("root:x:0:", "holdfast:x:65532:"));
    write("/etc/nsswitch.conf", List.of("hosts: files dns"));
    Files.createDirectories(inside("/tmp"));
  }

  /** Adds the class cache, if the runtime makes the same one every time. */
  void cache(JavaRuntime runtime, Path classes) throws IOException {
    if (!runtime.hasReproducibleCache()) {
      return;
    }
    settle(); // the JVM takes a cache only for files of the time that it saw
    // An absolute path that is the same wherever this is built: the JVM writes it into the cache,
    // and later looks for what comes after the part that all entries have in common. (In a folder
    // whose
    // name a URL must escape, a space for one, the cache is another one all the same.)
    String dumped =
        String.join(":", classPath.stream().map(entry -> "/proc/self/cwd" + entry).toList());
    JavaRuntime.dump(
        inside(JAVA),
        folder,
        List.of("-XX:Flags=" + inside(FLAGS).toAbsolutePath()),
        classes,
        dumped,
        inside(CACHE));
    List<String> withCache = new ArrayList<>(flags);
    withCache.add("SharedArchiveFile=" + CACHE);
    write(FLAGS, withCache);
  }

  /** The files of a layer; none of a layer that this image does not have. */
  FileEntriesLayer layer(String name) throws IOException {
    settle();
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName(name);
    for (Path path : Trees.below(folder)) {
      String inside = "/" + folder.relativize(path);
      if (layerOf(inside).equals(name)) {
        layer.addEntry(path, AbsoluteUnixPath.get(inside), permissions(path, inside), time);
      }
    }
    return layer.build();
  }

  private static String layerOf(String inside) {
    if (inside.equals("/app/holdfast.jar")) {
      return "holdfast";
    } else if (inside.equals(CACHE)) {
      return "cache";
    } else if (inside.startsWith("/app/quarkus/")) {
      return "quarkus";
    } else if (inside.startsWith("/app/") && !inside.equals("/app/quarkus")) {
      return "libraries";
    } else if (inside.equals("/app") || inside.equals("/app/quarkus")) {
      return "folders that jib makes";
    }
    return "java";
  }

  private static FilePermissions permissions(Path path, String inside) {
    if (inside.equals("/tmp")) {
      return FilePermissions.fromOctalString("777");
    }
    boolean executable = Files.isDirectory(path) || Files.isExecutable(path);
    return FilePermissions.fromOctalString(executable ? "755" : "644");
  }

  private void settle() throws IOException {
    for (Path path : Trees.below(folder)) {
      Files.setLastModifiedTime(path, FileTime.from(time));
    }
  }

  private void jar(Path source, String target) throws IOException {
    String path = target + "/" + source.getFileName();
    copy(source, path);
    classPath.add(path);
  }

  private static String only(Path folder) throws IOException {
    List<Path> entries = Trees.below(folder);
    if (entries.size() != 1) {
      throw new IOException("one jar is expected in " + folder + ", not " + entries);
    }
    return entries.get(0).getFileName().toString();
  }

  private Path inside(String path) {
    return folder.resolve(path.substring(1));
  }

  private void copy(Path source, String path) throws IOException {
    Path target = inside(path);
    Files.createDirectories(target.getParent());
    Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING);
    if (Files.isExecutable(source)) {
      target.toFile().setExecutable(true, false);
    }
  }

  private void write(String path, List<String> lines) throws IOException {
    Path target = inside(path);
    Files.createDirectories(target.getParent());
    Files.writeString(target, String.join("\n", lines) + "\n");
  }
}
