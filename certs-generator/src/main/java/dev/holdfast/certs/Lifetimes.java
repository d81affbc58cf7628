package dev.holdfast.certs;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long certificates live, and the times that follow from it.
 *
 * @param leaf of a serving certificate
 * @param authority of a certificate authority
 */
public record Lifetimes(Duration leaf, Duration authority) {
  /** Three months, as public authorities have it: a leaked key is of no use for long. */
  public static final Duration LEAF = Duration.ofDays(90);

  /** Five years: the change of an authority is the part with the most steps. */
  public static final Duration AUTHORITY = Duration.ofDays(5 * 365);

  private static final Pattern TEXT = Pattern.compile("([1-9][0-9]{0,8})([smhdy])");

  private static final Map<String, Duration> UNITS =
      Map.of(
          "s", Duration.ofSeconds(1),
          "m", Duration.ofMinutes(1),
          "h", Duration.ofHours(1),
          "d", Duration.ofDays(1),
          "y", Duration.ofDays(365));

  /** Who writes more has mistaken the unit. */
  private static final Duration MAX = Duration.ofDays(365 * 100L);

  /** By then each API server has surely seen a changed webhook configuration. */
  private static final Duration MAX_SETTLE = Duration.ofMinutes(1);

  /** An idle API server follows webhook configurations within a second. */
  private static final Duration MIN_SETTLE = Duration.ofSeconds(2);

  private static final Duration MAX_CHECK = Duration.ofHours(1);
  private static final Duration MIN_CHECK = Duration.ofMillis(200);
  private static final int PARTS = 20;

  /**
   * @throws IllegalArgumentException if one of them is less than a second or more than a century
   */
  public Lifetimes {
    for (Duration life : new Duration[] {leaf, authority}) {
      if (life.compareTo(Duration.ofSeconds(1)) < 0 || life.compareTo(MAX) > 0) {
        throw new IllegalArgumentException("a certificate lives for 1s to 100y");
      }
    }
  }

  /**
   * Reads a lifetime: a whole number of {@code s}, {@code m}, {@code h}, {@code d} or {@code y} (of
   * 365 days), of at most a century.
   *
   * @throws IllegalArgumentException if it is none; says what is expected
   */
  public static Duration parse(String text) {
    Matcher life = TEXT.matcher(text.trim());
    if (!life.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no lifetime, expected one like 90d, 12h or 5y");
    }
    Duration parsed = UNITS.get(life.group(2)).multipliedBy(Long.parseLong(life.group(1)));
    if (parsed.compareTo(MAX) > 0) {
      throw new IllegalArgumentException("\"" + text + "\" is too long, expected at most 100y");
    }
    return parsed;
  }

  /** How often to look at least: each part of a life is seen. */
  public Duration checkPeriod() {
    return clamp(shorter().dividedBy(PARTS), MIN_CHECK, MAX_CHECK);
  }

  /** How long a change takes to be known by everyone who follows what has changed. */
  public Duration settle() {
    return clamp(shorter().dividedBy(PARTS), MIN_SETTLE, MAX_SETTLE);
  }

  private Duration shorter() {
    return leaf.compareTo(authority) < 0 ? leaf : authority;
  }

  private static Duration clamp(Duration value, Duration least, Duration most) {
    Duration atLeast = value.compareTo(least) < 0 ? least : value;
    return atLeast.compareTo(most) > 0 ? most : atLeast;
  }

  /** When a serving certificate is to be replaced: after two thirds of its life. */
  Instant leafDue(X509Certificate certificate) {
    return due(certificate, leaf);
  }

  /** When an authority is to be replaced: after two thirds of its life. */
  Instant authorityDue(X509Certificate certificate) {
    return due(certificate, authority);
  }

  private static Instant due(X509Certificate certificate, Duration wanted) {
    Instant begin = issuedAt(certificate);
    Instant end = certificate.getNotAfter().toInstant();
    Duration life = Duration.between(begin, end);
    // One that lives longer than it should now has been made before the configuration changed.
    Duration counted = life.compareTo(wanted.plusSeconds(1)) > 0 ? wanted : life;
    return begin.plus(counted.multipliedBy(2).dividedBy(3));
  }

  /** When a certificate of ours was made. */
  static Instant issuedAt(X509Certificate certificate) {
    return certificate.getNotBefore().toInstant().plus(CertificateAuthority.BACKDATE);
  }
}
