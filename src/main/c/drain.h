#ifndef HOLDFAST_DRAIN_H
#define HOLDFAST_DRAIN_H

/* Waits until the inbound TCP traffic of this network namespace is over. For use in an event loop:
 *
 *     drain_begin(&drain, &options, now_ms());
 *     do
 *         poll drain_fd(&drain) for reading, at most until drain_due(&drain)
 *     while ((state = drain_step(&drain, now_ms())) == DRAIN_RUNNING);
 *     drain_tell(&drain, now_ms());
 *     drain_end(&drain);
 *
 * Quiet is: no data in either direction on a connection that came in from another address than loopback, and no such
 * connection opened or closed, for a while. All times are those of CLOCK_MONOTONIC in milliseconds. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "parse.h"
#include "sockets.h"

#define DRAIN_PORTS 64
#define DRAIN_IGNORES 32
#define DRAIN_PROBES 1000 /* the largest budget */

struct drain_options {
	uint16_t ports[DRAIN_PORTS];
	size_t port_count; /* 0: those of the listening sockets that are not bound to loopback */
	int64_t quiet_ms, min_ms, max_ms;
	bool min_given, max_given;
	int64_t quiet_connections_ms; /* enough without a new connection, whatever the old ones do; 0: never */
	struct cidr ignore[DRAIN_IGNORES];
	size_t ignore_count;
	/* so many connections a period from ignored addresses are probes, more are traffic; 0: all are ignored */
	uint32_t probe_budget;
	int64_t probe_period_ms;
};

enum drain_state {
	DRAIN_RUNNING,
	DRAIN_QUIET,
	DRAIN_MAX, /* or told to hurry */
};

struct drain {
	const struct drain_options *options;
	enum { BY_NETLINK, BY_PROC, BLIND } sight;
	enum { NOT_ENDED, ENDED_QUIET, ENDED_BY_CONNECTIONS, ENDED_BLIND, ENDED_MAX, ENDED_EARLY } end;
	struct sockets sockets;

	int64_t now_ms, begin_ms;
	int64_t traffic_ms;    /* the last traffic that we know of, or the beginning */
	int64_t connection_ms; /* the last new connection, or the beginning */
	int64_t look_ms;       /* the last look at all connections */
	int64_t rest_ms;
	bool resting;          /* something was read: not again before rest_ms */
	uint64_t mark;         /* the socket that we closed to see how late such news is, 0: none */
	int64_t mark_ms;
	bool mark_seen;
	bool hurried;
	bool first_look;       /* what it shows was there before the drain */
	bool undecided;        /* a connection that may be a probe or not: look again soon */
	uint8_t traffic_from[16];

	struct ledger ledger;
	uint8_t watched[65536 / 8];   /* ports, one bit each */
	int64_t probes[DRAIN_PROBES]; /* when the last connections came that were taken for probes, a ring */
	size_t next_probe;

	/* of the last look */
	uint32_t busy;            /* connections with data within the last quiet_ms; by /proc: open ones */
	uint8_t busy_from[4][16]; /* some of their addresses, all different */
	size_t busy_addresses;    /* more than 4: there are others */
	bool looking_at_closed;
	/* by /proc */
	uint32_t seen_opens;      /* connections that were not there before */
	bool elsewhere;           /* there are other connections than inbound ones: they move the counters too */
	struct tcp_counters counters;
};

/* Pause settings as in the policy: quiet 5 s, at least 5 s, at most 25 s. */
void drain_defaults(struct drain_options *options);

/* Takes an option such as "--ports" "8080,9090"; the value is NULL if there is none. 1: taken. 0: not an option of the
 * drain. -1: a bad value, and that was told. */
int drain_option(struct drain_options *options, const char *name, const char *value);

/* To be called after the last option: a minimum or maximum that was not given yields to the other. False: both were, and
 * contradict each other, and that was told. */
bool drain_settle(struct drain_options *options);

/* Starts to look. The options must stay. False: the connections cannot be seen, and the drain will only wait. */
bool drain_begin(struct drain *drain, const struct drain_options *options, int64_t now_ms);

/* To poll for reading before the next step; -1: nothing. */
int drain_fd(const struct drain *drain);

/* When the next step is due at the latest. */
int64_t drain_due(const struct drain *drain);

/* To be called when drain_fd is readable, at drain_due, and whenever it suits. Never blocks. */
enum drain_state drain_step(struct drain *drain, int64_t now_ms);

/* The next step ends it. */
void drain_hurry(struct drain *drain);

/* Says why it ended, if it did. */
void drain_tell(const struct drain *drain, int64_t now_ms);

void drain_end(struct drain *drain);

/* holdfast-init drain: see commands.h. Becomes the command after "--", if there is one. */
int drain_main(int argc, char **argv);

#endif
