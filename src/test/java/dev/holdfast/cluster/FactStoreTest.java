package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FactStoreTest {
  private final Map<String, String> facts = new HashMap<>();
  private final FactStore<Namespace> store =
      new FactStore<>(
          (key, namespace) ->
              facts.put(key, namespace.getMetadata().getLabels().get("team").trim()),
          facts::remove);

  private void put(String team) {
    NamespaceBuilder shop = new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata();
    if (team != null) {
      shop.editMetadata().addToLabels("team", team).endMetadata();
    }
    store.put("shop", shop.build());
  }

  @Test
  void of_an_object_that_can_be_read_no_more_nothing_counts() {
    put("a");
    assertThat(facts).containsEntry("shop", "a");

    put(null);
    assertThat(facts).isEmpty();
    assertThat(store.keySet()).as("its end has to be noticed").containsExactly("shop");

    put("b");
    assertThat(facts).containsEntry("shop", "b");
    put(null);
    assertThat(facts).isEmpty();
  }

  @Test
  void of_an_object_nothing_is_kept_but_its_identity() {
    put("a");

    assertThat(store.get("shop").getMetadata().getName()).isEqualTo("shop");
    assertThat(store.get("shop").getMetadata().getLabels()).isNullOrEmpty();
  }
}
