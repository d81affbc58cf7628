package dev.holdfast.cluster;

import dev.holdfast.certs.Lifetimes;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.spi.Converter;

/** Where the webhook's certificate comes from; see docs/reference/configuration.md. */
@ConfigMapping(prefix = "holdfast.certs")
public interface CertificateConfig {
  /** Who makes it. A configured key store counts as {@code provided}. */
  @WithDefault("selfManaged")
  CertificateMode mode();

  /** The Secret that it is read from; without one, a certificate for development is made. */
  Optional<String> secret();

  /** The Service that API servers call. */
  Optional<String> service();

  /** The cluster's DNS domain. */
  @WithDefault("cluster.local")
  String clusterDomain();

  /** How long serving certificates live. */
  @WithDefault("90d")
  @WithConverter(Lifetime.class)
  Duration leafLifetime();

  /** How long authorities live. */
  @WithDefault("5y")
  @WithConverter(Lifetime.class)
  Duration caLifetime();

  /** Of both kinds; their entries that call the Service are ours. */
  @WithDefault("holdfast")
  List<String> webhookConfigurations();

  /** Reads {@code 90d} and {@code 5y}. */
  final class Lifetime implements Converter<Duration> {
    private static final long serialVersionUID = 1L;

    @Override
    public Duration convert(String value) {
      return Lifetimes.parse(value);
    }
  }
}
