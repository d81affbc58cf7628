package dev.holdfast.images;

import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.Port;
import com.google.cloud.tools.jib.frontend.CredentialRetrieverFactory;
import java.util.List;
import java.util.Set;

/**
 * The image of the webhook, the controller and the command line.
 *
 * <p>Layers, in the order of how seldom they change: the Java runtime (unless a base image brings
 * it), the libraries, what Quarkus generates, our own classes, the class cache.
 */
final class MainImage {
  private final JavaRoot root;

  MainImage(JavaRoot root) {
    this.root = root;
  }

  /** With the Java runtime of the root. */
  JibContainerBuilder onScratch() throws Exception {
    return finish(
        Jib.fromScratch()
            .addEnvironmentVariable("PATH", JavaRoot.JAVA + "/bin")
            .addEnvironmentVariable("JAVA_HOME", JavaRoot.JAVA)
            .addEnvironmentVariable("LANG", "C.UTF-8")
            // of the C library, for as few threads as ours
            .addEnvironmentVariable("MALLOC_ARENA_MAX", "2"));
  }

  /** On an image from a registry that has {@code java} on its path, 17 or newer. */
  JibContainerBuilder on(String base) throws Exception {
    ImageReference reference = ImageReference.parse(base);
    return finish(
        Jib.from(
            RegistryImage.named(reference)
                .addCredentialRetriever(
                    CredentialRetrieverFactory.forImage(reference, event -> {}).dockerConfig())));
  }

  private JibContainerBuilder finish(JibContainerBuilder builder) throws Exception {
    for (String layer : List.of("java", "libraries", "quarkus", "holdfast", "cache")) {
      FileEntriesLayer files = root.layer(layer);
      if (!files.getEntries().isEmpty()) {
        builder.addFileEntriesLayer(files);
      }
    }
    return builder
        .setEntrypoint(List.of("java", "@" + JavaRoot.OPTIONS))
        .setUser("65532:65532")
        .setExposedPorts(Set.of(Port.tcp(8443), Port.tcp(9000)));
  }
}
