package dev.holdfast.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.benchmark.Reviews;
import dev.holdfast.cluster.NoCluster;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
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

  private final ObjectMapper json = new ObjectMapper();
  private final ReviewHandler handler = handler();
  private byte[] bytes;

  private static ReviewHandler handler() {
    ClusterFacts facts = ClusterFacts.of(ClusterFacts.DEFAULT_VERSION);
    Hardener hardener = new Hardener(List.of(PolicyLoader.embedded()), "holdfast-system");
    return new ReviewHandler(hardener::harden, new NoCluster(facts), ReviewObserver.NONE);
  }

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
  public Answer review() {
    return handler.review("application/json", bytes);
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
