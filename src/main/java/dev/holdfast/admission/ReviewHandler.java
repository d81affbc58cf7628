package dev.holdfast.admission;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.policy.RuleName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Answers AdmissionReviews of {@code admission.k8s.io/v1}: bytes in, bytes out, no I/O, so that it
 * may run on an event loop. Every review is allowed; the answer to a pod's creation holds the patch
 * that hardens it. Thread-safe.
 */
final class ReviewHandler {
  /**
   * The largest request that is read. etcd holds objects of up to 1.5 MiB by default; a review
   * holds an object at most twice, and JSON is larger than what etcd stores.
   */
  static final int MAX_REVIEW_BYTES = 8 * 1024 * 1024;

  /** Deeper than any Kubernetes object; Go's decoder, and so the API server, stops at 10,000. */
  private static final int MAX_NESTING = 500;

  /** Longer than any identifier of Kubernetes. */
  private static final int MAX_UID_CHARACTERS = 253;

  /** What most answers fit into. */
  private static final int ANSWER_BYTES = 4096;

  private static final String API_VERSION = "admission.k8s.io/v1";
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxStringLength(MAX_REVIEW_BYTES)
                  .build())
          .build();
  private static final ObjectMapper JSON = new ObjectMapper(FACTORY);
  private static final ObjectReader TREE =
      JSON.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final Engine engine;
  private final Function<String, ClusterFacts> facts;
  private final ReviewObserver observer;

  /** Decides about a pod; as {@link dev.holdfast.hardening.Hardener} does. */
  @FunctionalInterface
  interface Engine {
    Outcome harden(ObjectNode pod, String namespace, ClusterFacts facts);
  }

  /**
   * @param facts what is known of a namespace, by its name; must not block
   * @param observer is told of each review
   */
  ReviewHandler(Engine engine, Function<String, ClusterFacts> facts, ReviewObserver observer) {
    this.engine = engine;
    this.facts = facts;
    this.observer = observer;
  }

  /**
   * Answers one request. Never throws.
   *
   * @param contentType the header's value, null if there is none
   * @param body at most {@link #MAX_REVIEW_BYTES}
   */
  Answer review(String contentType, byte[] body) {
    if (!isJson(contentType)) {
      return refuse(415, "expected Content-Type: application/json");
    }
    if (body.length > MAX_REVIEW_BYTES) {
      return refuse(413, "a review is at most 8 MiB");
    }
    long start = System.nanoTime();
    JsonNode review;
    try {
      review = TREE.readTree(body);
    } catch (JsonProcessingException e) {
      return refuse(400, "not JSON: " + firstLine(e.getOriginalMessage()));
    } catch (IOException e) {
      return refuse(400, "not JSON");
    }
    if (!text(review, "apiVersion").equals(API_VERSION)) {
      return refuse(400, "expected apiVersion: " + API_VERSION);
    }
    JsonNode request = review.path("request");
    if (!request.isObject()) {
      return refuse(400, "the review has no request");
    }
    JsonNode uid = request.path("uid");
    if (!uid.isTextual() || !isUid(uid.textValue())) {
      return refuse(400, "the request has no uid");
    }
    return decide(uid.textValue(), request, start);
  }

  private Answer decide(String uid, JsonNode request, long start) {
    String namespace = text(request, "namespace");
    try {
      if (!isCreationOfPod(request)) {
        observer.passedOver();
        return Answer.review(allowed(uid, List.of()));
      }
      if (!(request.get("object") instanceof ObjectNode pod)) {
        observer.passedOver();
        return Answer.review(
            allowed(uid, List.of(Warnings.of("the pod is left alone: object is not an object"))));
      }
      Outcome outcome = engine.harden(pod, namespace, facts.apply(namespace));
      byte[] answer = answer(uid, outcome);
      observer.reviewed(uid, namespace, outcome, System.nanoTime() - start);
      return Answer.review(answer);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Whatever is wrong with us, the pod must start.
      observer.failed(uid, namespace, e);
      return Answer.review(
          allowed(uid, List.of(Warnings.of("failed, and left the pod alone; see Holdfast's log"))));
    }
  }

  private Answer refuse(int status, String text) {
    observer.refused();
    return Answer.refusal(status, text);
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

  private static boolean isCreationOfPod(JsonNode request) {
    JsonNode kind = request.path("kind");
    return text(request, "operation").equals("CREATE")
        && text(request, "subResource").isEmpty()
        && text(kind, "kind").equals("Pod")
        && text(kind, "version").equals("v1")
        && text(kind, "group").isEmpty();
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

  private static byte[] allowed(String uid, List<String> warnings) {
    ByteArrayBuilder bytes = new ByteArrayBuilder();
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      writeStart(json, uid);
      writeWarnings(json, warnings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] answer(String uid, Outcome outcome) {
    try {
      // Before the other generator: one at a time, as they share a thread's recycled buffers.
      return answer(uid, outcome, patch(outcome.patch()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] answer(String uid, Outcome outcome, byte[] patch) throws IOException {
    ByteArrayBuilder bytes = new ByteArrayBuilder(ANSWER_BYTES);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      writeStart(json, uid);
      if (!outcome.patch().isEmpty()) {
        json.writeStringField("patchType", "JSONPatch");
        json.writeFieldName("patch");
        // The JDK's encoder runs on vector instructions, and base64 needs no escapes.
        byte[] encoded = Base64.getEncoder().encode(patch);
        json.writeRawUTF8String(encoded, 0, encoded.length);
      }
      writeWarnings(json, Warnings.of(outcome));
      json.writeObjectFieldStart("auditAnnotations");
      json.writeStringField("mode", outcome.mode().word().toLowerCase(Locale.ROOT));
      json.writeStringField("policy", outcome.policy());
      json.writeStringField("rules", rules(outcome.rules()));
      json.writeStringField("findings", codes(outcome.findings()));
    }
    return bytes.toByteArray();
  }

  /** Everything up to {@code allowed}; closing the generator ends all objects. */
  private static void writeStart(JsonGenerator json, String uid) throws IOException {
    json.writeStartObject();
    json.writeStringField("apiVersion", API_VERSION);
    json.writeStringField("kind", "AdmissionReview");
    json.writeObjectFieldStart("response");
    json.writeStringField("uid", uid);
    json.writeBooleanField("allowed", true);
  }

  private static void writeWarnings(JsonGenerator json, List<String> warnings) throws IOException {
    if (!warnings.isEmpty()) {
      json.writeArrayFieldStart("warnings");
      for (String warning : warnings) {
        json.writeString(warning);
      }
      json.writeEndArray();
    }
  }

  private static byte[] patch(List<PatchOperation> operations) throws IOException {
    ByteArrayBuilder bytes = new ByteArrayBuilder(ANSWER_BYTES);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartArray();
      for (PatchOperation operation : operations) {
        json.writeStartObject();
        json.writeStringField("op", operation.op().word());
        json.writeStringField("path", operation.path());
        json.writeFieldName("value");
        write(json, operation.value());
        json.writeEndObject();
      }
    }
    return bytes.toByteArray();
  }

  /** As ObjectMapper would, without the serializer that it looks up for each value. */
  private static void write(JsonGenerator json, JsonNode value) throws IOException {
    if (value.isObject()) {
      json.writeStartObject();
      for (Map.Entry<String, JsonNode> member : value.properties()) {
        json.writeFieldName(member.getKey());
        write(json, member.getValue());
      }
      json.writeEndObject();
    } else if (value.isArray()) {
      json.writeStartArray();
      for (JsonNode element : value) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value.isTextual()) {
      json.writeString(value.textValue());
    } else if (value.isInt()) {
      json.writeNumber(value.intValue());
    } else {
      JSON.writeTree(json, value);
    }
  }

  private static String rules(Set<RuleName> rules) {
    StringBuilder names = new StringBuilder();
    for (RuleName rule : rules) {
      names.append(names.isEmpty() ? "" : ",").append(rule.id());
    }
    return names.toString();
  }

  private static String codes(List<Finding> findings) {
    if (findings.isEmpty()) {
      return "";
    }
    Set<String> codes = new LinkedHashSet<>();
    for (Finding finding : findings) {
      codes.add(finding.code());
    }
    return String.join(",", codes);
  }
}
