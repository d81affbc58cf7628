package dev.holdfast.hardening;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Kubernetes version as far as features depend on it: major and minor. */
public record KubernetesVersion(int major, int minor) implements Comparable<KubernetesVersion> {

  /** Older than any: what is not known is never new enough. */
  public static final KubernetesVersion UNKNOWN = new KubernetesVersion(-1, -1);

  // "v1.34.1", "1.34", "1.27+", "v1.31.2-eks-7f9249a", "v1.30.4+k3s1"
  private static final Pattern FORM =
      Pattern.compile("v?(\\d{1,3})\\.(\\d{1,3})(?:\\.\\d{1,5})?(?:[-+][0-9A-Za-z.+-]{0,64})?");

  /** Reads a version as API servers, kubelets and people write it; empty for anything else. */
  public static Optional<KubernetesVersion> of(String text) {
    Matcher matcher = FORM.matcher(text.trim());
    return matcher.matches()
        ? Optional.of(
            new KubernetesVersion(
                Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))))
        : Optional.empty();
  }

  /** Whether this is {@code 1.minor} or newer. */
  public boolean isAtLeast(int minor) {
    return major > 1 || (major == 1 && this.minor >= minor);
  }

  @Override
  public int compareTo(KubernetesVersion other) {
    return major != other.major
        ? Integer.compare(major, other.major)
        : Integer.compare(minor, other.minor);
  }

  @Override
  public String toString() {
    return equals(UNKNOWN) ? "unknown" : major + "." + minor;
  }
}
