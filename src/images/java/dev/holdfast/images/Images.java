package dev.holdfast.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Makes the images of a release as OCI archives, without a Docker daemon: {@code holdfast.tar} and
 * {@code holdfast-init.tar}. Run by the Maven profile {@code images}; docs/release.md says how.
 *
 * <p>The same input gives the same bytes, whoever builds it and wherever.
 */
@Command(name = "images")
public final class Images {

  @Option(names = "--app", required = true, description = "what the build made: quarkus-app")
  private Path app;

  @Option(names = "--sbom", required = true, description = "CycloneDX, as JSON")
  private Path sbom;

  @Option(names = "--classes", required = true, description = "names of the classes to cache")
  private Path classes;

  @Option(names = "--flags", required = true, description = "defaults of the JVM, a line each")
  private Path flags;

  @Option(names = "--init", required = true, description = "folder of linux-*/holdfast-init")
  private Path init;

  @Option(names = "--output", required = true, description = "folder of the archives")
  private Path output;

  @Option(names = "--repository", required = true, description = "what image names start with")
  private String repository;

  @Option(names = "--image-version", required = true, description = "tag of the images")
  private String version;

  @Option(names = "--created", required = true, description = "time of everything in the images")
  private Instant created;

  @Option(names = "--revision", defaultValue = "", description = "commit")
  private String revision;

  @Option(names = "--base", defaultValue = "", description = "reference of an image with Java")
  private String base;

  @Option(names = "--jdk", required = true, description = "home of the JDK to make a runtime of")
  private Path jdk;

  @Option(names = "--insecure-base", description = "whoever has the base need not prove it")
  private boolean insecureBase;

  @Option(
      names = "--platforms",
      split = ",",
      defaultValue = "",
      description = "of the base, as linux/amd64; the local Java runtime is of this machine's")
  private List<String> platforms;

  /** Runs within Maven: whatever goes wrong is thrown. */
  public static void main(String[] arguments) throws Exception {
    Images images = new Images();
    new CommandLine(images).registerConverter(Instant.class, Instant::parse).parseArgs(arguments);
    images.make();
  }

  private void make() throws Exception {
    if (!Files.exists(sbom)) {
      throw new IOException(sbom + " is missing: Maven leaves it out with --offline");
    }
    Files.createDirectories(output);
    report(mainImage());
    if (Files.isDirectory(init)) {
      report(initImage());
    } else {
      System.out.println("no holdfast-init in " + init + ": its image is not made");
    }
  }

  private Path mainImage() throws Exception {
    Archives archives = new Archives(output, name("holdfast"), created);
    JavaRoot root = new JavaRoot(output.resolve("root"), created, flags);
    root.application(app, sbom);
    if (base.isEmpty()) {
      JavaRuntime runtime = JavaRuntime.of(jdk);
      root.runtime(runtime, output.resolve("java"));
      root.cache(runtime, classes);
      return archives.write(
          List.of(Platforms.ofThisMachine()),
          platform -> new MainImage(root).onScratch(),
          labels());
    }
    List<String> wanted = new ArrayList<>(platforms);
    wanted.removeIf(String::isBlank);
    if (wanted.isEmpty()) {
      wanted.add(Platforms.ofThisMachine());
    }
    archives.insecure(insecureBase);
    return archives.write(wanted, platform -> new MainImage(root).on(base), labels());
  }

  private Path initImage() throws Exception {
    return new Archives(output, name("holdfast-init"), created)
        .write(
            InitImage.platforms(init),
            platform -> InitImage.of(init, platform, created),
            labels("Holdfast init", "Drains, waits and forwards signals as PID 1 of a container."));
  }

  private String name(String image) {
    return repository + "/" + image + ":" + version;
  }

  private Map<String, String> labels() {
    return labels(
        "Holdfast", "Makes every pod survive node drains, rolling updates and stop signals.");
  }

  private Map<String, String> labels(String title, String description) {
    Map<String, String> labels = new TreeMap<>();
    labels.put("org.opencontainers.image.title", title);
    labels.put("org.opencontainers.image.description", description);
    labels.put("org.opencontainers.image.licenses", "Apache-2.0");
    labels.put("org.opencontainers.image.version", version);
    labels.put("org.opencontainers.image.created", created.toString());
    if (!revision.isEmpty()) {
      labels.put("org.opencontainers.image.revision", revision);
    }
    if (!base.isEmpty()) {
      labels.put("org.opencontainers.image.base.name", base);
    }
    return labels;
  }

  private static void report(Path archive) throws Exception {
    for (OciArchive.Image image : OciArchive.read(archive)) {
      System.out.printf(
          "%s %s %s %.1f MB%n",
          archive, image.platform(), image.digest(), image.compressedBytes() / 1e6);
      for (OciArchive.Layer layer : image.layers()) {
        System.out.printf(
            "  %-12s %7.2f MB  %s%n", layer.name(), layer.size() / 1e6, layer.digest());
      }
    }
  }
}
