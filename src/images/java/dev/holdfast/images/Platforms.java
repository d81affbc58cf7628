package dev.holdfast.images;

/** Platforms as images name them: {@code linux/amd64}. */
final class Platforms {
  private Platforms() {}

  static String ofThisMachine() {
    String architecture = System.getProperty("os.arch");
    return "linux/"
        + switch (architecture) {
          case "amd64", "x86_64" -> "amd64";
          case "aarch64" -> "arm64";
          default -> architecture;
        };
  }

  static String architecture(String platform) {
    return platform.substring(platform.indexOf('/') + 1);
  }
}
