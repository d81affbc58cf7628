package dev.holdfast.admission;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;

/**
 * The {@code request} of an AdmissionReview of {@code admission.k8s.io/v1}.
 *
 * @param uid short, printable ASCII
 * @param node the request as a tree
 * @param start {@link System#nanoTime()} before it was parsed
 */
record AdmissionRequest(String uid, JsonNode node, long start) {
  /**
   * The largest request that is read. etcd holds objects of up to 1.5 MiB by default; a review
   * holds an object at most twice, and JSON is larger than what etcd stores.
   */
  static final int MAX_REVIEW_BYTES = 8 * 1024 * 1024;

  /** Deeper than any Kubernetes object; Go's decoder, and so the API server, stops at 10,000. */
  private static final int MAX_NESTING = 500;

  /** Longer than any identifier of Kubernetes. */
  private static final int MAX_UID_CHARACTERS = 253;

  static final String API_VERSION = "admission.k8s.io/v1";

  private static final ObjectReader TREE =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_NESTING)
                          .maxStringLength(MAX_REVIEW_BYTES)
                          .build())
                  .build())
          .readerFor(JsonNode.class)
          .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** A request that cannot be answered with a review. */
  static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;

    private Refusal(int status, String text) {
      // Part of the protocol, not a defect: the stack says nothing and costs much.
      super(text, null, false, false);
      this.status = status;
    }

    Answer answer() {
      return Answer.refusal(status, getMessage());
    }
  }

  /**
   * Reads one.
   *
   * @param contentType the header's value, null if there is none
   * @throws Refusal with 400, 413 or 415
   */
  static AdmissionRequest read(String contentType, byte[] body) throws Refusal {
    if (!isJson(contentType)) {
      throw new Refusal(415, "expected Content-Type: application/json");
    }
    if (body.length > MAX_REVIEW_BYTES) {
      throw new Refusal(413, "a review is at most 8 MiB");
    }
    long start = System.nanoTime();
    JsonNode review;
    try {
      review = TREE.readTree(body);
    } catch (JsonProcessingException e) {
      throw new Refusal(400, "not JSON: " + firstLine(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new Refusal(400, "not JSON");
    }
    if (!text(review, "apiVersion").equals(API_VERSION)) {
      throw new Refusal(400, "expected apiVersion: " + API_VERSION);
    }
    JsonNode request = review.path("request");
    if (!request.isObject()) {
      throw new Refusal(400, "the review has no request");
    }
    JsonNode uid = request.path("uid");
    if (!uid.isTextual() || !isUid(uid.textValue())) {
      throw new Refusal(400, "the request has no uid");
    }
    return new AdmissionRequest(uid.textValue(), request, start);
  }

  String namespace() {
    return text(node, "namespace");
  }

  String operation() {
    return text(node, "operation");
  }

  String subResource() {
    return text(node, "subResource");
  }

  boolean isKind(String group, String version, String kind) {
    JsonNode of = node.path("kind");
    return text(of, "kind").equals(kind)
        && text(of, "version").equals(version)
        && text(of, "group").equals(group);
  }

  JsonNode object() {
    return node.path("object");
  }

  JsonNode oldObject() {
    return node.path("oldObject");
  }

  private static boolean isJson(String contentType) {
    if (contentType == null) {
      return false;
    }
    int semicolon = contentType.indexOf(';');
    String type = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
    return type.trim().equalsIgnoreCase("application/json");
  }

  /** The API server's are UUIDs; what we log and send back is at least short and plain. */
  private static boolean isUid(String uid) {
    if (uid.isEmpty() || uid.length() > MAX_UID_CHARACTERS) {
      return false;
    }
    for (int i = 0; i < uid.length(); i++) {
      if (uid.charAt(i) <= ' ' || uid.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }

  /** A field as text; "" where it is absent or null, which are the same to Kubernetes. */
  private static String text(JsonNode object, String field) {
    return object.path(field).asText("");
  }

  private static String firstLine(String text) {
    int end = text.indexOf('\n');
    String line = end < 0 ? text : text.substring(0, end);
    return line.length() <= 200 ? line : line.substring(0, 200) + "...";
  }
}
