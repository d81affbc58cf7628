package dev.holdfast.cluster;

import jakarta.inject.Singleton;
import java.util.Map;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** No traffic before the cluster is known; up, and degraded, while something of it cannot be. */
@Readiness
@Singleton
class ClusterHealth implements HealthCheck {
  private final ClusterConnection connection;

  ClusterHealth(ClusterConnection connection) {
    this.connection = connection;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("cluster");
    if (connection.cluster().isEmpty()) {
      return response.up().withData("state", "none").build();
    }
    Cluster cluster = connection.cluster().get();
    Map<String, String> problems = cluster.problems();
    problems.forEach(response::withData);
    boolean synced = cluster.isSynced();
    String state = synced ? problems.isEmpty() ? "synced" : "degraded" : "starting";
    return response.status(synced).withData("state", state).build();
  }
}
