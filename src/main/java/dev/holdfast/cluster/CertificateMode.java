package dev.holdfast.cluster;

/** Who makes the webhook's certificates. */
public enum CertificateMode {
  /** The controller that leads. */
  SELF_MANAGED,
  /** A Job and a CronJob. */
  GENERATOR,
  /** cert-manager. */
  CERT_MANAGER,
  /** Whoever installed Holdfast. */
  PROVIDED
}
