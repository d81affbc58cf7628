package dev.holdfast.certs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.certs.Situation.Replicas;
import dev.holdfast.certs.Situation.Wanted;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The table of docs/certificates.md: what is there, and what is done about it. */
class RotationTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final Duration LEAF = Duration.ofDays(90);
  private static final Duration AUTHORITY = Duration.ofDays(1825);
  private static final Lifetimes LIFETIMES = new Lifetimes(LEAF, AUTHORITY);
  private static final Rotation ROTATION = new Rotation(TestPairs.NAME, LIFETIMES, false);
  private static final Rotation BY_HAND = new Rotation(TestPairs.NAME, LIFETIMES, true);

  private final CertificateAuthority old = CertificateAuthority.create(NOW, AUTHORITY);
  private final CertificateAuthority fresh = CertificateAuthority.create(NOW, AUTHORITY);
  private final ServingPair ofOld = old.issue(TestPairs.NAME, NOW, LEAF);
  private final ServingPair ofFresh = fresh.issue(TestPairs.NAME, NOW, LEAF);

  private static Bundle bundle(CertificateAuthority... authorities) {
    return new Bundle(
        List.of(authorities).stream().map(CertificateAuthority::certificate).toList());
  }

  private static Replicas serve(ServingPair... pairs) {
    return new Replicas(List.of(pairs).stream().map(ServingPair::leaf).toList(), true);
  }

  /** A situation, changed bit by bit. */
  private static final class Given {
    private Instant now = NOW;
    private Optional<CertificateAuthority> authority = Optional.empty();
    private Optional<ServingPair> pair = Optional.empty();
    private Bundle published = Bundle.EMPTY;
    private List<Bundle> entries = List.of(Bundle.EMPTY, Bundle.EMPTY);
    private Optional<Instant> trustedSince = Optional.empty();
    private Optional<Replicas> replicas = Optional.empty();
    private Wanted wanted = Wanted.NOTHING;

    Given now(Duration later) {
      now = NOW.plus(later);
      return this;
    }

    Given authority(CertificateAuthority is) {
      authority = Optional.of(is);
      return this;
    }

    Given pair(ServingPair is, Bundle beside) {
      pair = Optional.of(is);
      published = beside;
      return this;
    }

    Given trusted(Bundle... by) {
      entries = List.of(by);
      return this;
    }

    Given since(Duration later) {
      trustedSince = Optional.of(NOW.plus(later));
      return this;
    }

    Given replicas(Replicas are) {
      replicas = Optional.of(are);
      return this;
    }

    Given wanted(Wanted is) {
      wanted = is;
      return this;
    }

    Step next() {
      return next(ROTATION);
    }

    Step next(Rotation rotation) {
      return rotation.next(
          new Situation(now, authority, pair, published, entries, trustedSince, replicas, wanted));
    }
  }

  private Given inOrder() {
    return new Given().authority(old).pair(ofOld, bundle(old)).trusted(bundle(old), bundle(old));
  }

  @Test
  void nothing_there_makes_an_authority() {
    assertThat(new Given().next()).isInstanceOf(Step.MakeAuthority.class);
  }

  @Test
  void a_first_authority_is_trusted_before_it_signs_and_signs_at_once() {
    Given given = new Given().authority(fresh);

    assertThat(given.next()).isEqualTo(new Step.Inject(bundle(fresh), "no authority is there"));
    assertThat(given.trusted(bundle(fresh), bundle(fresh)).next()).isInstanceOf(Step.Issue.class);
  }

  @Test
  void without_registrations_a_first_authority_signs_at_once() {
    assertThat(new Given().authority(fresh).trusted().next()).isInstanceOf(Step.Issue.class);
  }

  /** Such as when all Secrets are lost, and pods have started without a certificate since. */
  @Test
  void a_new_authority_signs_at_once_where_nothing_is_served() {
    Given lost =
        new Given()
            .authority(fresh)
            .trusted(bundle(fresh, old), bundle(fresh, old))
            .since(Duration.ZERO);
    lost.published = bundle(fresh, old);

    assertThat(lost.replicas(serve()).next()).isInstanceOf(Step.Issue.class);
    assertThat(lost.replicas(new Replicas(List.of(), false)).next()).isInstanceOf(Step.Wait.class);
    assertThat(lost.replicas(serve(ofOld)).next()).isInstanceOf(Step.Wait.class);
  }

  @Test
  void where_no_webhook_of_ours_is_known_a_new_authority_waits_for_people() {
    Given rotated = inOrder().authority(fresh).trusted().replicas(serve(ofOld));
    rotated.published = bundle(fresh, old);

    assertThat(rotated.next())
        .isEqualTo(
            new Step.Wait(
                NOW.plus(Duration.ofDays(60)),
                "ca.crt holds a new authority, which signs then or when rotate is called again"));
    assertThat(rotated.wanted(Wanted.LEAF).next()).isInstanceOf(Step.Issue.class);
  }

  @Test
  void all_in_order_is_left_until_two_thirds_of_a_life() {
    assertThat(inOrder().next())
        .isEqualTo(new Step.Done(NOW.plus(Duration.ofDays(60)), "nothing is due"));
    assertThat(inOrder().now(Duration.ofDays(60).minusSeconds(1)).next())
        .isInstanceOf(Step.Done.class);
    assertThat(inOrder().now(Duration.ofDays(60)).next())
        .isEqualTo(
            new Step.Issue(bundle(old), "two thirds of the serving certificate's life are over"));
  }

  @Test
  void a_shorter_life_counts_for_what_was_made_before() {
    Rotation shorter =
        new Rotation(TestPairs.NAME, new Lifetimes(Duration.ofDays(3), AUTHORITY), false);

    assertThat(inOrder().now(Duration.ofDays(1)).next(shorter)).isInstanceOf(Step.Done.class);
    assertThat(inOrder().now(Duration.ofDays(2)).next(shorter)).isInstanceOf(Step.Issue.class);
  }

  @Test
  void other_names_make_a_new_certificate() {
    Rotation other =
        new Rotation(new ServingName("holdfast", "holdfast-system", "corp.test"), LIFETIMES, false);

    assertThat(inOrder().next(other).why()).contains("other names");
  }

  @Test
  void an_authority_is_replaced_after_two_thirds_of_its_life() {
    Given given = inOrder().now(AUTHORITY.multipliedBy(2).dividedBy(3));

    assertThat(given.next()).isInstanceOf(Step.MakeAuthority.class);
  }

  @Test
  void a_new_authority_is_trusted_beside_the_old_one_before_it_signs() {
    Given given = inOrder().authority(fresh);

    assertThat(given.next()).isInstanceOf(Step.AskReplicas.class);
    given.replicas(serve(ofOld, ofOld));
    assertThat(given.next())
        .isEqualTo(
            new Step.Publish(bundle(fresh, old), "a new authority is trusted beside the old one"));
    given.pair(ofOld, bundle(fresh, old));
    assertThat(given.next()).isInstanceOf(Step.Inject.class);
    given.trusted(bundle(fresh, old), bundle(old));
    assertThat(given.next()).isInstanceOf(Step.Inject.class);
    given.trusted(bundle(fresh, old), bundle(fresh, old)).since(Duration.ZERO);
    assertThat(given.next())
        .isEqualTo(
            new Step.Wait(
                NOW.plusSeconds(60),
                "the new authority has to be known everywhere before it is used"));
    assertThat(given.now(Duration.ofSeconds(60)).next()).isInstanceOf(Step.Issue.class);
  }

  private Given switched(Duration after) {
    return new Given()
        .now(after)
        .authority(fresh)
        .pair(ofFresh, bundle(fresh, old))
        .trusted(bundle(fresh, old), bundle(fresh, old))
        .since(Duration.ZERO);
  }

  @Test
  void the_old_authority_goes_when_every_replica_serves_of_the_new_one() {
    assertThat(switched(Duration.ofMinutes(2)).replicas(serve(ofFresh, ofOld)).next())
        .isInstanceOf(Step.Wait.class);
    assertThat(
            switched(Duration.ofMinutes(2))
                .replicas(new Replicas(List.of(ofFresh.leaf()), false))
                .next())
        .isInstanceOf(Step.Wait.class);
    assertThat(switched(Duration.ofSeconds(1)).replicas(serve(ofFresh)).next())
        .as("a replica may just have read the old one")
        .isInstanceOf(Step.Wait.class);
    assertThat(switched(Duration.ofMinutes(2)).replicas(serve(ofFresh, ofFresh)).next())
        .isEqualTo(new Step.Publish(bundle(fresh), "the old authority is not needed any more"));
  }

  @Test
  void the_old_authority_goes_when_all_it_signed_has_expired_whoever_answers() {
    Given given =
        switched(LEAF.plusDays(1))
            .pair(
                fresh.issue(TestPairs.NAME, NOW.plus(Duration.ofDays(60)), LEAF),
                bundle(fresh, old))
            .replicas(new Replicas(List.of(), false));

    assertThat(given.next())
        .isEqualTo(new Step.Publish(bundle(fresh), "the old authority is not needed any more"));
  }

  @Test
  void a_deleted_secret_is_made_anew_by_the_same_authority() {
    Given given = new Given().authority(old).trusted(bundle(old), bundle(old));

    assertThat(given.next())
        .isEqualTo(new Step.Issue(bundle(old), "there is no usable serving certificate"));
  }

  @Test
  void both_secrets_deleted_keep_what_replicas_serve_trusted() {
    Given given =
        new Given().authority(fresh).trusted(bundle(old), bundle(old)).replicas(serve(ofOld));

    assertThat(given.next())
        .isEqualTo(
            new Step.Inject(bundle(fresh, old), "a new authority is trusted beside the old one"));
    given.trusted(bundle(fresh, old), bundle(fresh, old)).since(Duration.ZERO);
    assertThat(given.next()).isInstanceOf(Step.Wait.class);
    assertThat(given.now(Duration.ofMinutes(1)).next()).isInstanceOf(Step.Issue.class);
  }

  @Test
  void a_bundle_that_was_wiped_is_restored() {
    assertThat(inOrder().trusted(bundle(old), Bundle.EMPTY).next())
        .isEqualTo(new Step.Inject(bundle(old), "no authority is there"));
  }

  @Test
  void a_bundle_that_was_wiped_in_an_overlap_is_restored_whole() {
    assertThat(
            switched(Duration.ofMinutes(2))
                .trusted(Bundle.EMPTY, Bundle.EMPTY)
                .replicas(serve(ofFresh, ofOld))
                .next())
        .isEqualTo(new Step.Inject(bundle(fresh, old), "no authority is there"));
  }

  @Test
  void an_authority_of_somebody_else_in_an_entry_goes() {
    CertificateAuthority foreign = CertificateAuthority.create(NOW, AUTHORITY);

    assertThat(
            inOrder()
                .trusted(bundle(old, foreign), bundle(old))
                .replicas(new Replicas(List.of(), false))
                .next())
        .isInstanceOf(Step.Inject.class)
        .extracting(step -> ((Step.Inject) step).bundle())
        .isEqualTo(bundle(old));
  }

  @Test
  void the_next_rotation_begins_only_after_the_last_one_is_in_use() {
    CertificateAuthority expiring =
        CertificateAuthority.create(NOW.minus(AUTHORITY.multipliedBy(3).dividedBy(4)), AUTHORITY);
    Given given =
        new Given()
            .authority(expiring)
            .pair(ofOld, bundle(expiring, old))
            .trusted(bundle(expiring, old))
            .since(Duration.ZERO)
            .replicas(serve(ofOld));

    assertThat(given.next()).isInstanceOf(Step.Wait.class);
  }

  @Test
  void what_is_asked_for_is_done_though_not_due() {
    assertThat(inOrder().wanted(Wanted.LEAF).next()).isInstanceOf(Step.Issue.class);
    assertThat(inOrder().wanted(Wanted.AUTHORITY).next()).isInstanceOf(Step.MakeAuthority.class);
  }

  @Test
  void an_expired_authority_is_replaced_at_once() {
    assertThat(inOrder().now(AUTHORITY.plusSeconds(1)).next().why()).contains("has expired");
  }

  @Test
  void by_hand_a_new_authority_signs_when_due_or_asked_for() {
    Given given =
        inOrder()
            .authority(fresh)
            .pair(ofOld, bundle(fresh, old))
            .trusted()
            .replicas(new Replicas(List.of(), false));

    assertThat(given.next(BY_HAND)).isInstanceOf(Step.Wait.class);
    assertThat(given.wanted(Wanted.LEAF).next(BY_HAND)).isInstanceOf(Step.Issue.class);
    assertThat(given.wanted(Wanted.NOTHING).now(Duration.ofDays(60)).next(BY_HAND))
        .isInstanceOf(Step.Issue.class);
  }
}
