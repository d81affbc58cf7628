/* What the kernel says of sockets: the bytes as they are, and as the payload of one well-formed message. */

#include <errno.h>

#include "fuzz.h"
#include "inet_diag.h"
#include "sockets.h"

static void visit(const struct tcp_socket *socket, void *context)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t *visited = context;
	++*visited;
	if (!socket->measured)
		MUST(!socket->received_ms && !socket->sent_ms && !socket->segments);
	if (!memcmp(socket->local, mapped, sizeof mapped))
		MUST(socket->state != SOCKET_LISTEN || !socket->queued);
}

static void parse(const uint8_t *bytes, size_t length, uint32_t sequence)
{
	size_t visited = 0;
	errno = 0;
	enum netlink_end end = sockets_parse_netlink(bytes, length, sequence, visit, &visited);
	MUST((end == NETLINK_FAILED) == (errno != 0));
	MUST(visited <= length / (sizeof(struct netlink_header) + sizeof(struct diag_message)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct netlink_header header = { .length = (uint32_t)(sizeof header + length), .type = SOCK_DIAG_BY_FAMILY,
		.sequence = 5 };
	uint8_t *copy = malloc(sizeof header + length);
	MUST(copy);
	memcpy(copy, &header, sizeof header);
	if (length)
		memcpy(copy + sizeof header, bytes, length);
	parse(copy, sizeof header + length, 5);
	parse(copy, sizeof header + length, 0);
	free(copy);

	copy = malloc(length ? length : 1);
	MUST(copy);
	if (length)
		memcpy(copy, bytes, length);
	parse(copy, length, 0);
	free(copy);
	return 0;
}
