package dev.holdfast.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes records of trees that the schema let through: members are named as the components, enums by
 * their words without the underscores ({@code LookUp}). By hand, as Jackson's mapper takes longer
 * to start than a command has to answer.
 */
final class RecordReader {
  private RecordReader() {}

  /**
   * Makes a value.
   *
   * @throws IllegalStateException if the tree is not what the type says: schema and records
   *     disagree then, which is a defect and no bad input
   */
  static <V> V read(JsonNode node, Class<V> type) {
    return type.cast(value(node, type));
  }

  private static Object value(JsonNode node, Type type) {
    if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
      List<Object> values = new ArrayList<>(node.size());
      node.forEach(element -> values.add(value(element, list.getActualTypeArguments()[0])));
      return values;
    }
    Class<?> simple = (Class<?>) type;
    if (simple == int.class) {
      return node.intValue();
    }
    if (simple == boolean.class) {
      return node.booleanValue();
    }
    if (simple == String.class) {
      return node.asText("");
    }
    return simple.isEnum() ? constant(node.textValue(), simple) : record(node, simple);
  }

  private static Object constant(String word, Class<?> type) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().replace("_", "").equalsIgnoreCase(word)) {
        return constant;
      }
    }
    throw new IllegalStateException(type.getSimpleName() + " has no " + word);
  }

  private static Object record(JsonNode node, Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(node.path(components[i].getName()), components[i].getGenericType());
    }
    try {
      Constructor<?> constructor =
          type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
