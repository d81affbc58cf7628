package dev.holdfast.images;

import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * The image of the init process: the static binary and nothing else. It lies at the root, where
 * both an init container and an image volume find it.
 */
final class InitImage {
  private static final String BINARY = "holdfast-init";

  private InitImage() {}

  /** Of which platforms there is a binary: {@code FOLDER/linux-amd64/holdfast-init}. */
  static List<String> platforms(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> platforms =
          entries
              .filter(entry -> entry.getFileName().toString().startsWith("linux-"))
              .filter(entry -> Files.isRegularFile(entry.resolve(BINARY)))
              .map(entry -> entry.getFileName().toString().replaceFirst("-", "/"))
              .sorted()
              .toList();
      if (platforms.isEmpty()) {
        throw new IOException("no " + BINARY + " in the folders of " + folder);
      }
      return platforms;
    }
  }

  static JibContainerBuilder of(Path folder, String platform, Instant created) {
    FileEntriesLayer layer =
        FileEntriesLayer.builder()
            .setName("init")
            .addEntry(
                folder.resolve(platform.replaceFirst("/", "-")).resolve(BINARY),
                AbsoluteUnixPath.get("/" + BINARY),
                FilePermissions.fromOctalString("755"),
                created)
            .build();
    return Jib.fromScratch()
        .addFileEntriesLayer(layer)
        .setEntrypoint(List.of("/" + BINARY))
        .setUser("65532:65532");
  }
}
