package dev.holdfast.disruption;

import dev.holdfast.disruption.budget.Neighbourhood;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** What is known of all namespaces. Thread-safe: each is only touched by one thread at a time. */
final class Neighbourhoods {
  private final Map<String, Neighbourhood> byName = new ConcurrentHashMap<>();

  /** Asks one namespace, or changes it. */
  <T> T with(String namespace, Function<Neighbourhood, T> work) {
    Neighbourhood neighbourhood = byName.computeIfAbsent(namespace, Neighbourhood::new);
    synchronized (neighbourhood) {
      return work.apply(neighbourhood);
    }
  }

  /** Asks all, one after the other. */
  void forEach(Consumer<Neighbourhood> work) {
    for (Neighbourhood neighbourhood : byName.values()) {
      synchronized (neighbourhood) {
        work.accept(neighbourhood);
      }
    }
  }

  /** The names of all that something is known of; a copy. */
  Set<String> names() {
    return Set.copyOf(byName.keySet());
  }

  /** The namespace is gone, with all that was in it. */
  void forget(String namespace) {
    byName.remove(namespace);
  }
}
