package dev.holdfast.certs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.WebhookClientConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Our entries of the webhook configurations: those that call our Service. Writes their {@code
 * caBundle}, and nothing else of them or of others.
 */
public final class WebhookConfigurations {
  /** Unprocessable: the patch's test did not hold, as somebody else has written in between. */
  private static final int HTTP_UNPROCESSABLE = 422;

  private static final String MUTATING = "MutatingWebhookConfiguration";
  private static final String VALIDATING = "ValidatingWebhookConfiguration";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final KubernetesClient client;
  private final List<String> names;
  private final ServingName service;

  /**
   * @param client closed by the caller
   * @param names of MutatingWebhookConfigurations and ValidatingWebhookConfigurations; those that
   *     do not exist are passed over
   */
  public WebhookConfigurations(KubernetesClient client, List<String> names, ServingName service) {
    this.client = client;
    this.names = List.copyOf(names);
    this.service = service;
  }

  /**
   * The names of those, of either kind, with an entry that calls the Service.
   *
   * @throws CertificateStore.UnavailableException if they cannot be listed
   */
  static List<String> namesCalling(KubernetesClient client, ServingName service) {
    WebhookConfigurations any = new WebhookConfigurations(client, List.of(), service);
    var registration = client.admissionRegistration().v1();
    try {
      return Stream.concat(
              registration.mutatingWebhookConfigurations().list().getItems().stream()
                  .map(any::read),
              registration.validatingWebhookConfigurations().list().getItems().stream()
                  .map(any::read))
          .filter(configuration -> configuration.webhooks().stream().anyMatch(any::isOurs))
          .map(Configuration::name)
          .distinct()
          .sorted()
          .toList();
    } catch (KubernetesClientException e) {
      throw new CertificateStore.UnavailableException(
          "webhook configurations cannot be listed: " + ClientFailures.words(e), e);
    }
  }

  /** Of one webhook of ours: what it trusts. */
  record Entry(String configuration, String webhook, Bundle bundle) {}

  /** A configuration's webhook, of either kind. */
  private record Webhook(String name, WebhookClientConfig clientConfig) {}

  /** A configuration of either kind. */
  private record Configuration(
      Resource<? extends HasMetadata> resource,
      String kind,
      String name,
      String version,
      List<Webhook> webhooks) {
    String description() {
      return kind + " " + name;
    }
  }

  /**
   * Our entries.
   *
   * @throws CertificateStore.UnavailableException if they cannot be read
   */
  List<Entry> entries() {
    return configurations().stream()
        .flatMap(reader -> reader.get().stream())
        .flatMap(
            configuration ->
                configuration.webhooks().stream()
                    .filter(this::isOurs)
                    .map(webhook -> entry(configuration, webhook)))
        .toList();
  }

  private static Entry entry(Configuration configuration, Webhook webhook) {
    return new Entry(
        configuration.description(),
        webhook.name(),
        Bundle.orEmpty(decode(webhook.clientConfig().getCaBundle())));
  }

  /**
   * Says so if none of those that are named has an entry that calls the Service.
   *
   * @throws CertificateStore.UnavailableException if they cannot be read
   */
  public Optional<Problem> missing() {
    return missing(entries());
  }

