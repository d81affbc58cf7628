package dev.holdfast.admission;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.ClusterView;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Answers AdmissionReviews of {@code admission.k8s.io/v1}: bytes in, bytes out, no I/O, so that it
 * may run on an event loop. Every review is allowed; the answer to a pod's creation holds the patch
 * that hardens it. Thread-safe.
 */
final class ReviewHandler {
  /** What most answers fit into. */
  private static final int ANSWER_BYTES = 4096;

  private static final String API_VERSION = "admission.k8s.io/v1";
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final ObjectMapper JSON = new ObjectMapper(FACTORY);

  private final Engine engine;
  private final ClusterView cluster;
  private final ReviewObserver observer;

  /** Decides about a pod; as {@link dev.holdfast.hardening.Hardener} does. */
  @FunctionalInterface
  interface Engine {
    Outcome harden(ObjectNode pod, String namespace, ClusterFacts facts);
  }

  /**
   * @param cluster what is known of the place
   * @param observer is told of each review
   */
  ReviewHandler(Engine engine, ClusterView cluster, ReviewObserver observer) {
    this.engine = engine;
    this.cluster = cluster;
    this.observer = observer;
  }

  /**
   * Answers one request at once, with what is known. Never throws.
   *
   * @param contentType the header's value, null if there is none
   * @param body at most {@link AdmissionRequest#MAX_REVIEW_BYTES}
   */
  Answer review(String contentType, byte[] body) {
    try {
      return decide(AdmissionRequest.read(contentType, body));
    } catch (AdmissionRequest.Refusal e) {
      return refuse(e);
    }
  }

  /**
   * Answers one request, once what the cluster has to look up for it is there. Never throws.
   *
   * @param reply is called once, before this returns or on another thread
   */
  void review(String contentType, byte[] body, Consumer<Answer> reply) {
    AdmissionRequest request;
    try {
      request = AdmissionRequest.read(contentType, body);
    } catch (AdmissionRequest.Refusal e) {
      reply.accept(refuse(e));
      return;
    }
    Optional<CompletionStage<Void>> awaited =
        isCreationOfPod(request) ? cluster.lookUp(request.namespace()) : Optional.empty();
    if (awaited.isEmpty()) {
      reply.accept(decide(request));
    } else {
      awaited.get().thenRun(() -> reply.accept(decide(request)));
    }
  }

  private Answer refuse(AdmissionRequest.Refusal refusal) {
    observer.refused();
    return refusal.answer();
  }

  private Answer decide(AdmissionRequest request) {
    String uid = request.uid();
    String namespace = request.namespace();
    try {
      if (!isCreationOfPod(request)) {
        observer.passedOver();
        return Answer.review(allowed(uid, List.of()));
      }
      if (!(request.object() instanceof ObjectNode pod)) {
        observer.passedOver();
        return Answer.review(
            allowed(uid, List.of(Warnings.of("the pod is left alone: object is not an object"))));
      }
      Outcome outcome = engine.harden(pod, namespace, cluster.facts(namespace, pod));
      byte[] answer = answer(uid, outcome);
      observer.reviewed(uid, namespace, outcome, System.nanoTime() - request.start());
      return Answer.review(answer);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Whatever is wrong with us, the pod must start.
      observer.failed(uid, namespace, e);
      return Answer.review(
          allowed(uid, List.of(Warnings.of("failed, and left the pod alone; see Holdfast's log"))));
    }
  }

  private static boolean isCreationOfPod(AdmissionRequest request) {
    return request.operation().equals("CREATE")
        && request.subResource().isEmpty()
        && request.isKind("", "v1", "Pod");
  }

  /** The answer that changes nothing. */
  static byte[] allowed(String uid, List<String> warnings) {
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
