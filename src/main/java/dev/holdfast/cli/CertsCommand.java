package dev.holdfast.cli;

import dev.holdfast.certs.Bundle;
import dev.holdfast.certs.CertificateStore;
import dev.holdfast.certs.Inspection;
import dev.holdfast.certs.Lifetimes;
import dev.holdfast.certs.Problem;
import dev.holdfast.certs.Rotator;
import dev.holdfast.certs.Rotator.Progress;
import dev.holdfast.certs.ServingName;
import dev.holdfast.certs.ServingPair;
import dev.holdfast.certs.Validity;
import dev.holdfast.certs.WebhookConfigurations;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code holdfast certs}: the webhook's certificates. */
@Command(
    name = "certs",
    synopsisSubcommandLabel = "COMMAND",
    description = "Makes, replaces, shows and checks the webhook's certificates.",
    footer = {
      "",
      "Examples:",
      "  holdfast certs generate --service holdfast --namespace holdfast-system --dir certs",
      "  holdfast certs verify --service holdfast --namespace holdfast-system --dir certs",
      "",
      "Exit codes: 0 fine, 1 something is wrong with what was found, 2 bad usage."
    })
final class CertsCommand {
  private static final class LifetimeConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      try {
        return Lifetimes.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** What {@code generate} and {@code rotate} have in common. */
  abstract static class Writing implements Callable<Integer> {
    private final Terminal terminal;
    private final Clock clock;

    @Mixin private CertsOptions options;

    @Option(
        names = "--leaf-lifetime",
        paramLabel = "LIFE",
        defaultValue = "90d",
        converter = LifetimeConverter.class,
        description = "Of serving certificates; replaced after two thirds (default: 90d).")
    private Duration leafLifetime;

    @Option(
        names = "--ca-lifetime",
        paramLabel = "LIFE",
        defaultValue = "5y",
        converter = LifetimeConverter.class,
        description = "Of authorities; replaced after two thirds (default: 5y).")
    private Duration authorityLifetime;

    @Option(
        names = "--wait",
        paramLabel = "TIME",
        defaultValue = "5m",
        converter = LifetimeConverter.class,
        description = {
          "How long to wait when an authority is replaced (default: 5m).",
          "What is left then is done by the next call."
        })
    private Duration wait;

    Writing(Terminal terminal, Clock clock) {
      this.terminal = terminal;
      this.clock = clock;
    }

    abstract Progress begin(Rotator rotator);

    @Override
    public Integer call() throws InputException, InterruptedException {
      ServingName name = options.name();
      options.check();
      Lifetimes lifetimes = new Lifetimes(leafLifetime, authorityLifetime);
      try (CertsOptions.Opened opened = options.open()) {
        List<String> done = new ArrayList<>();
        Rotator.Observer observer =
            (what, why) -> {
              done.add(what.text());
              terminal.out().println(what.text() + ": " + why);
              terminal.out().flush();
            };
        Optional<WebhookConfigurations> configurations =
            opened.cluster().map(cluster -> options.configurations(cluster, name, terminal));
        Rotator rotator =
            opened
                .cluster()
                .map(
                    cluster ->
                        Rotator.ofCluster(
                            opened.store(),
                            configurations.orElseThrow(),
                            cluster.replicas(name),
                            name,
                            lifetimes,
                            clock,
                            () -> true,
                            observer))
                .orElseGet(() -> Rotator.ofFiles(opened.store(), name, lifetimes, clock, observer));
        Progress progress = begin(rotator);
        Instant deadline = clock.instant().plus(wait);
        while (!progress.finished()
            && opened.cluster().isPresent()
            && progress.until().isBefore(deadline)) {
          Thread.sleep(Math.max(1, clock.instant().until(progress.until(), ChronoUnit.MILLIS)));
          progress = rotator.run();
        }
        configurations
            .flatMap(WebhookConfigurations::missing)
            .ifPresent(problem -> terminal.err().println(Style.plain(problem.text())));
        if (!progress.finished() && opened.cluster().isEmpty()) {
          terminal.out().println("not finished before " + progress.until() + ": " + progress.why());
        } else if (!progress.finished()) {
          terminal.out().println("not finished, to be called again: " + progress.why());
        } else if (done.isEmpty()) {
          terminal.out().println("nothing is due before " + progress.until());
        }
        return ExitCode.FINE;
      } catch (CertificateStore.UnavailableException e) {
        throw new InputException(Style.plain(e.getMessage()));
      }
    }
  }

  /** {@code holdfast certs generate}. */
  @Command(
      name = "generate",
      description = {
        "Makes what is missing, unusable or due of an authority and a serving certificate.",
        "Leaves what is good: it can be called again and again, also several at once."
      },
      footer = {
        "",
        "Examples:",
        "  holdfast certs generate --service holdfast --namespace holdfast-system --dir certs",
        "  holdfast certs generate --service holdfast --namespace holdfast-system \\",
        "    --secret holdfast-tls --inject holdfast",
        "",
        "Exit codes: 0 fine, 2 bad usage, or the place cannot be read or written."
      })
  static final class Generate extends Writing {
    Generate(Terminal terminal, Clock clock) {
      super(terminal, clock);
    }

    @Override
    Progress begin(Rotator rotator) {
      return rotator.run();
    }
  }

