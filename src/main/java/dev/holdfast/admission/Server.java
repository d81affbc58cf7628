package dev.holdfast.admission;

import dev.holdfast.policy.PolicyException;
import io.quarkus.runtime.Quarkus;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

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
   * @throws PolicyException if the policy file is bad; nothing is started then
   */
  public static int run(Optional<Path> policyFile, String... arguments) throws PolicyException {
    policyFile.ifPresent(
        file -> System.setProperty("holdfast.policy-file", file.toAbsolutePath().toString()));
    Optional<Path> configured = policyFile.or(Server::configuredPolicyFile);
    if (configured.isPresent()) {
      new PolicyFile(configured.get()).changed();
    }
    AtomicInteger exitCode = new AtomicInteger();
    CountDownLatch stopped = new CountDownLatch(1);
    // The JVM ends with 143 after SIGTERM unless a hook ends it before, once all is stopped.
    Thread hook =
        new Thread(
            () -> {
              await(stopped);
              Runtime.getRuntime().halt(exitCode.get());
            },
            "exit-code");
    Runtime.getRuntime().addShutdownHook(hook);
    Quarkus.run(
        null,
        (code, failure) -> {
          exitCode.set(code == INTERRUPTED || code == TERMINATED ? 0 : code);
          stopped.countDown();
        },
        arguments);
    stopped.countDown();
    return exitCode.get();
  }

  private static Optional<Path> configuredPolicyFile() {
    String property = System.getProperty("holdfast.policy-file");
    String value = property != null ? property : System.getenv("HOLDFAST_POLICY_FILE");
    return Optional.ofNullable(value).filter(path -> !path.isBlank()).map(Path::of);
  }

  private static void await(CountDownLatch stopped) {
    try {
      stopped.await(MAX_STOP_MINUTES, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
