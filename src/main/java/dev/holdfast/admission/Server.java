package dev.holdfast.admission;

import dev.holdfast.policy.PolicyException;
import io.quarkus.runtime.Quarkus;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Starts the webhook's server, and stops it as we ask of others: with exit code 0 on SIGTERM. */
public final class Server {
  /** What a shell reports for a process that SIGINT or SIGTERM ended. */
  private static final int INTERRUPTED = 130;

  private static final int TERMINATED = 143;

  /** More than any delay and drain that makes sense; then the process ends anyhow. */
  private static final int MAX_STOP_MINUTES = 60;

  private Server() {}

  /**
   * Serves until the process is told to stop. Returns only then.
   *
   * @param policyFile wins over {@code holdfast.policy-file}
   * @return the exit code
   * @throws IllegalStateException if the server could not start, with the reason
   * @throws PolicyException if the policy file is bad; nothing is started then
   */
  public static int run(Optional<Path> policyFile, String... arguments) throws PolicyException {
    policyFile.ifPresent(
        file -> System.setProperty("holdfast.policy-file", file.toAbsolutePath().toString()));
    Optional<Path> configured = policyFile.or(Server::configuredPolicyFile);
    if (configured.isPresent()) {
      new PolicyFile(configured.get()).changed();
    }
    readCertificateVariables();
    AtomicInteger exitCode = new AtomicInteger();
    AtomicReference<Throwable> failed = new AtomicReference<>();
    CountDownLatch stopped = new CountDownLatch(1);
    // The JVM ends with 143 after SIGTERM unless a hook ends it before, once all is stopped.
    Thread hook =
        new Thread(
            () -> {
              await(stopped);
              // After a failure the other hooks have something to say: the log is not written yet.
              if (exitCode.get() == 0) {
                Runtime.getRuntime().halt(0);
              }
            },
            "exit-code");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      Quarkus.run(
          null,
          (code, failure) -> {
            exitCode.set(code == INTERRUPTED || code == TERMINATED ? 0 : code);
            failed.set(failure);
          },
          arguments);
    } finally {
      stopped.countDown();
    }
    if (failed.get() != null) {
      throw new IllegalStateException("could not start: " + rootCause(failed.get()));
    }
    return exitCode.get();
  }

  /**
   * Quarkus cannot tell from an environment variable where in {@code quarkus.tls.*} the name of a
   * configuration ends, unless the property is known from elsewhere too.
   */
  private static void readCertificateVariables() {
    for (String property : Certificates.FILES) {
      String variable =
          System.getenv(property.replaceAll("[^a-z0-9]", "_").toUpperCase(Locale.ROOT));
      if (variable != null && System.getProperty(property) == null) {
        System.setProperty(property, variable);
      }
    }
  }

  private static Optional<Path> configuredPolicyFile() {
    String property = System.getProperty("holdfast.policy-file");
    String value = property != null ? property : System.getenv("HOLDFAST_POLICY_FILE");
    return Optional.ofNullable(value).filter(path -> !path.isBlank()).map(Path::of);
  }

  private static Throwable rootCause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static void await(CountDownLatch stopped) {
    try {
      stopped.await(MAX_STOP_MINUTES, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
