package dev.holdfast.certs;

import dev.holdfast.certs.Situation.Replicas;
import dev.holdfast.certs.Situation.Wanted;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Decides the next step of a rotation, from what is there and nothing else: whoever takes over goes
 * on where the one before stopped.
 *
 * <p>The order holds one promise: what a replica serves is trusted by our entries of the webhook
 * configurations. So a new authority is trusted first, beside the old one; then, when that is known
 * everywhere, it signs what is served; and the old one goes when nobody serves anything of it.
 *
 * @param name whom certificates are for
 * @param byHand whether people carry authorities to clients: then a new one waits for them, and
 *     signs when what is served is due, or when they ask for it
 */
record Rotation(ServingName name, Lifetimes lifetimes, boolean byHand) {
  /** A webhook configuration is one object of limited size; nobody needs more than two or three. */
  private static final int MAX_AUTHORITIES = 8;

  /** The next step. */
  Step next(Situation now) {
    Optional<CertificateAuthority> usable =
        now.authority().filter(authority -> isInTime(authority.certificate(), now.now()));
    if (usable.isEmpty()) {
      return new Step.MakeAuthority(
          now.authority().isEmpty() ? "there is no usable authority" : "the authority has expired");
    }
    CertificateAuthority authority = usable.get();
    boolean ofAuthority =
        now.pair().filter(pair -> authority.issued(pair.leaf())).isPresent()
            && now.published().contains(authority.certificate());
    if (now.wanted() == Wanted.AUTHORITY) {
      return new Step.MakeAuthority("asked for");
    }
    // One rotation at a time: the last one's authority has to be in use before the next is made.
    if (ofAuthority && !now.now().isBefore(lifetimes.authorityDue(authority.certificate()))) {
      return new Step.MakeAuthority("two thirds of the authority's life are over");
    }
    List<X509Certificate> others = others(now, authority);
    if (!others.isEmpty() && now.replicas().isEmpty()) {
      return new Step.AskReplicas("more than one authority is trusted");
    }
    Bundle bundle =
        new Bundle(List.of(authority.certificate())).with(needed(others, now, authority));
    if (now.pair().isPresent() && !now.published().equals(bundle)) {
      return new Step.Publish(bundle, describe(now.published(), bundle));
    }
    for (Bundle entry : now.entries()) {
      if (!entry.equals(bundle)) {
        return new Step.Inject(bundle, describe(entry, bundle));
      }
    }
    return serving(now, authority, bundle);
  }

  private Step serving(Situation now, CertificateAuthority authority, Bundle bundle) {
    Optional<String> reason = reasonToIssue(now, authority);
    boolean overlaps = bundle.authorities().size() > 1;
    if (reason.isPresent()) {
      boolean sameAuthority = now.pair().filter(pair -> authority.issued(pair.leaf())).isPresent();
      if (overlaps && !sameAuthority && !now.entries().isEmpty() && isInUse(now, authority)) {
        // The new authority has to be trusted wherever a request may come from.
        Instant ready = now.trustedSince().orElse(now.now()).plus(lifetimes.settle());
        if (now.now().isBefore(ready)) {
          return new Step.Wait(
              ready, "the new authority has to be known everywhere before it is used");
        }
      }
      return new Step.Issue(bundle, reason.get());
    }
    if (overlaps && isByHand(now)) {
      return waitForPeople(now, authority);
    }
    if (overlaps) {
      return new Step.Wait(
          now.now().plus(lifetimes.settle()),
          "some replica may still serve what the old authority has signed");
    }
    Instant leafDue = lifetimes.leafDue(now.pair().orElseThrow().leaf());
    Instant authorityDue = lifetimes.authorityDue(authority.certificate());
    return new Step.Done(leafDue.isBefore(authorityDue) ? leafDue : authorityDue, "nothing is due");
  }

  /** Whether a replica may serve what would end if the new authority signed before it is known. */
  private static boolean isInUse(Situation now, CertificateAuthority authority) {
    Replicas replicas = now.replicas().orElse(Replicas.NONE);
    return now.pair().isPresent()
        || !replicas.allAnswered()
        || replicas.served().stream().anyMatch(leaf -> !authority.issued(leaf));
  }

