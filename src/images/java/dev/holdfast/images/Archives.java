package dev.holdfast.images;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes one image, of one or several platforms, into one OCI archive. */
final class Archives {
  private final Path folder;
  private final String reference;
  private final Instant created;
  private boolean insecure;

  /** Makes an image for one platform. */
  interface Maker {
    JibContainerBuilder make(String platform) throws Exception;
  }

  Archives(Path folder, String reference, Instant created) {
    this.folder = folder;
    this.reference = reference;
    this.created = created;
  }

  /** Whether a registry need not prove that it is the one; that of a test cannot. */
  void insecure(boolean allowed) {
    insecure = allowed;
  }

  /** Returns the archive: {@code holdfast.tar} for {@code REPOSITORY/holdfast:TAG}. */
  Path write(List<String> platforms, Maker maker, Map<String, String> labels) throws Exception {
    List<Path> parts = new ArrayList<>();
    for (String platform : platforms) {
      Path part = folder.resolve(fileName() + "-" + Platforms.architecture(platform) + ".part");
      containerize(
          maker
              .make(platform)
              .setPlatforms(Set.of(new Platform(Platforms.architecture(platform), "linux")))
              .setLabels(labels)
              .setCreationTime(created)
              .setFormat(ImageFormat.OCI),
          part);
      parts.add(part);
    }
    Path target = folder.resolve(fileName() + ".tar");
    OciArchive.merge(parts, reference, target);
    for (Path part : parts) {
      Files.delete(part);
    }
    return target;
  }

  private void containerize(JibContainerBuilder builder, Path target) throws Exception {
    // Jib knows a layer again by the paths and times of its files, and ours all have the same time:
    // with a cache of an earlier run it would take the earlier content.
    Path cache = Files.createTempDirectory(folder, "cache");
    try {
      builder.containerize(
          Containerizer.to(TarImage.at(target).named(reference))
              .setApplicationLayersCache(cache.resolve("application"))
              .setBaseImageLayersCache(cache.resolve("base"))
              .setAllowInsecureRegistries(insecure)
              .setToolName("holdfast"));
    } finally {
      Trees.delete(cache);
    }
  }

  private String fileName() throws IOException {
    return reference.substring(reference.lastIndexOf('/') + 1, reference.lastIndexOf(':'));
  }
}
