#include "drain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

/* Closed sockets are read at most ten times a second: a busy server must not pay for each connection. The queue
 * holds what 1,500 connections a second leave in that time; more overflow it, which is traffic as well. */
#define REST_MS 100

/* A look at all connections costs the more the larger the node is, and /proc costs fifty times as much as netlink. */
#define PROC_LOOK_MS 500
#define CONNECTIONS_LOOK_MS 1000

/* A probe is over after its timeout, which is a second unless set, and up to three where Holdfast raises it. Its request
 * is there within the first second: one data segment if it is plain HTTP, up to eight with TLS or gRPC. What lives longer
 * or carries more is no probe. */
#define PROBE_MS 3000
#define PROBE_REQUEST_MS 1000
#define PROBE_SEGMENTS 8
#define UNDECIDED_LOOK_MS 250

/* How late news of closed sockets may be before it is waited for no more. A node whose processors are all busy was seen
 * to take 0.7 s. */
#define MARK_MS 1000

void drain_defaults(struct drain_options *options)
{
	*options = (struct drain_options){ .quiet_ms = 5000, .min_ms = 5000, .max_ms = 25000 };
}

/* The next of a list "a,b,c"; false at its end or when it is too long for the buffer (*rest is then not NULL). */
static bool next_item(const char **rest, char *item, size_t size)
{
	if (!*rest)
		return false;
	size_t length = strcspn(*rest, ",");
	if (length >= size)
		return false;
	memcpy(item, *rest, length);
	item[length] = 0;
	*rest = (*rest)[length] ? *rest + length + 1 : NULL;
	return true;
}

/* Adds to what earlier options named, as the next does. */
static bool add_ports(struct drain_options *options, const char *list)
{
	char item[8];
	uint32_t port;
	while (next_item(&list, item, sizeof item)) {
		if (options->port_count == DRAIN_PORTS || !parse_u32(item, &port) || port < 1 || port > UINT16_MAX)
			return false;
		options->ports[options->port_count++] = (uint16_t)port;
	}
	return !list;
}

/* An empty list is one that the downward API had nothing to put into. */
static bool add_ignored(struct drain_options *options, const char *list)
{
	char item[64];
	if (!*list)
		return true;
	while (next_item(&list, item, sizeof item))
		if (options->ignore_count == DRAIN_IGNORES ||
			!parse_cidr(item, &options->ignore[options->ignore_count++]))
			return false;
	return !list;
}

/* "4/2s" */
static bool set_probe_budget(struct drain_options *options, const char *value)
{
	char count[8];
	size_t length = strcspn(value, "/");
	uint32_t budget;
	int64_t period;
	if (length >= sizeof count || !value[length])
		return false;
	memcpy(count, value, length);
	count[length] = 0;
	if (!parse_u32(count, &budget) || budget < 1 || budget > DRAIN_PROBES ||
		!parse_duration(value + length + 1, &period) || period < 1)
		return false;
	options->probe_budget = budget;
	options->probe_period_ms = period;
	return true;
}

static bool set_quiet(struct drain_options *options, const char *value)
{
	return parse_duration(value, &options->quiet_ms);
}

static bool set_quiet_connections(struct drain_options *options, const char *value)
{
	return parse_duration(value, &options->quiet_connections_ms);
}

static bool set_min(struct drain_options *options, const char *value)
{
	return options->min_given = parse_duration(value, &options->min_ms);
}

static bool set_max(struct drain_options *options, const char *value)
{
	return options->max_given = parse_duration(value, &options->max_ms);
}

int drain_option(struct drain_options *options, const char *name, const char *value)
{
	static const char duration[] = "a duration such as 5, 5s, 500ms or 2m";
	static const struct {
		const char *name;
		bool (*set)(struct drain_options *options, const char *value);
		const char *expected;
	} known[] = {
		{ "--ports", add_ports, "up to 64 ports such as 8080,9090" },
		{ "--quiet", set_quiet, duration },
		{ "--quiet-connections", set_quiet_connections, duration },
		{ "--min", set_min, duration },
		{ "--max", set_max, duration },
		{ "--ignore", add_ignored, "up to 32 addresses or networks such as 10.0.0.1,fd00::/8" },
		{ "--probe-budget", set_probe_budget, "up to 1000 connections in a duration such as 3/10s" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(name, known[i].name))
			continue;
		if (value && known[i].set(options, value))
			return 1;
		complain("%s is %s: %s expected", name, value ? harmless(value) : "without a value", known[i].expected);
		return -1;
	}
	return 0;
}

