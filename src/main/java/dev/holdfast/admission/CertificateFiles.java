package dev.holdfast.admission;

import dev.holdfast.certs.BadCertificateException;
import dev.holdfast.certs.ServingPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The files that the webhook's certificate and key are configured to come from.
 *
 * @param paths empty where none is configured
 */
record CertificateFiles(List<Path> paths) {
  private static final String KEY_STORE = "quarkus.tls." + Certificates.BUCKET + ".key-store.";

  /** The properties that name files of certificates and keys. */
  static final List<String> PROPERTIES =
      List.of(
          KEY_STORE + "pem.0.cert",
          KEY_STORE + "pem.0.key",
          KEY_STORE + "p12.path",
          KEY_STORE + "jks.path");

  /** What the files hold, to be compared with what they hold later. */
  record Content(List<byte[]> files) {
    /** What stands for files that cannot be read, and for those that are to be read again. */
    static final Content NONE = new Content(List.of());

    boolean sameAs(Content other) {
      if (files.size() != other.files.size()) {
        return false;
      }
      for (int i = 0; i < files.size(); i++) {
        if (!Arrays.equals(files.get(i), other.files.get(i))) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * @param configuration the value of a property; empty where it is not set
   */
  static CertificateFiles of(Function<String, Optional<String>> configuration) {
    List<Path> paths = new ArrayList<>();
    for (String property : PROPERTIES) {
      configuration.apply(property).ifPresent(path -> paths.add(Path.of(path)));
    }
    return new CertificateFiles(List.copyOf(paths));
  }

  /** Reads them all. */
  Content read() throws UnreadableException {
    List<byte[]> files = new ArrayList<>();
    for (Path path : paths) {
      try {
        files.add(Files.readAllBytes(path));
      } catch (IOException e) {
        throw new UnreadableException(path + ": " + UnreadableFile.reason(e));
      }
    }
    return new Content(files);
  }

  /** Why no server could use what the files hold; empty if it could, or if it is not PEM. */
  Optional<String> problem(Content content) {
    if (content.files().size() != 2) {
      return Optional.empty();
    }
    try {
      ServingPair.parse(
          paths.get(0).toString(),
          content.files().get(0),
          paths.get(1).toString(),
          content.files().get(1));
      return Optional.empty();
    } catch (BadCertificateException e) {
      return Optional.of(e.getMessage());
    }
  }

  /** Why no server could use the files as they are now; empty if one could. */
  Optional<String> problem() {
    try {
      return problem(read());
    } catch (UnreadableException e) {
      return Optional.of(e.getMessage());
    }
  }

  /** Says which file cannot be read, and why. */
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    private UnreadableException(String message) {
      super(message);
    }
  }
}
