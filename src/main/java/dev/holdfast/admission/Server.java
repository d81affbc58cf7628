package dev.holdfast.admission;

import dev.holdfast.cluster.Role;
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
  /** More than any delay and drain that makes sense; then the process ends anyhow. */
  private static final int MAX_STOP_MINUTES = 60;

  private Server() {}

  /**
   * Serves until the process is told to stop. Returns only then.
   *
   * @param policyFile wins over {@code holdfast.policy-file}
   * @param role wins over {@code holdfast.role}; who names one means a cluster
   * @return the exit code
   * @throws IllegalStateException if the server could not start, with the reason
   * @throws PolicyException if the policy file is bad; nothing is started then
   */
  public static int run(Optional<Path> policyFile, Optional<Role> role, String... arguments)
      throws PolicyException {
    Optional<Path> configured = policyFile.or(Server::configuredPolicyFile);
    if (configured.isPresent()) {
      new PolicyFile(configured.get()).changed();
    }
    policyFile.ifPresent(
        file -> System.setProperty("holdfast.policy-file", file.toAbsolutePath().toString()));
    role.ifPresent(Server::choose);
    readCertificateVariables();
    CertificateFiles.of(property -> Optional.ofNullable(System.getProperty(property)))
        .problem()
        .ifPresent(
            problem -> {
              throw new IllegalStateException(
                  "could not start: the certificate cannot be served: " + problem);
            });
    return serve(arguments);
  }

  private static void choose(Role role) {
    System.setProperty("holdfast.role", role.name().toLowerCase(Locale.ROOT));
    if (System.getProperty("holdfast.cluster.enabled") == null
        && System.getenv("HOLDFAST_CLUSTER_ENABLED") == null) {
      System.setProperty("holdfast.cluster.enabled", "true");
    }
    if (role == Role.CONTROLLER) {
      System.setProperty("quarkus.http.host-enabled", "false");
    }
  }

  private static int serve(String... arguments) throws PolicyException {
    AtomicInteger exitCode = new AtomicInteger();
    AtomicReference<Throwable> failed = new AtomicReference<>();
    CountDownLatch stopped = new CountDownLatch(1);
    // The JVM ends with 143 after SIGTERM unless a hook ends it before, once all is stopped.
    Thread hook =
        new Thread(
            () -> {
              await(stopped);
              Runtime.getRuntime().halt(0);
            },
            "exit-code");
    Runtime.getRuntime().addShutdownHook(hook);
    boolean told;
    try {
      Quarkus.run(
          null,
          (code, failure) -> {
            exitCode.set(code);
            failed.set(failure);
          },
          arguments);
      told = isShuttingDown(hook);
    } finally {
      stopped.countDown();
    }
    // Told to stop while it started, Quarkus fails; that is no failure of ours.
    if (told) {
      return 0;
    }
    if (failed.get() != null) {
      Throwable cause = rootCause(failed.get());
      if (cause instanceof PolicyException e) {
        throw e;
      }
      throw new IllegalStateException(
          "could not start: "
              + (cause.getMessage() == null ? cause.toString() : cause.getMessage()),
          cause);
    }
    return exitCode.get();
  }

  /** Takes the hook away, unless the JVM is running it already. */
  private static boolean isShuttingDown(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /**
   * Quarkus cannot tell from an environment variable where in {@code quarkus.tls.*} the name of a
   * configuration ends, unless the property is known from elsewhere too.
   */
  private static void readCertificateVariables() {
    for (String property : CertificateFiles.PROPERTIES) {
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
