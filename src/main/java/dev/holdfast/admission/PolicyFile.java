package dev.holdfast.admission;

import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A file of policies that may change while it serves. It is read again and compared by its bytes,
 * so that a ConfigMap's swapped links are noticed as an editor's save is. Not thread-safe.
 */
public final class PolicyFile {
  /** No policy file is that long; larger ones are not read at all. */
  private static final long MAX_BYTES = 8 * 1024 * 1024;

  private final Path path;
  private byte[] last = new byte[0];

  /** Nothing is read yet. */
  public PolicyFile(Path path) {
    this.path = path;
  }

  /**
   * Reads the policies, if the file is not what it was at the last call.
   *
   * @return empty if nothing has changed
   * @throws PolicyException if the text is no policy, with everything that is wrong with it; also
   *     if the file cannot be read
   */
  public Optional<List<HardeningPolicy>> changed() throws PolicyException {
    byte[] now = read();
    if (last.length > 0 && Arrays.equals(last, now)) {
      return Optional.empty();
    }
    last = now;
    return Optional.of(PolicyLoader.load(path.toString(), now));
  }

  private byte[] read() throws PolicyException {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw unreadable("larger than 8 MiB");
      }
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw unreadable(UnreadableFile.reason(e));
    }
  }

  private PolicyException unreadable(String why) {
    last = new byte[0];
    return new PolicyException(
        List.of(new PolicyException.Problem(path.toString(), 1, 1, "", why)));
  }
}
