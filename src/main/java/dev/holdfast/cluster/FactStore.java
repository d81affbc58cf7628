package dev.holdfast.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * What an informer keeps of a kind: hardly anything. The facts that count are taken from an object
 * when it comes, and of the object itself only what the informer needs is left. Facts are in place
 * before the informer calls itself synced.
 *
 * @param <T> the kind
 */
final class FactStore<T extends HasMetadata> implements ItemStore<T> {
  private static final Logger LOG = Logger.getLogger(FactStore.class);

  private final Map<String, T> items = new ConcurrentHashMap<>();
  private final Set<String> unreadable = ConcurrentHashMap.newKeySet();
  private final BiConsumer<String, T> changed;
  private final Consumer<String> removed;

  /**
   * @param changed is given an object and its key, {@code namespace/name} or {@code name}; may
   *     empty the object
   * @param removed is given the key of an object that is gone
   */
  FactStore(BiConsumer<String, T> changed, Consumer<String> removed) {
    this.changed = changed;
    this.removed = removed;
  }

  @Override
  public String getKey(T object) {
    return Cache.metaNamespaceKeyFunc(object);
  }

  @Override
  public T put(String key, T object) {
    try {
      changed.accept(key, object);
      unreadable.remove(key);
    } catch (RuntimeException e) {
      // Thrown on, it would keep the whole kind from being known. What it was before counts no
      // more either; the key stays, as its end counts.
      if (unreadable.add(key)) {
        LOG.warnf(e, "%s %s cannot be read, and is left out", object.getKind(), key);
        removed.accept(key);
      }
    }
    object.setMetadata(identity(object.getMetadata()));
    return items.put(key, object);
  }

  /** What the informer asks an object for; thousands of empty collections would take megabytes. */
  private static ObjectMeta identity(ObjectMeta metadata) {
    ObjectMeta identity = new ObjectMeta();
    identity.setName(metadata.getName());
    identity.setNamespace(metadata.getNamespace());
    identity.setUid(metadata.getUid());
    identity.setResourceVersion(metadata.getResourceVersion());
    identity.setAnnotations(null);
    identity.setLabels(null);
    identity.setFinalizers(null);
    identity.setOwnerReferences(null);
    identity.setManagedFields(null);
    identity.setAdditionalProperties(null);
    return identity;
  }

  @Override
  public T remove(String key) {
    unreadable.remove(key);
    removed.accept(key);
    return items.remove(key);
  }

  @Override
  public Stream<String> keySet() {
    return items.keySet().stream();
  }

  @Override
  public Stream<T> values() {
    return items.values().stream();
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public T get(String key) {
    return items.get(key);
  }
}
