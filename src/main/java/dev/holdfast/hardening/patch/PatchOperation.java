package dev.holdfast.hardening.patch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.Edit;

/**
 * One RFC 6902 operation of the patch that is sent.
 *
 * @param path where it applies, every parent of which exists at that moment
 * @param value the value; where parents were missing, it holds them too
 */
public record PatchOperation(Edit.Op op, String path, JsonNode value) {}