bool drain_settle(struct drain_options *options)
{
	if (options->min_ms <= options->max_ms)
		return true;
	if (options->min_given && options->max_given) {
		complain("--min is more than --max");
		return false;
	}
	if (options->min_given)
		options->max_ms = options->min_ms;
	else
		options->min_ms = options->max_ms;
	return true;
}

static const char *address_text(const uint8_t address[16], char text[INET6_ADDRSTRLEN])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (!memcmp(address, mapped, sizeof mapped))
		return inet_ntop(AF_INET, address + 12, text, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

static bool is_loopback(const uint8_t address[16])
{
	static const struct cidr four = { { [10] = 0xff, [11] = 0xff, [12] = 127 }, 104 };
	static const struct cidr six = { { [15] = 1 }, 128 };
	return cidr_contains(&four, address) || cidr_contains(&six, address);
}

static bool is_ignored(const struct drain *drain, const uint8_t address[16])
{
	for (size_t i = 0; i < drain->options->ignore_count; i++)
		if (cidr_contains(&drain->options->ignore[i], address))
			return true;
	return false;
}

static void watch(struct drain *drain, uint16_t port)
{
	drain->watched[port / 8] |= (uint8_t)(1u << port % 8);
}

/* From loopback, or from our own address: the container speaks to itself. */
static bool is_own(const struct tcp_socket *socket)
{
	return is_loopback(socket->remote) || !memcmp(socket->local, socket->remote, sizeof socket->local);
}

static bool is_inbound(const struct drain *drain, const struct tcp_socket *socket)
{
	return drain->watched[socket->local_port / 8] >> socket->local_port % 8 & 1 && !is_own(socket);
}

static void see_listening(const struct tcp_socket *socket, void *context)
{
	struct drain *drain = context;
	if (socket->state == SOCKET_LISTEN && !is_loopback(socket->local))
		watch(drain, socket->local_port);
}

/* There was traffic; from whom, if that is known. */
static void traffic(struct drain *drain, int64_t at_ms, const uint8_t *from)
{
	if (at_ms <= drain->traffic_ms)
		return;
	say_debug("drain: traffic %" PRId64 " ms ago", drain->now_ms - at_ms);
	drain->traffic_ms = at_ms;
	memset(drain->traffic_from, 0, sizeof drain->traffic_from);
	if (from)
		memcpy(drain->traffic_from, from, sizeof drain->traffic_from);
}

static void new_connection(struct drain *drain, int64_t at_ms)
{
	if (at_ms > drain->connection_ms)
		drain->connection_ms = at_ms;
}

static void busy(struct drain *drain, const uint8_t from[16])
{
	const size_t room = sizeof drain->busy_from / sizeof *drain->busy_from;
	drain->busy++;
	for (size_t i = 0; i < drain->busy_addresses && i < room; i++)
		if (!memcmp(drain->busy_from[i], from, 16))
			return;
	if (drain->busy_addresses < room)
		memcpy(drain->busy_from[drain->busy_addresses], from, 16);
	if (drain->busy_addresses <= room)
		drain->busy_addresses++;
}

/* Whether the budget has room for one more probe; if so it is used. What is refused uses up nothing: it was traffic. */
static bool is_probe(struct drain *drain, int64_t at_ms)
{
	const struct drain_options *options = drain->options;
	int64_t *oldest = &drain->probes[drain->next_probe];
	if (*oldest && at_ms - *oldest < options->probe_period_ms)
		return false;
	*oldest = at_ms;
	drain->next_probe = (drain->next_probe + 1) % options->probe_budget;
	return true;
}

static bool is_known(struct drain *drain, const struct tcp_socket *socket, int64_t *first_ms)
{
	*first_ms = drain->now_ms;
	if (drain->looking_at_closed)
		return ledger_knows(&drain->ledger, socket->identity, first_ms);
	return ledger_note(&drain->ledger, socket->identity, drain->now_ms, first_ms);
}

/* The earliest time at which it can be over, as far as is known. The last look told how long the busiest connection
 * had been idle, and closed ones are told: until then there is no need to look. */
static int64_t earliest_end(const struct drain *drain)
{
	const struct drain_options *options = drain->options;
	int64_t end = drain->traffic_ms + options->quiet_ms;
	if (options->quiet_connections_ms && end > drain->connection_ms + options->quiet_connections_ms)
		end = drain->connection_ms + options->quiet_connections_ms;
	if (drain->sight == BLIND)
		end = drain->begin_ms + options->quiet_ms;
	if (end < drain->begin_ms + options->min_ms)
		end = drain->begin_ms + options->min_ms;
	if (end > drain->begin_ms + options->max_ms)
		end = drain->begin_ms + options->max_ms;
	return end;
}

/* An open connection within the budget whose client still waits for something, or that had more than one segment. */
static bool is_in_use(const struct tcp_socket *socket)
{
	/* the last data came in at the handshake if there was none */
	bool has_data = socket->segments || socket->sent_ms < socket->received_ms;
	return socket->segments >= 2 || (has_data && socket->state == SOCKET_ESTABLISHED);
}

/* A connection from an address that sends probes, and behind which clients may hide whose address was rewritten. */
static bool is_traffic(struct drain *drain, const struct tcp_socket *socket, int64_t at_ms)
{
	int64_t first_ms;
	bool known = is_known(drain, socket, &first_ms);
	if (!known && !drain->first_look && !is_probe(drain, at_ms)) {
		new_connection(drain, at_ms);
		return true;
	}
	/* it is at least as old as the older of its last data in and out, a download as old as its request */
	int64_t received_ms = drain->now_ms - socket->received_ms, sent_ms = drain->now_ms - socket->sent_ms;
	first_ms = first_ms < received_ms ? first_ms : received_ms;
	first_ms = first_ms < sent_ms ? first_ms : sent_ms;
	bool young = drain->now_ms - first_ms < PROBE_MS;
	if (at_ms - first_ms >= PROBE_MS || socket->segments > PROBE_SEGMENTS)
		return true;
	if (drain->looking_at_closed) /* TLS takes three segments at least: two are two requests */
		return socket->segments == 2 || (socket->segments > 2 && !young);
	if (!is_in_use(socket))
		return false;
	if (!young || (socket->segments >= 2 && received_ms - first_ms >= PROBE_REQUEST_MS))
		return true;
	/* those that come while we wait for others do not count: probes without a gap would never let it end */
	if (at_ms > drain->traffic_ms && first_ms <= earliest_end(drain))
		drain->undecided = true;
	return false;
}

/* A socket as netlink shows it, alive or just closed. */
static void see(const struct tcp_socket *socket, void *context)
{
	struct drain *drain = context;
	const struct drain_options *options = drain->options;
	drain->resting |= drain->looking_at_closed;
	drain->mark_seen |= drain->looking_at_closed && socket->identity == drain->mark;
	if (!is_inbound(drain, socket))
		return;
	bool ignored = is_ignored(drain, socket->remote);
	if (ignored && !options->probe_budget)
		return;
	if (!socket->measured) {
		/* a client that answered nothing for a second may never do so */
		if (socket->state == SOCKET_SYN_RECV && !socket->retransmits && !ignored)
			traffic(drain, drain->now_ms, socket->remote);
		return;
	}

	bool received_last = socket->received_ms < socket->sent_ms;
	int64_t idle_ms = received_last ? socket->received_ms : socket->sent_ms;
	int64_t at_least_old_ms = received_last ? socket->sent_ms : socket->received_ms;
	int64_t at_ms = drain->now_ms - idle_ms;
	if (ignored && !is_traffic(drain, socket, at_ms))
		return;
	int64_t first_ms;
	if (!ignored && options->quiet_connections_ms && !is_known(drain, socket, &first_ms) && !drain->first_look)
		new_connection(drain, drain->now_ms - at_least_old_ms);
	traffic(drain, at_ms, socket->remote);
	if (!drain->looking_at_closed && idle_ms < options->quiet_ms)
		busy(drain, socket->remote);
}

/* A socket as /proc shows it: nothing tells when data moved, only that there is some. */
static void see_in_proc(const struct tcp_socket *socket, void *context)
{
	struct drain *drain = context;
	int64_t first_ms;
	if (socket->state == SOCKET_LISTEN)
		return;
	if (!is_inbound(drain, socket)) {
		if (socket->state != SOCKET_TIME_WAIT)
			drain->elsewhere = true;
		return;
	}
	bool known = ledger_note(&drain->ledger, socket->identity, drain->now_ms, &first_ms) || drain->first_look;
	if (!known)
		drain->seen_opens++;
	if (is_ignored(drain, socket->remote)) {
		bool old = drain->now_ms - first_ms >= PROBE_MS && socket->state == SOCKET_ESTABLISHED && socket->queued;
		if (!drain->options->probe_budget || (known ? !old : is_probe(drain, drain->now_ms)))
			return;
	}
	if (!known)
		new_connection(drain, drain->now_ms);
	if (!known || socket->queued)
		traffic(drain, drain->now_ms, socket->remote);
	if (socket->state == SOCKET_ESTABLISHED)
		busy(drain, socket->remote);
}

/* Connections too short to be seen, and data on those that stay, show in the counters of the namespace only. */
static void count_in_proc(struct drain *drain)
{
	struct tcp_counters before = drain->counters;
	if (!sockets_counters(&drain->counters) || drain->first_look)
		return;
	uint64_t opens = drain->counters.passive_opens - before.passive_opens;
	/* nobody knows where they came from: without a budget all are traffic */
	bool may_be_probes = drain->options->ignore_count && drain->options->probe_budget;
	for (uint64_t unseen = opens > drain->seen_opens ? opens - drain->seen_opens : 0; unseen; unseen--) {
		if (may_be_probes && is_probe(drain, drain->now_ms))
			continue;
		new_connection(drain, drain->now_ms);
		traffic(drain, drain->now_ms, NULL);
		break;
	}
	/* only when no other connection can have caused them */
	if (!opens && drain->busy && !drain->elsewhere && drain->counters.segments_in != before.segments_in)
		traffic(drain, drain->now_ms, NULL);
}

static enum sockets_result look_in_proc(struct drain *drain)
{
	enum sockets_result result = SOCKETS_READ;
	if (!drain->options->port_count)
		result = sockets_proc(see_listening, drain);
	if (result == SOCKETS_READ)
		result = sockets_proc(see_in_proc, drain);
	if (result != SOCKETS_DENIED)
		count_in_proc(drain);
	return result;
}

static enum sockets_result look_by_netlink(struct drain *drain)
{
	enum sockets_result result = SOCKETS_READ;
	if (!drain->options->port_count)
		result = sockets_dump(&drain->sockets, true, see_listening, drain);
	if (result == SOCKETS_READ)
		result = sockets_dump(&drain->sockets, false, see, drain);
	if (drain->sockets.closed < 0)
		count_in_proc(drain);
	return result;
}

static enum sockets_result look_once(struct drain *drain)
{
	ledger_turn(&drain->ledger);
	drain->look_ms = drain->now_ms;
	drain->undecided = false;
	drain->busy = 0;
	drain->busy_addresses = 0;
	drain->seen_opens = 0;
	drain->elsewhere = drain->sight != BY_PROC;
	switch (drain->sight) {
	case BY_NETLINK:
		return look_by_netlink(drain);
	case BY_PROC:
		return look_in_proc(drain);
	case BLIND:
		break;
	}
	return SOCKETS_READ;
}

/* Looks at all connections, in the way that works here. */
static void look(struct drain *drain)
{
	enum sockets_result result;
	while ((result = look_once(drain)) == SOCKETS_DENIED) {
		if (drain->sight == BY_NETLINK) {
			say("drain: no sock_diag (%s), reading /proc/net/tcp", strerror(errno));
			sockets_close(&drain->sockets);
			drain->sight = BY_PROC;
			/* identities are others: what was known helps no more */
			drain->first_look = true;
		} else {
			say("drain: cannot see connections (%s), only waiting", strerror(errno));
			drain->sight = BLIND;
		}
	}
	if (result == SOCKETS_LOST)
		traffic(drain, drain->now_ms, NULL);
	drain->first_look = false;
}

/* Reads which sockets were closed, but not too often. */
static void look_at_closed(struct drain *drain)
{
	if (drain->sight != BY_NETLINK || (drain->resting && drain->now_ms < drain->rest_ms))
		return;
	drain->looking_at_closed = true;
	drain->resting = false;
	if (sockets_closed(&drain->sockets, see, drain) == SOCKETS_LOST) {
		say_debug("drain: more connections were closed than could be told");
		traffic(drain, drain->now_ms, NULL);
		drain->resting = true;
	}
	drain->rest_ms = drain->now_ms + REST_MS;
	drain->looking_at_closed = false;
}

/* When to look at all connections. */
static int64_t next_look(const struct drain *drain)
{
	int64_t end = earliest_end(drain), step = INT64_MAX;
	int64_t last = drain->begin_ms + drain->options->max_ms;
	if (drain->sight == BLIND)
		return end;
	if (drain->undecided)
		return drain->look_ms + UNDECIDED_LOOK_MS < last ? drain->look_ms + UNDECIDED_LOOK_MS : last;
	if (drain->sight == BY_PROC || drain->sockets.closed < 0)
		step = PROC_LOOK_MS;
	else if (drain->options->quiet_connections_ms)
		step = CONNECTIONS_LOOK_MS;
	return step < end - drain->look_ms ? drain->look_ms + step : end;
}

static bool is_quiet(const struct drain *drain, int64_t since_ms, int64_t wanted_ms)
{
	return drain->now_ms - since_ms >= wanted_ms && drain->now_ms - drain->begin_ms >= drain->options->min_ms;
}

static enum drain_state decide(struct drain *drain)
{
	const struct drain_options *options = drain->options;
	if (drain->sight == BLIND ? is_quiet(drain, drain->begin_ms, options->quiet_ms)
				  : !drain->undecided && is_quiet(drain, drain->traffic_ms, options->quiet_ms))
		drain->end = drain->sight == BLIND ? ENDED_BLIND : ENDED_QUIET;
	else if (options->quiet_connections_ms && drain->sight != BLIND &&
		is_quiet(drain, drain->connection_ms, options->quiet_connections_ms))
		drain->end = ENDED_BY_CONNECTIONS;
	else if (drain->now_ms - drain->begin_ms >= options->max_ms)
		drain->end = ENDED_MAX;
	else
		return DRAIN_RUNNING;
	return drain->end == ENDED_MAX ? DRAIN_MAX : DRAIN_QUIET;
}

/* Whether no news of a closed socket is still on its way. */
static bool is_up_to_date(struct drain *drain)
{
	if (drain->sight != BY_NETLINK || drain->sockets.closed < 0)
		return true;
	if (drain->mark)
		return drain->mark_seen || drain->now_ms - drain->mark_ms >= MARK_MS;
	drain->mark = sockets_mark();
	drain->mark_ms = drain->now_ms;
	drain->mark_seen = false;
	drain->resting = false;
	return !drain->mark;
}

bool drain_begin(struct drain *drain, const struct drain_options *options, int64_t now_ms)
{
	*drain = (struct drain){ .options = options, .now_ms = now_ms, .begin_ms = now_ms, .traffic_ms = now_ms,
		.connection_ms = now_ms, .first_look = true };
	for (size_t i = 0; i < options->port_count; i++)
		watch(drain, options->ports[i]);
	if (sockets_open(&drain->sockets) == SOCKETS_DENIED) {
		say("drain: no netlink (%s), reading /proc/net/tcp", strerror(errno));
		sockets_close(&drain->sockets);
		drain->sight = BY_PROC;
	}
	look(drain);
	say_debug("drain: %s, quiet %" PRId64 " ms, min %" PRId64 " ms, max %" PRId64 " ms, %" PRIu32 " connections with data in"
		" the last quiet period", drain->sight == BY_NETLINK ? "sock_diag" : drain->sight == BY_PROC ? "/proc" : "blind",
		options->quiet_ms, options->min_ms, options->max_ms, drain->busy);
	return drain->sight != BLIND;
}

int drain_fd(const struct drain *drain)
{
	return drain->resting ? -1 : drain->sockets.closed;
}

int64_t drain_due(const struct drain *drain)
{
	int64_t due = next_look(drain);
	int64_t last = drain->begin_ms + drain->options->max_ms;
	if (drain->hurried)
		return drain->now_ms;
	if (drain->mark)
		due = drain->mark_ms + MARK_MS < last ? drain->mark_ms + MARK_MS : last;
	return drain->resting && drain->rest_ms < due ? drain->rest_ms : due;
}

enum drain_state drain_step(struct drain *drain, int64_t now_ms)
{
	drain->now_ms = now_ms;
	if (drain->hurried) {
		drain->end = ENDED_EARLY;
		return DRAIN_MAX;
	}
	look_at_closed(drain);
	if (now_ms < next_look(drain)) {
		drain->mark = 0;
		return DRAIN_RUNNING;
	}
	bool may_end = now_ms >= earliest_end(drain), must_end = now_ms - drain->begin_ms >= drain->options->max_ms;
	if (may_end && !must_end && !is_up_to_date(drain))
		return DRAIN_RUNNING;
	drain->mark = 0;
	look(drain);
	/* those that were closed meanwhile */
	look_at_closed(drain);
	return decide(drain);
}

void drain_hurry(struct drain *drain)
{
	drain->hurried = true;
}

/* "3.1": seconds with one digit */
static const char *seconds(int64_t ms, char text[24])
{
	snprintf(text, 24, "%" PRId64 ".%" PRId64, ms / 1000, ms % 1000 / 100);
	return text;
}

/* "2 busy connections from 10.1.0.7, 10.1.0.9" */
static void busy_text(const struct drain *drain, char *text, size_t size)
{
	const size_t room = sizeof drain->busy_from / sizeof *drain->busy_from;
	char address[INET6_ADDRSTRLEN];
	size_t at = (size_t)snprintf(text, size, "%" PRIu32 " %s connection%s", drain->busy,
		drain->sight == BY_PROC ? "open" : "busy", drain->busy == 1 ? "" : "s");
	for (size_t i = 0; i < drain->busy_addresses && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : " from ",
			i < room ? address_text(drain->busy_from[i], address) : "others");
}

void drain_tell(const struct drain *drain, int64_t now_ms)
{
	static const uint8_t nobody[16];
	char took[24], quiet[24], which[320], address[INET6_ADDRSTRLEN];
	seconds(now_ms - drain->begin_ms, took);
	busy_text(drain, which, sizeof which);
	switch (drain->end) {
	case NOT_ENDED:
		break;
	case ENDED_QUIET:
		say("drain: quiet after %s s", took);
		break;
	case ENDED_BY_CONNECTIONS:
		say("drain: quiet after %s s: no new connection for %s s, still %s", took,
			seconds(now_ms - drain->connection_ms, quiet), which);
		break;
	case ENDED_BLIND:
		say("drain: cannot see connections, waited %s s", took);
		break;
	case ENDED_MAX:
		if (drain->busy || drain->traffic_ms == drain->begin_ms)
			say("drain: max reached with %s after %s s", which, took);
		else
			say("drain: max reached with %s after %s s, last traffic %s s ago from %s", which, took,
				seconds(now_ms - drain->traffic_ms, quiet),
				memcmp(drain->traffic_from, nobody, 16) ? address_text(drain->traffic_from, address)
									 : "an unknown address");
		break;
	case ENDED_EARLY:
		say("drain: ended early by a second signal after %s s", took);
		break;
	}
}

void drain_end(struct drain *drain)
{
	sockets_close(&drain->sockets);
	ledger_free(&drain->ledger);
}