  /** {@code holdfast certs rotate}. */
  @Command(
      name = "rotate",
      description = {
        "Replaces the serving certificate, and with --ca the authority.",
        "A new authority is trusted beside the old one until nothing of the old one is served.",
        "In a directory, it signs when the serving certificate is due or rotate is called again:",
        "carry ca.crt to all clients before."
      },
      footer = {
        "",
        "Examples:",
        "  holdfast certs rotate --service holdfast --namespace holdfast-system --dir certs",
        "  holdfast certs rotate --if-due --service holdfast --namespace holdfast-system \\",
        "    --secret holdfast-tls --inject holdfast",
        "",
        "Exit codes: 0 fine, 2 bad usage, or the place cannot be read or written."
      })
  static final class Rotate extends Writing {
    @Option(names = "--ca", description = "Replace the authority too.")
    private boolean authority;

    @Option(names = "--if-due", description = "Only what is due, as generate does.")
    private boolean ifDue;

    Rotate(Terminal terminal, Clock clock) {
      super(terminal, clock);
    }

    @Override
    Progress begin(Rotator rotator) {
      if (ifDue) {
        return rotator.run();
      }
      return authority ? rotator.replaceAuthority() : rotator.replaceLeaf();
    }
  }

  /** {@code holdfast certs show}. */
  @Command(
      name = "show",
      description = "Shows what is there: names, times, authorities. Never a private key.",
      footer = {
        "",
        "Examples:",
        "  holdfast certs show --service holdfast --namespace holdfast-system --dir certs",
        "",
        "Exit codes: 0 fine, 1 there is nothing that could be served, 2 bad usage."
      })
  static final class Show implements Callable<Integer> {
    private final Terminal terminal;
    private final Clock clock;

    @Mixin private CertsOptions options;

    Show(Terminal terminal, Clock clock) {
      this.terminal = terminal;
      this.clock = clock;
    }

    @Override
    public Integer call() throws InputException {
      ServingName name = options.name();
      options.check();
      try (CertsOptions.Opened opened = options.open()) {
        Inspection found =
            Inspection.of(opened.store().readServing(), Optional.of(name), true, clock.instant());
        found.pair().ifPresent(this::print);
        found.bundle().ifPresent(this::print);
        found.problems().forEach(problem -> line("problem: " + problem));
        return found.isServable() ? ExitCode.FINE : ExitCode.FINDINGS;
      } catch (CertificateStore.UnavailableException e) {
        throw new InputException(Style.plain(e.getMessage()));
      }
    }

    private void print(ServingPair pair) {
      X509Certificate leaf = pair.leaf();
      line("tls.crt");
      line("  names:   " + String.join(", ", ServingPair.dnsNames(leaf)));
      line("  issuer:  " + leaf.getIssuerX500Principal());
      line("  key:     " + leaf.getPublicKey().getAlgorithm());
      times(leaf);
    }

    private void print(Bundle bundle) {
      line("ca.crt");
      for (X509Certificate authority : bundle.authorities()) {
        line("  subject: " + authority.getSubjectX500Principal());
        times(authority);
      }
    }

    private void times(X509Certificate certificate) {
      line("  valid:   " + Validity.of(certificate));
    }

    private void line(String text) {
      terminal.out().println(Style.plain(text));
    }
  }

  /** {@code holdfast certs verify}. */
  @Command(
      name = "verify",
      description = {
        "Checks that what is there can be served, and that clients accept it.",
        "Looks at times, names, keys and chain; in a cluster also at caBundle."
      },
      footer = {
        "",
        "Examples:",
        "  holdfast certs verify --service holdfast --namespace holdfast-system --dir certs",
        "",
        "Exit codes: 0 fine, 1 something is wrong, 2 bad usage."
      })
  static final class Verify implements Callable<Integer> {
    private final Terminal terminal;
    private final Clock clock;

    @Mixin private CertsOptions options;

    Verify(Terminal terminal, Clock clock) {
      this.terminal = terminal;
      this.clock = clock;
    }

    @Override
    public Integer call() throws InputException {
      ServingName name = options.name();
      options.check();
      try (CertsOptions.Opened opened = options.open()) {
        Instant now = clock.instant();
        Inspection found =
            Inspection.of(opened.store().readServing(), Optional.of(name), true, now);
        List<Problem> problems = new ArrayList<>(found.problems());
        if (opened.cluster().isEmpty() && found.bundle().isPresent()) {
          byte[] key = opened.store().read().authority().get(CertificateStore.CA_KEY);
          if (key != null) {
            problems.addAll(Inspection.ofAuthorityKey(key, found.bundle().get()));
          }
        }
        if (opened.cluster().isPresent() && found.pair().isPresent()) {
          problems.addAll(
              options
                  .configurations(opened.cluster().get(), name, terminal)
                  .problems(found.pair().get(), now));
        }
        for (Problem problem : problems) {
          terminal.out().println(Style.plain(problem.text()));
        }
        if (problems.isEmpty()) {
          terminal
              .out()
              .println(
                  "fine: for "
                      + name.calledBy()
                      + ", valid until "
                      + found.pair().orElseThrow().expiry());
        }
        return problems.isEmpty() ? ExitCode.FINE : ExitCode.FINDINGS;
      } catch (CertificateStore.UnavailableException e) {
        throw new InputException(Style.plain(e.getMessage()));
      }
    }
  }
}
