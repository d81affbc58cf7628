package dev.holdfast.cli;

import dev.holdfast.certs.CertificateStore;
import dev.holdfast.certs.ClusterAccess;
import dev.holdfast.certs.Folder;
import dev.holdfast.certs.ServingName;
import dev.holdfast.certs.WebhookConfigurations;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Whose certificates, and where they are kept. */
final class CertsOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--service",
      required = true,
      paramLabel = "NAME",
      description = "The Service that they are for.")
  private String service;

  @Option(
      names = "--namespace",
      required = true,
      paramLabel = "NS",
      description = "Its namespace, which is the Secret's too.")
  private String namespace;

  @Option(
      names = "--cluster-domain",
      paramLabel = "DOMAIN",
      defaultValue = ServingName.DEFAULT_CLUSTER_DOMAIN,
      description = "The cluster's DNS domain (default: ${DEFAULT-VALUE}).")
  private String clusterDomain;

  @ArgGroup(multiplicity = "1")
  private Place place;

  @Option(
      names = "--inject",
      paramLabel = "NAME",
      split = ",",
      description = {
        "Webhook configurations, of both kinds; only with --secret.",
        "Their entries that call the Service get ca.crt as caBundle.",
        "Default: all that have such an entry; they are listed for it."
      })
  private List<String> inject = new ArrayList<>();

  /** One of the two. */
  private static final class Place {
    @Option(
        names = "--dir",
        paramLabel = "DIR",
        description = "Files ca.crt, tls.crt, tls.key, and ca.key with the authority's key.")
    private Path folder;

    @Option(
        names = "--secret",
        paramLabel = "NAME",
        description = "A Secret with these keys, and NAME-ca with the authority's key.")
    private String secret;
  }

  /** A cluster, if one is needed, for as long as a command runs. */
  record Opened(CertificateStore store, Optional<ClusterAccess> cluster) implements AutoCloseable {
    @Override
    public void close() {
      cluster.ifPresent(ClusterAccess::close);
    }
  }

  ServingName name() {
    try {
      return new ServingName(service, namespace, clusterDomain);
    } catch (IllegalArgumentException e) {
      throw misuse(e.getMessage());
    }
  }

  /** Refuses what goes not together. */
  void check() {
    if (!inject.isEmpty() && place.folder != null) {
      throw misuse("--inject needs --secret");
    }
  }

  /**
   * The webhook configurations whose entries are ours: those that are named, else all that call the
   * Service; none if they may not be listed, which is told.
   */
  WebhookConfigurations configurations(ClusterAccess cluster, ServingName name, Terminal terminal) {
    List<String> names = inject;
    if (names.isEmpty()) {
      try {
        names = cluster.configurationsCalling(name);
      } catch (CertificateStore.UnavailableException e) {
        terminal.err().println(Style.plain(e.getMessage()) + "; their caBundle is left as it is");
      }
    }
    return cluster.configurations(names, name);
  }

  Opened open() {
    if (place.folder != null) {
      return new Opened(new Folder(place.folder), Optional.empty());
    }
    if (place.secret.isBlank()) {
      throw misuse("--secret: expected a name");
    }
    ClusterAccess cluster = new ClusterAccess();
    return new Opened(cluster.secrets(namespace, place.secret), Optional.of(cluster));
  }

  ParameterException misuse(String message) {
    return new ParameterException(command.commandLine(), message);
  }
}
