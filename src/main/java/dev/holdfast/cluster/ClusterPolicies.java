package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.PolicySet;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * The HardeningPolicies of the cluster. The API server refuses bad ones; where one gets in all the
 * same (an older CRD, a direct write), the last good one of its name serves on. Thread-safe.
 */
public final class ClusterPolicies {
  private static final Logger LOG = Logger.getLogger(ClusterPolicies.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The custom resource. */
  public static final ResourceDefinitionContext RESOURCE =
      new ResourceDefinitionContext.Builder()
          .withGroup("holdfast.dev")
          .withVersion("v1alpha1")
          .withKind("HardeningPolicy")
          .withPlural("hardeningpolicies")
          .withNamespaced(false)
          .build();

  private final Map<String, Seen> seen = new ConcurrentHashMap<>();
  private volatile PolicySet known = PolicySet.of(List.of());

  /**
   * A policy as it came last.
   *
   * @param uid of the object; another is another object, whose generations begin anew
   * @param generation of the object
   * @param serving the last good one; null if there never was one
   * @param problem what is wrong with it as it is now; "" if nothing is
   * @param status as it stands in the object; missing if it has none
   */
  public record Seen(
      String uid, long generation, HardeningPolicy serving, String problem, JsonNode status) {}

  /** All of them, by name; a new set whenever one changes. */
  public PolicySet known() {
    return known;
  }

  /** Every policy by its name, bad ones included; a copy. */
  public Map<String, Seen> all() {
    return Map.copyOf(seen);
  }

  /** How many cannot be read as they are now. */
  public long invalid() {
    return seen.values().stream().filter(policy -> !policy.problem().isEmpty()).count();
  }

  synchronized void put(String name, GenericKubernetesResource resource) {
    long generation =
        resource.getMetadata().getGeneration() == null ? 0 : resource.getMetadata().getGeneration();
    JsonNode status = JSON.valueToTree(resource.getAdditionalProperties().get("status"));
    String uid = resource.getMetadata().getUid() == null ? "" : resource.getMetadata().getUid();
    Seen last = seen.get(name);
    // Deleted and made anew while nobody watched: nothing of the old one counts.
    Seen before = last != null && last.uid.equals(uid) ? last : null;
    if (before != null && generation > 0 && before.generation == generation) {
      seen.put(name, new Seen(uid, generation, before.serving, before.problem, status));
      return;
    }
    HardeningPolicy lastGood = before == null ? null : before.serving;
    try {
      HardeningPolicy policy =
          PolicyLoader.load("HardeningPolicy " + name, document(name, resource)).get(0);
      seen.put(name, new Seen(uid, generation, policy, "", status));
      LOG.infof("HardeningPolicy %s serves, generation %d", name, generation);
    } catch (PolicyException e) {
      seen.put(name, new Seen(uid, generation, lastGood, words(e), status));
      LOG.warnf(
          "HardeningPolicy %s, generation %d, is not used, %s: %s",
          name,
          generation,
          lastGood == null ? "and none of its name serves" : "the last good one serves",
          words(e));
    }
    publish();
  }

  synchronized void remove(String name) {
    if (seen.remove(name) != null) {
      LOG.infof("HardeningPolicy %s is gone", name);
      publish();
    }
  }

  private void publish() {
    List<HardeningPolicy> serving = new ArrayList<>();
    List<String> unusable = new ArrayList<>();
    new TreeMap<>(seen)
        .forEach(
            (name, policy) -> {
              if (policy.serving == null) {
                unusable.add(name);
              } else {
                serving.add(policy.serving);
              }
            });
    known = new PolicySet(serving, unusable);
  }

  /** Each problem with its field; line and column of what the API server sends mean nothing. */
  private static String words(PolicyException e) {
    StringBuilder words = new StringBuilder();
    for (PolicyException.Problem problem : e.problems()) {
      words.append(words.isEmpty() ? "" : "; ");
      words.append(problem.pointer().isEmpty() ? "" : problem.pointer() + ": ");
      words.append(problem.message());
    }
    return words.toString();
  }

  /** What a policy file would hold: without what only API servers write. */
  private static byte[] document(String name, GenericKubernetesResource resource) {
    ObjectNode document = JSON.createObjectNode();
    document.put("apiVersion", resource.getApiVersion());
    document.put("kind", resource.getKind());
    document.putObject("metadata").put("name", name);
    JsonNode spec = JSON.valueToTree(resource.getAdditionalProperties().get("spec"));
    if (!spec.isNull()) {
      document.set("spec", spec);
    }
    try {
      return JSON.writeValueAsBytes(document);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
