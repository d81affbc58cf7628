package dev.holdfast.benchmark;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.policy.PolicyLoader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** What a review costs, bytes to bytes, beside what merely parsing its bytes costs. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 20, time = 1)
@Measurement(iterations = 5, time = 1)
public class ReviewBenchmark {

  @Param public Reviews pod;

  private static final ClusterFacts FACTS = ClusterFacts.of(ClusterFacts.DEFAULT_VERSION);

  private final ObjectMapper json = new ObjectMapper();
  private final Hardener hardener =
      new Hardener(List.of(PolicyLoader.embedded()), "holdfast-system");
  private byte[] bytes;

  /** Makes the input. */
  @Setup
  public void prepare() {
    bytes = pod.bytes();
  }

  /** The least that any webhook has to do. */
  @Benchmark
  public JsonNode parse() throws IOException {
    return json.readTree(bytes);
  }

  /** All that ours does between two reads of the socket. */
  @Benchmark
  public byte[] review() throws IOException {
    JsonNode request = json.readTree(bytes).get("request");
    Outcome outcome =
        hardener.harden(
            (ObjectNode) request.get("object"), request.get("namespace").textValue(), FACTS);
    ByteArrayOutputStream patch = new ByteArrayOutputStream(4096);
    try (JsonGenerator generator = json.createGenerator(patch)) {
      generator.writeStartArray();
      for (PatchOperation operation : outcome.patch()) {
        generator.writeStartObject();
        generator.writeStringField("op", operation.op().word());
        generator.writeStringField("path", operation.path());
        generator.writeFieldName("value");
        generator.writeTree(operation.value());
        generator.writeEndObject();
      }
      generator.writeEndArray();
    }
    return Base64.getEncoder().encode(patch.toByteArray());
  }

  /**
   * Runs and prints the ratios.
   *
   * @param args those of JMH
   */
  public static void main(String[] args) throws CommandLineOptionException, RunnerException {
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .parent(new CommandLineOptions(args))
                    .include(ReviewBenchmark.class.getName())
                    .build())
            .run();
    Map<Reviews, Map<String, Double>> best = new TreeMap<>();
    for (RunResult result : results) {
      best.computeIfAbsent(
              Reviews.valueOf(result.getParams().getParam("pod")), pod -> new TreeMap<>())
          .put(
              result.getPrimaryResult().getLabel(),
              result.getPrimaryResult().getStatistics().getMin());
    }
    System.out.printf(
        "%nJava %s, best iterations%n%-10s %8s %12s %12s %7s%n",
        Runtime.version(), "pod", "bytes", "parse us", "review us", "ratio");
    best.forEach(
        (pod, figures) ->
            System.out.printf(
                "%-10s %8d %12.1f %12.1f %7.2f%n",
                pod.name().toLowerCase(Locale.ROOT),
                pod.bytes().length,
                figures.get("parse"),
                figures.get("review"),
                figures.get("review") / figures.get("parse")));
    if (best.containsKey(Reviews.HARDENED) && best.containsKey(Reviews.SMALL)) {
      System.out.printf(
          "a pod that needs nothing costs %.2f of one that does%n",
          best.get(Reviews.HARDENED).get("review") / best.get(Reviews.SMALL).get("review"));
    }
  }
}
