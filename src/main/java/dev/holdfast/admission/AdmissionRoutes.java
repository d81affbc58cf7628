package dev.holdfast.admission;

import dev.holdfast.cluster.ClusterConnection;
import dev.holdfast.cluster.ClusterView;
import dev.holdfast.cluster.NoCluster;
import dev.holdfast.disruption.Disruption;
import dev.holdfast.hardening.KubernetesVersion;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * {@code POST /mutate}: hands a request's bytes to the {@link ReviewHandler} and its answer back,
 * on the event loop. A review takes some ten microseconds; a hop to another thread would double
 * that.
 */
@Singleton
class AdmissionRoutes {
  private static final String MUTATE = "/mutate";
  private static final String ADVISE = "/advise";

  private static final long NO_ERROR = 0;

  private static final Logger LOG = Logger.getLogger(AdmissionRoutes.class);

  private final ReviewHandler handler;
  private final AdviceHandler advice;
  private final ReviewObserver observer;
  private final Set<HttpConnection> connections =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
  private volatile boolean draining;

  AdmissionRoutes(
      ActivePolicies policies,
      ClusterConnection connection,
      HoldfastConfig config,
      ReviewMetrics metrics,
      Disruption disruption) {
    observer = metrics;
    ClusterView cluster = noCluster(config);
    if (connection.cluster().isPresent()) {
      cluster = connection.cluster().get();
    }
    ReviewHandler.Engine engine =
        (pod, namespace, known) -> policies.hardener().harden(pod, namespace, known);
    handler = new ReviewHandler(engine, cluster, metrics);
    advice = new AdviceHandler(engine, cluster, metrics, disruption::advise);
  }

  /** The version that is configured, and nothing else. */
  static NoCluster noCluster(HoldfastConfig config) {
    return new NoCluster(
        KubernetesVersion.of(config.kubernetesVersion())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "holdfast.kubernetes-version: \""
                            + config.kubernetesVersion()
                            + "\" is no version like 1.34")));
  }

  void register(@Observes Router router) {
    route(router, MUTATE, handler::review);
    route(router, ADVISE, advice::advise);
  }

  /** Answers one request. */
  @FunctionalInterface
  private interface Handler {
    void answer(String contentType, byte[] body, Consumer<Answer> reply);
  }

  private void route(Router router, String path, Handler answering) {
    router
        .post(path)
        // Without it the request stays paused, and the handler below never sees its body.
        .handler(BodyHandler.create(false).setBodyLimit(AdmissionRequest.MAX_REVIEW_BYTES))
        .handler(context -> answer(context, answering))
        .failureHandler(this::refuse);
    router.route(path).handler(this::allowPostOnly);
  }

  /**
   * From now on clients are asked to go elsewhere; what they have sent is answered. HTTP/1.1 can
   * say so with an answer only; HTTP/2 has a message for it, after which a client sends nothing
   * more on this connection, and sends again what may not have arrived.
   */
  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    draining = true;
    List<HttpConnection> open;
    synchronized (connections) {
      open = List.copyOf(connections);
    }
    open.forEach(AdmissionRoutes::askToLeave);
  }

  /**
   * The client closes the connection once it has its answers. We do not: what it sends in the
   * moment before it hears of this would be lost, and Go's client may not send that again.
   */
  private static void askToLeave(HttpConnection connection) {
    connection.goAway(NO_ERROR, Integer.MAX_VALUE);
  }

  private void answer(RoutingContext context, Handler answering) {
    Buffer body = context.body().buffer();
    Context eventLoop = context.vertx().getOrCreateContext();
    answering.answer(
        context.request().getHeader(HttpHeaders.CONTENT_TYPE),
        body == null ? new byte[0] : body.getBytes(),
        answer -> {
          if (Context.isOnEventLoopThread()) {
            send(context, answer);
          } else {
            eventLoop.runOnContext(nothing -> send(context, answer));
          }
        });
  }

  /** What failed before the handler had the body, for example on the way here. */
  private void refuse(RoutingContext context) {
    if (context.failure() instanceof Error error) {
      LOG.errorf("a request could not be read: %s", error);
    }
    if (context.statusCode() == 413) {
      refuse(context, 413, "a review is at most 8 MiB");
    } else {
      refuse(context, 400, "the request could not be read");
    }
  }

  private void allowPostOnly(RoutingContext context) {
    context.response().putHeader(HttpHeaders.ALLOW, "POST");
    refuse(context, 405, "expected POST");
  }

  private void refuse(RoutingContext context, int status, String text) {
    observer.refused();
    send(context, Answer.refusal(status, text));
  }

  private void send(RoutingContext context, Answer answer) {
    HttpServerResponse response = context.response();
    HttpServerRequest request = context.request();
    if (draining && request.version() != HttpVersion.HTTP_2) {
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    if (request.version() == HttpVersion.HTTP_2 && connections.add(request.connection())) {
      if (draining) {
        askToLeave(request.connection());
      }
    }
    response
        .setStatusCode(answer.status())
        .putHeader(HttpHeaders.CONTENT_TYPE, answer.contentType())
        .end(Buffer.buffer(answer.body()));
  }
}
