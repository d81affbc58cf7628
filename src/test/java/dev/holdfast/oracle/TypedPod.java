package dev.holdfast.oracle;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.util.Optional;

/**
 * Reads a pod strictly into Fabric8's model: a field that Kubernetes does not have, or a value of
 * another type, is an error. Knows neither required fields nor ranges; {@link PodValidation} does.
 */
public final class TypedPod {
  private static final ObjectReader READER = reader();

  private TypedPod() {}

  /** What is wrong with the pod, with its place; empty if nothing is. */
  public static Optional<String> error(JsonNode pod) {
    return error(pod, Pod.class);
  }

  static Optional<String> error(JsonNode object, Class<?> type) {
    try {
      READER.forType(type).readValue(object);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static ObjectReader reader() {
    return JsonMapper.builder()
        .annotationIntrospector(new NoAnySetters())
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        // Else a number is taken for a model with a constructor of one number.
        .disable(MapperFeature.AUTO_DETECT_CREATORS)
        .build()
        .reader();
  }

  /** Fabric8's models swallow unknown fields by any-setters: without those, they are errors. */
  private static final class NoAnySetters extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    @Override
    public Boolean hasAnySetter(Annotated member) {
      return false;
    }
  }
}
