package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One RFC 6902 {@code add} or {@code replace} on a document.
 *
 * @param replace whether the target exists and is replaced; else it is added
 * @param pointer JSON pointer to the member or array element; every parent exists
 * @param value the new value
 */
public record YamlEdit(boolean replace, String pointer, JsonNode value) {}