  private Optional<Problem> missing(List<Entry> entries) {
    return names.isEmpty() || !entries.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Problem(
                Problem.Kind.MISSING,
                "no webhook of "
                    + String.join(", ", names)
                    + " calls the Service "
                    + service.namespace()
                    + "/"
                    + service.service()));
  }

  /**
   * Why API servers would not accept what is served.
   *
   * @throws CertificateStore.UnavailableException if they cannot be read
   */
  public List<Problem> problems(ServingPair pair, Instant now) {
    List<Entry> entries = entries();
    if (entries.isEmpty()) {
      return missing(entries).stream().toList();
    }
    return entries.stream()
        .filter(entry -> !entry.bundle().verifies(pair.chain(), now))
        .map(
            entry ->
                new Problem(
                    Problem.Kind.UNTRUSTED,
                    entry.configuration()
                        + ", webhook "
                        + entry.webhook()
                        + ": its caBundle does not trust tls.crt"))
        .toList();
  }

  /**
   * Makes our entries trust these authorities and no others.
   *
   * @throws CertificateStore.ConflictException if somebody else has written in between
   * @throws CertificateStore.UnavailableException if they cannot be written
   */
  void inject(Bundle bundle) throws CertificateStore.ConflictException {
    for (Supplier<Optional<Configuration>> reader : configurations()) {
      Optional<Configuration> found = reader.get();
      if (found.isPresent()) {
        inject(found.get(), bundle);
      }
    }
  }

  /**
   * Makes our entries of one configuration trust these authorities and no others.
   *
   * @param seen a configuration of either kind, as it was a moment ago
   * @throws CertificateStore.ConflictException if somebody else has written in between
   * @throws CertificateStore.UnavailableException if it cannot be written
   */
  void inject(HasMetadata seen, Bundle bundle) throws CertificateStore.ConflictException {
    if (seen instanceof MutatingWebhookConfiguration found) {
      inject(read(found), bundle);
    } else if (seen instanceof ValidatingWebhookConfiguration found) {
      inject(read(found), bundle);
    }
  }

  private void inject(Configuration configuration, Bundle bundle)
      throws CertificateStore.ConflictException {
    ArrayNode patch = JSON.createArrayNode();
    // Positions are those of the object as it was read.
    patch
        .addObject()
        .put("op", "test")
        .put("path", "/metadata/resourceVersion")
        .put("value", configuration.version());
    for (int i = 0; i < configuration.webhooks().size(); i++) {
      Webhook webhook = configuration.webhooks().get(i);
      if (isOurs(webhook) && !entry(configuration, webhook).bundle().equals(bundle)) {
        patch
            .addObject()
            .put("op", "add")
            .put("path", "/webhooks/" + i + "/clientConfig/caBundle")
            .put("value", Base64.getEncoder().encodeToString(bundle.pem()));
      }
    }
    if (patch.size() > 1) {
      patch(configuration, patch);
    }
  }

  private static void patch(Configuration configuration, ArrayNode patch)
      throws CertificateStore.ConflictException {
    try {
      configuration.resource().patch(PatchContext.of(PatchType.JSON), patch.toString());
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT
          || e.getCode() == HttpURLConnection.HTTP_NOT_FOUND
          || e.getCode() == HTTP_UNPROCESSABLE) {
        throw new CertificateStore.ConflictException(
            configuration.description() + " has been changed");
      }
      throw new CertificateStore.UnavailableException(
          configuration.description() + " cannot be written: " + ClientFailures.words(e), e);
    }
  }

  private boolean isOurs(Webhook webhook) {
    return Optional.ofNullable(webhook.clientConfig())
        .map(WebhookClientConfig::getService)
        .filter(called -> service.service().equals(called.getName()))
        .filter(called -> service.namespace().equals(called.getNamespace()))
        .isPresent();
  }

  /** For each configuration, what reads it: one is written before the next is read. */
  private List<Supplier<Optional<Configuration>>> configurations() {
    List<Supplier<Optional<Configuration>>> configurations = new ArrayList<>();
    for (String name : names) {
      configurations.add(() -> mutating(name));
      configurations.add(() -> validating(name));
    }
    return configurations;
  }

  private Optional<Configuration> mutating(String name) {
    return get(MUTATING + " " + name, mutatingResource(name)).map(this::read);
  }

  private Optional<Configuration> validating(String name) {
    return get(VALIDATING + " " + name, validatingResource(name)).map(this::read);
  }

  private Resource<MutatingWebhookConfiguration> mutatingResource(String name) {
    return client.admissionRegistration().v1().mutatingWebhookConfigurations().withName(name);
  }

  private Resource<ValidatingWebhookConfiguration> validatingResource(String name) {
    return client.admissionRegistration().v1().validatingWebhookConfigurations().withName(name);
  }

  private Configuration read(MutatingWebhookConfiguration found) {
    ObjectMeta metadata = found.getMetadata();
    return new Configuration(
        mutatingResource(metadata.getName()),
        MUTATING,
        metadata.getName(),
        metadata.getResourceVersion(),
        found.getWebhooks().stream()
            .map(hook -> new Webhook(hook.getName(), hook.getClientConfig()))
            .toList());
  }

  private Configuration read(ValidatingWebhookConfiguration found) {
    ObjectMeta metadata = found.getMetadata();
    return new Configuration(
        validatingResource(metadata.getName()),
        VALIDATING,
        metadata.getName(),
        metadata.getResourceVersion(),
        found.getWebhooks().stream()
            .map(hook -> new Webhook(hook.getName(), hook.getClientConfig()))
            .toList());
  }

  private static <T> Optional<T> get(String description, Resource<T> resource) {
    try {
      return Optional.ofNullable(resource.get());
    } catch (KubernetesClientException e) {
      throw new CertificateStore.UnavailableException(
          description + " cannot be read: " + ClientFailures.words(e), e);
    }
  }

  private static byte[] decode(String bundle) {
    try {
      return bundle == null ? new byte[0] : Base64.getDecoder().decode(bundle);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }
}
