#ifndef HOLDFAST_SOCKETS_H
#define HOLDFAST_SOCKETS_H

/* The TCP sockets of this network namespace, seen without privileges: by netlink (sock_diag), which tells when data
 * last moved and which sockets were closed, or by /proc/net where netlink is denied or tcp_diag is missing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tcp_state { /* as the kernel numbers them, in netlink and in /proc */
	SOCKET_ESTABLISHED = 1,
	SOCKET_SYN_RECV = 3,
	SOCKET_FIN_WAIT1 = 4,
	SOCKET_FIN_WAIT2 = 5,
	SOCKET_TIME_WAIT = 6,
	SOCKET_CLOSE_WAIT = 8,
	SOCKET_LAST_ACK = 9,
	SOCKET_LISTEN = 10,
	SOCKET_CLOSING = 11,
};

struct tcp_socket {
	uint8_t local[16], remote[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t local_port, remote_port;
	uint8_t state;         /* enum tcp_state, or 7 once closed */
	uint8_t retransmits;   /* while SYN_RECV: how often our answer was repeated */
	bool queued;           /* bytes wait to be read by the program, or to be sent */
	bool measured;         /* the following are known */
	uint32_t received_ms;  /* since the last data came in, or since the handshake */
	uint32_t sent_ms;      /* since the last data went out, or since the handshake */
	uint32_t segments;     /* that came in with data */
	uint64_t identity;     /* the same for the same connection, by netlink or by /proc */
};

typedef void socket_visitor(const struct tcp_socket *socket, void *context);

enum sockets_result {
	SOCKETS_READ,   /* all of them */
	SOCKETS_LOST,   /* some are missing: short of memory, or too many at once */
	SOCKETS_DENIED, /* this way never works here; errno says why */
};

struct sockets {
	int dumps;  /* netlink socket for questions, -1: none */
	int closed; /* netlink socket that is told about closed sockets, -1: none */
	uint32_t sequence;
};

/* Opens what can be opened; SOCKETS_DENIED unless questions can be asked. `closed` alone may be missing. */
enum sockets_result sockets_open(struct sockets *sockets);

/* Visits the listening sockets, or all others that may carry data. Never blocks. */
enum sockets_result sockets_dump(struct sockets *sockets, bool listening, socket_visitor *visit, void *context);

/* Visits the sockets that were closed since the last call. Never blocks. */
enum sockets_result sockets_closed(struct sockets *sockets, socket_visitor *visit, void *context);

/* Closes a socket of our own. Once sockets_closed visits its identity, so it did most that were closed before: a busy
 * node tells late, in one queue a processor. 0: not possible. */
uint64_t sockets_mark(void);

void sockets_close(struct sockets *sockets);

/* Visits what /proc/net/tcp and tcp6 list, listening sockets and those in TIME_WAIT too. */
enum sockets_result sockets_proc(socket_visitor *visit, void *context);

/* Counters of the namespace since its start. */
struct tcp_counters {
	uint64_t passive_opens; /* connections accepted by any listening socket */
	uint64_t segments_in;
};

bool sockets_counters(struct tcp_counters *counters);

/* The parsers behind these, for untrusted bytes. */

enum netlink_end { NETLINK_MORE, NETLINK_COMPLETE, NETLINK_FAILED /* errno is set */ };

/* One datagram of netlink messages. Those with another sequence number are skipped, unless it is 0. */
enum netlink_end sockets_parse_netlink(const void *bytes, size_t length, uint32_t sequence, socket_visitor *visit,
	void *context);

/* One line of /proc/net/tcp (tcp6: `six`), ended by a zero byte. False: not a socket. */
bool sockets_parse_line(const char *line, bool six, struct tcp_socket *socket);

/* The contents of /proc/net/snmp, ended by a zero byte. */
bool sockets_parse_counters(const char *text, struct tcp_counters *counters);

#endif
