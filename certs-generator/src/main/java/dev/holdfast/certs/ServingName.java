package dev.holdfast.certs;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Whom a serving certificate is for: the name by which API servers call a Service, and its long
 * form.
 *
 * @param service a Service's name
 * @param namespace its namespace
 * @param clusterDomain the cluster's DNS domain, without a dot in front
 */
public record ServingName(String service, String namespace, String clusterDomain) {
  /** The DNS domain of a cluster that has not been given another one. */
  public static final String DEFAULT_CLUSTER_DOMAIN = "cluster.local";

  // RFC 1035 and RFC 1123 labels, as Kubernetes validates names of Services and namespaces.
  private static final Pattern SERVICE = Pattern.compile("[a-z]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final String LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
  private static final Pattern NAMESPACE = Pattern.compile(LABEL);
  private static final Pattern DOMAIN = Pattern.compile(LABEL + "(\\." + LABEL + ")*");
  private static final int MAX_DNS_NAME = 253;

  /**
   * @throws IllegalArgumentException if a part is not what Kubernetes accepts; says which and why
   */
  public ServingName {
    expect(SERVICE, service, "no name of a Service: lower case letters, digits and -");
    expect(NAMESPACE, namespace, "no name of a namespace: lower case letters, digits and -");
    expect(DOMAIN, clusterDomain, "no DNS domain, such as " + DEFAULT_CLUSTER_DOMAIN);
    if ((service + "." + namespace + ".svc." + clusterDomain).length() > MAX_DNS_NAME) {
      throw new IllegalArgumentException(
          "\"" + clusterDomain + "\" is too long: a DNS name has at most 253 characters");
    }
  }

  private static void expect(Pattern pattern, String value, String otherwise) {
    if (!pattern.matcher(value).matches()) {
      throw new IllegalArgumentException("\"" + value + "\" is " + otherwise);
    }
  }

  /** The name that API servers verify: {@code SERVICE.NAMESPACE.svc}. */
  public String calledBy() {
    return service + "." + namespace + ".svc";
  }

  /** All names that a certificate of ours holds. */
  public List<String> dnsNames() {
    return List.of(calledBy(), calledBy() + "." + clusterDomain);
  }
}
