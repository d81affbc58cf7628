#ifndef HOLDFAST_INET_DIAG_H
#define HOLDFAST_INET_DIAG_H

/* What we use of the kernel's ABI in linux/netlink.h, linux/rtnetlink.h, linux/sock_diag.h and linux/inet_diag.h:
 * musl ships no kernel headers, and cross compilers disagree on where they are. Numbers are in host order but where
 * the type's name says otherwise. */

#include <stddef.h>
#include <stdint.h>

typedef uint16_t be16; /* network order */

enum {
	NETLINK_SOCK_DIAG = 4,
	SOL_NETLINK_OPTIONS = 270, /* SOL_NETLINK */
	NETLINK_ADD_MEMBERSHIP = 1,
};

struct netlink_address { /* sockaddr_nl */
	uint16_t family;
	uint16_t pad;
	uint32_t port;
	uint32_t groups;
};

struct netlink_header { /* nlmsghdr */
	uint32_t length;
	uint16_t type;
	uint16_t flags;
	uint32_t sequence;
	uint32_t port;
};

enum netlink_type {
	NETLINK_ERROR = 2, /* followed by a negative errno */
	NETLINK_DONE = 3,
	SOCK_DIAG_BY_FAMILY = 20,
};

enum netlink_flags {
	NETLINK_REQUEST = 1,
	NETLINK_DUMP = 0x300,
};

enum sock_diag_group { /* sknetlink_groups */
	SOCK_DIAG_TCP_DESTROY = 1,
	SOCK_DIAG_TCP6_DESTROY = 3,
};

struct diag_socket_id { /* inet_diag_sockid */
	be16 local_port;
	be16 remote_port;
	uint8_t local[16];
	uint8_t remote[16];
	uint32_t interface;
	uint32_t cookie[2];
};

struct diag_request { /* inet_diag_req_v2 */
	uint8_t family;
	uint8_t protocol;
	uint8_t extensions;
	uint8_t pad;
	uint32_t states;
	struct diag_socket_id id;
};

struct diag_message { /* inet_diag_msg */
	uint8_t family;
	uint8_t state;
	uint8_t timer;
	uint8_t retransmits;
	struct diag_socket_id id;
	uint32_t expires;
	uint32_t receive_queue;
	uint32_t send_queue;
	uint32_t uid;
	uint32_t inode;
};

struct diag_attribute { /* rtattr */
	uint16_t length;
	uint16_t type;
};

#define DIAG_INFO 2 /* INET_DIAG_INFO: a struct tcp_info follows, as long as the kernel knows it */

struct diag_info { /* the beginning of tcp_info; that of glibc 2.36 is shorter */
	uint32_t before[11];
	uint32_t last_data_sent; /* milliseconds ago, as all times here */
	uint32_t last_ack_sent;  /* always 0 */
	uint32_t last_data_received;
	uint32_t between[20];
	uint32_t segments_out, segments_in;
	uint32_t unsent_bytes;
	uint32_t least_round_trip;
	uint32_t data_segments_in;
};

_Static_assert(sizeof(struct netlink_header) == 16, "ABI");
_Static_assert(sizeof(struct diag_request) == 56, "ABI");
_Static_assert(sizeof(struct diag_message) == 72, "ABI");
_Static_assert(offsetof(struct diag_info, last_data_received) == 52, "ABI");
_Static_assert(offsetof(struct diag_info, data_segments_in) == 152, "ABI");

#endif
