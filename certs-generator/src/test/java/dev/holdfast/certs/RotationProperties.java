package dev.holdfast.certs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.certs.Situation.Replicas;
import dev.holdfast.certs.Situation.Wanted;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * The promise of a rotation, in a small world that is as slow and as careless as a cluster may be:
 * whatever a replica serves is trusted by every API server, at every moment.
 */
class RotationProperties {
  private static final Duration LEAF = Duration.ofSeconds(300);
  private static final Duration AUTHORITY = Duration.ofSeconds(1200);
  private static final Lifetimes LIFETIMES = new Lifetimes(LEAF, AUTHORITY);

  /** Each second of it is looked at. */
  private static final int SECONDS = 1500;

  @Property(tries = 25)
  void whatever_is_served_is_trusted(@ForAll long seed) {
    World world = new World(new Random(seed), 0);
    world.run();
    assertThat(world.authoritiesMade).isGreaterThan(1);
    assertThat(world.leavesIssued).isGreaterThan(4);
  }

  @Property(tries = 25)
  void also_when_secrets_are_lost_or_broken(@ForAll long seed) {
    World world = new World(new Random(seed), 150);
    world.run();
  }

  @Property(tries = 10)
  void without_accidents_one_authority_is_left_after_a_rotation(@ForAll long seed) {
    World world = new World(new Random(seed), 0);
    world.run();
    world.rest();
    assertThat(world.entries).allSatisfy(entry -> assertThat(entry.authorities()).hasSize(1));
  }

  /** A cluster with a controller that may restart, webhooks that are slow, and API servers. */
  private static final class World {
    private final Random random;
    private final int accidentEvery;
    private final Rotation rotation = new Rotation(TestPairs.NAME, LIFETIMES, false);
    private Instant now = Instant.parse("2030-01-01T00:00:00Z");
    private Optional<CertificateAuthority> authority = Optional.empty();
    private Optional<ServingPair> pair = Optional.empty();
    private Bundle published = Bundle.EMPTY;
    private List<Bundle> entries = List.of(Bundle.EMPTY, Bundle.EMPTY);
    private final List<Follower<ServingPair>> replicas = new ArrayList<>();
    private final List<Follower<List<Bundle>>> apiServers = new ArrayList<>();
    private Optional<Instant> trustedSince = Optional.empty();
    private Optional<X509Certificate> trusted = Optional.empty();
    private int authoritiesMade;
    private int leavesIssued;

    /** Something that is seen later than it is there, in the order in which it changed. */
    private static final class Follower<T> {
      private final Deque<T> coming = new ArrayDeque<>();
      private final Deque<Instant> comes = new ArrayDeque<>();
      private Optional<T> seen = Optional.empty();
      private Optional<T> last = Optional.empty();

      void pass(T is, Instant now, int lag) {
        if (!Optional.of(is).equals(last)) {
          last = Optional.of(is);
          Instant arrival = now.plusSeconds(lag);
          comes.addLast(
              !comes.isEmpty() && comes.getLast().isAfter(arrival) ? comes.getLast() : arrival);
          coming.addLast(is);
        }
        while (!comes.isEmpty() && !now.isBefore(comes.getFirst())) {
          comes.removeFirst();
          seen = Optional.of(coming.removeFirst());
        }
      }
    }

    World(Random random, int accidentEvery) {
      this.random = random;
      this.accidentEvery = accidentEvery;
      for (int i = 0; i < 3; i++) {
        replicas.add(new Follower<>());
      }
      apiServers.add(new Follower<>());
      apiServers.add(new Follower<>());
    }

    void run() {
      for (int second = 0; second < SECONDS; second++) {
        pass();
        if (accidentEvery > 0 && random.nextInt(accidentEvery) == 0) {
          accident();
        }
        if (random.nextInt(200) == 0) {
          trustedSince = Optional.empty(); // another controller leads
          trusted = Optional.empty();
        }
        if (random.nextInt(100) == 0) {
          replicas.set(random.nextInt(replicas.size()), new Follower<>()); // a new pod
        }
        if (random.nextInt(4) > 0) {
          control();
        }
        check();
      }
    }

    /** Time without anything that happens from outside, and before anything is due. */
    void rest() {
      for (int second = 0; second < 60; second++) {
        pass();
        control();
        check();
      }
    }

    private void pass() {
      now = now.plusSeconds(1);
      // What is no pair leaves the last good one where it is.
      pair.ifPresent(is -> replicas.forEach(replica -> replica.pass(is, now, random.nextInt(10))));
      replicas.stream()
          .filter(replica -> pair.isEmpty() && replica.last.isPresent())
          .forEach(replica -> replica.pass(replica.last.get(), now, 0));
      int most = (int) LIFETIMES.settle().toSeconds() - 2;
      apiServers.forEach(seen -> seen.pass(entries, now, 1 + random.nextInt(most)));
    }

    private void accident() {
      switch (random.nextInt(4)) {
        case 0 -> authority = Optional.empty();
        case 1 -> {
          pair = Optional.empty();
          published = Bundle.EMPTY;
        }
        case 2 -> published = Bundle.EMPTY;
        default -> {
          authority = Optional.empty();
          pair = Optional.empty();
          published = Bundle.EMPTY;
        }
      }
    }

    private Replicas ask() {
      boolean all = random.nextInt(10) > 0;
      List<X509Certificate> served = new ArrayList<>();
      for (Follower<ServingPair> replica : replicas) {
        if (replica.seen.isPresent() && (all || random.nextBoolean())) {
          served.add(replica.seen.get().leaf());
        }
      }
      return new Replicas(served, all);
    }

    private void control() {
      Optional<Replicas> asked = Optional.empty();
      for (int i = 0; i < 30; i++) {
        remember();
        Step step =
            rotation.next(
                new Situation(
                    now, authority, pair, published, entries, trustedSince, asked, Wanted.NOTHING));
        if (step instanceof Step.MakeAuthority) {
          authority = Optional.of(CertificateAuthority.create(now, AUTHORITY));
          authoritiesMade++;
        } else if (step instanceof Step.AskReplicas) {
          asked = Optional.of(ask());
        } else if (step instanceof Step.Publish publish) {
          published = publish.bundle();
        } else if (step instanceof Step.Inject inject) {
          entries = List.of(inject.bundle(), inject.bundle());
        } else if (step instanceof Step.Issue issue) {
          published = issue.bundle();
          pair = Optional.of(authority.orElseThrow().issue(TestPairs.NAME, now, LEAF));
          leavesIssued++;
        } else {
          return;
        }
        if (random.nextInt(10) == 0) {
          return; // interrupted between any two steps
        }
      }
      throw new AssertionError("no end of steps");
    }

    private void remember() {
      Optional<X509Certificate> current = authority.map(CertificateAuthority::certificate);
      if (current.isEmpty() || !entries.stream().allMatch(entry -> entry.contains(current.get()))) {
        trusted = Optional.empty();
        trustedSince = Optional.empty();
      } else if (!current.equals(trusted)) {
        trusted = current;
        trustedSince = Optional.of(now);
      }
    }

    private void check() {
      for (Follower<ServingPair> replica : replicas) {
        for (Follower<List<Bundle>> apiServer : apiServers) {
          // Before the first bundle has come nothing of anybody is trusted: that is an install.
          for (Bundle bundle : apiServer.seen.orElse(List.of())) {
            if (replica.seen.isPresent() && !bundle.authorities().isEmpty()) {
              assertThat(bundle.verifies(replica.seen.get().chain(), now)).isTrue();
            }
          }
        }
      }
    }
  }
}