  /** Nobody tells what they carry where: the old authority goes when its time is over. */
  private Step waitForPeople(Situation now, CertificateAuthority authority) {
    X509Certificate leaf = now.pair().orElseThrow().leaf();
    if (!authority.issued(leaf)) {
      return new Step.Wait(
          lifetimes.leafDue(leaf),
          "ca.crt holds a new authority, which signs then or when rotate is called again");
    }
    Instant settled = Lifetimes.issuedAt(leaf).plus(lifetimes.settle());
    Instant over = oldIsOver(authority).plusSeconds(1);
    return new Step.Wait(
        over.isAfter(settled) ? over : settled, "ca.crt keeps the old authority until then");
  }

  /** What the old authority signed last has expired by then, whether anybody answers or not. */
  private Instant oldIsOver(CertificateAuthority authority) {
    return Lifetimes.issuedAt(authority.certificate())
        .plus(lifetimes.leaf())
        .plus(lifetimes.settle());
  }

  /** Where no webhook of ours is known, nobody but people can tell clients of a new authority. */
  private boolean isByHand(Situation now) {
    return byHand || now.entries().isEmpty();
  }

  private Optional<String> reasonToIssue(Situation now, CertificateAuthority authority) {
    if (now.pair().isEmpty()) {
      return Optional.of("there is no usable serving certificate");
    }
    ServingPair pair = now.pair().get();
    boolean trusted =
        isByHand(now)
            && now.published().authorities().stream()
                .anyMatch(other -> CertificateAuthority.issued(other, pair.leaf()));
    if (!authority.issued(pair.leaf()) && !trusted) {
      return Optional.of("the serving certificate is of another authority");
    }
    if (!pair.isExactlyFor(name)) {
      return Optional.of("the serving certificate is for other names");
    }
    if (!isInTime(pair.leaf(), now.now())) {
      return Optional.of("the serving certificate is not valid now");
    }
    if (!now.now().isBefore(lifetimes.leafDue(pair.leaf()))) {
      return Optional.of("two thirds of the serving certificate's life are over");
    }
    return now.wanted() == Wanted.LEAF ? Optional.of("asked for") : Optional.empty();
  }

  /** Authorities beside the one in use of which something may still be served. */
  private static List<X509Certificate> others(Situation now, CertificateAuthority authority) {
    List<X509Certificate> others = new ArrayList<>(now.published().authorities());
    for (Bundle entry : now.entries()) {
      others.addAll(entry.authorities());
    }
    return others.stream()
        .distinct()
        .filter(other -> !other.equals(authority.certificate()))
        .filter(other -> isInTime(other, now.now()))
        .sorted(Comparator.comparing(X509Certificate::getNotBefore).reversed())
        .limit(MAX_AUTHORITIES)
        .toList();
  }

  private List<X509Certificate> needed(
      List<X509Certificate> others, Situation now, CertificateAuthority authority) {
    Replicas replicas = now.replicas().orElse(Replicas.NONE);
    boolean switched =
        now.pair()
            .filter(pair -> authority.issued(pair.leaf()))
            .filter(
                pair ->
                    !now.now().isBefore(Lifetimes.issuedAt(pair.leaf()).plus(lifetimes.settle())))
            .isPresent();
    if (switched && now.now().isAfter(oldIsOver(authority))) {
      return List.of();
    }
    return others.stream()
        .filter(
            other ->
                !replicas.allAnswered() && isOurs(other, now)
                    || now.pair()
                        .filter(pair -> CertificateAuthority.issued(other, pair.leaf()))
                        .isPresent()
                    || replicas.served().stream()
                        .anyMatch(leaf -> CertificateAuthority.issued(other, leaf))
                    || !switched && isOurs(other, now))
        .toList();
  }

  /** What stands in an entry only may be anybody's, unless we have lost what we had. */
  private static boolean isOurs(X509Certificate other, Situation now) {
    return now.published().contains(other) || now.published().authorities().isEmpty();
  }

  private static boolean isInTime(X509Certificate certificate, Instant now) {
    return Validity.of(certificate).contains(now);
  }

  private static String describe(Bundle before, Bundle after) {
    int more = after.authorities().size() - before.authorities().size();
    if (before.authorities().isEmpty()) {
      return "no authority is there";
    }
    return more > 0
        ? "a new authority is trusted beside the old one"
        : more < 0 ? "the old authority is not needed any more" : "another authority is trusted";
  }
}
