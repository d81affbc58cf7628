package dev.holdfast.benchmark;

import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Locale;

/** Routes beside {@code /mutate}, only in the benchmark's build of the server. */
@ApplicationScoped
public class BenchmarkRoutes {

  void register(@Observes Router router) {
    router.post("/echo").handler(BodyHandler.create(false)).handler(BenchmarkRoutes::echo);
    router.get("/review/:pod").handler(BenchmarkRoutes::review);
  }

  /** What the same server can do at best: read a body, write a body. */
  private static void echo(RoutingContext context) {
    context.response().putHeader("Content-Type", "application/json").end(context.body().buffer());
  }

  private static void review(RoutingContext context) {
    Reviews pod = Reviews.valueOf(context.pathParam("pod").toUpperCase(Locale.ROOT));
    context.response().end(Buffer.buffer(pod.bytes()));
  }
}
