package dev.holdfast.policy;

import java.util.Set;

/** Containers that are known by their name to be sidecars of others, and are left alone. */
public final class Sidecars {

  /** Proxies of a service mesh: they carry the app's traffic. */
  public static final Set<String> MESH_PROXIES = Set.of("istio-proxy", "linkerd-proxy");

  /** All known sidecars, mesh proxies included. */
  public static final Set<String> KNOWN =
      Set.of("istio-proxy", "linkerd-proxy", "vault-agent", "daprd", "cloud-sql-proxy");

  private Sidecars() {}

  /**
   * Whether a container of this name is left alone.
   *
   * @param more what the policy adds
   */
  public static boolean isKnown(String name, Set<String> more) {
    return KNOWN.contains(name) || more.contains(name);
  }
}
