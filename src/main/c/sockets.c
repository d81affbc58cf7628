#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inet_diag.h"

/* The kernel fills at most 32 KiB at a time, and only if the reader's buffer has room for it. */
#define DATAGRAM_BYTES 32768

/* Events of short connections, about 1 KiB each; the kernel caps it at net.core.rmem_max. */
#define EVENT_QUEUE_BYTES (1 << 20)

#define STATE(state) (1u << (state))

/* Not TIME_WAIT: its end was told as closed. */
#define LIVE_STATES                                                                                                    \
	(STATE(SOCKET_ESTABLISHED) | STATE(SOCKET_SYN_RECV) | STATE(SOCKET_FIN_WAIT1) | STATE(SOCKET_FIN_WAIT2) |      \
		STATE(SOCKET_CLOSE_WAIT) | STATE(SOCKET_LAST_ACK) | STATE(SOCKET_CLOSING))

/* Netlink's parts start at multiples of four. */
static size_t aligned(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

static void set_address(uint8_t to[16], bool six, const void *from)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (six) {
		memcpy(to, from, 16);
	} else {
		memcpy(to, mapped, 12);
		memcpy(to + 12, from, 4);
	}
}

/* Older kernels know fewer fields: nothing is measured unless all that we use came. */
static void set_info(struct tcp_socket *socket, const uint8_t *bytes, size_t length)
{
	struct diag_info info;
	if (length < sizeof info)
		return;
	memcpy(&info, bytes, sizeof info);
	socket->measured = true;
	socket->received_ms = info.last_data_received;
	socket->sent_ms = info.last_data_sent;
	socket->segments = info.data_segments_in;
}

/* A diag_message and its attributes. */
static bool parse_socket(const uint8_t *bytes, size_t length, struct tcp_socket *socket)
{
	struct diag_message message;
	struct diag_attribute attribute;
	if (length < sizeof message)
		return false;
	memcpy(&message, bytes, sizeof message);
	if (message.family != AF_INET && message.family != AF_INET6)
		return false;
	*socket = (struct tcp_socket){
		.local_port = ntohs(message.id.local_port),
		.remote_port = ntohs(message.id.remote_port),
		.state = message.state,
		.retransmits = message.retransmits,
		.queued = message.state != SOCKET_LISTEN && (message.receive_queue || message.send_queue),
		.identity = (uint64_t)message.id.cookie[1] << 32 | message.id.cookie[0],
	};
	set_address(socket->local, message.family == AF_INET6, message.id.local);
	set_address(socket->remote, message.family == AF_INET6, message.id.remote);

	size_t at = sizeof message;
	while (at <= length && length - at >= sizeof attribute) {
		memcpy(&attribute, bytes + at, sizeof attribute);
		if (attribute.length < sizeof attribute || attribute.length > length - at)
			break;
		if (attribute.type == DIAG_INFO)
			set_info(socket, bytes + at + sizeof attribute, attribute.length - sizeof attribute);
		at += aligned(attribute.length);
	}
	return true;
}

enum netlink_end sockets_parse_netlink(const void *datagram, size_t length, uint32_t sequence, socket_visitor *visit,
	void *context)
{
	const uint8_t *bytes = datagram;
	struct netlink_header header;
	size_t at = 0;
	while (at <= length && length - at >= sizeof header) {
		memcpy(&header, bytes + at, sizeof header);
		if (header.length < sizeof header || header.length > length - at)
			break;
		const uint8_t *payload = bytes + at + sizeof header;
		size_t payload_length = header.length - sizeof header;
		at += aligned(header.length);
		if (sequence && header.sequence != sequence)
			continue;
		if (header.type == NETLINK_DONE)
			return NETLINK_COMPLETE;
		if (header.type == NETLINK_ERROR) {
			int32_t error = 0;
			if (payload_length >= sizeof error)
				memcpy(&error, payload, sizeof error);
			errno = error < 0 && error > -4096 ? -error : EPROTO;
			return NETLINK_FAILED;
		}
		struct tcp_socket socket;
		if (header.type == SOCK_DIAG_BY_FAMILY && parse_socket(payload, payload_length, &socket))
			visit(&socket, context);
	}
	return NETLINK_MORE;
}

static bool join(int fd, int group)
{
	return !setsockopt(fd, SOL_NETLINK_OPTIONS, NETLINK_ADD_MEMBERSHIP, &group, sizeof group);
}

/* Where standard error was closed at start, its number is free: our messages must not go into a socket. */
static int above_standard(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return moved;
}

static int open_netlink(void)
{
	struct netlink_address address = { .family = AF_NETLINK };
	int fd = above_standard(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof address)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int open_closed(void)
{
	int bytes = EVENT_QUEUE_BYTES;
	int fd = open_netlink();
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes)) {
		/* then fewer closed sockets fit, and an overflow counts as traffic */
	}
	if (!join(fd, SOCK_DIAG_TCP_DESTROY) || !join(fd, SOCK_DIAG_TCP6_DESTROY)) {
		close(fd);
		return -1;
	}
	return fd;
}

enum sockets_result sockets_open(struct sockets *sockets)
{
	/* both before the first question, so that nothing falls between */
	*sockets = (struct sockets){ .dumps = open_netlink(), .closed = -1 };
	if (sockets->dumps < 0)
		return SOCKETS_DENIED;
	sockets->closed = open_closed();
	return SOCKETS_READ;
}

void sockets_close(struct sockets *sockets)
{
	if (sockets->dumps >= 0)
		close(sockets->dumps);
	if (sockets->closed >= 0)
		close(sockets->closed);
	sockets->dumps = sockets->closed = -1;
}

/* A shortage passes; everything else, such as EPERM or ENOENT (no tcp_diag), stays. */
static enum sockets_result failure(void)
{
	return errno == ENOBUFS || errno == ENOMEM || errno == EAGAIN || errno == EBUSY ? SOCKETS_LOST : SOCKETS_DENIED;
}

static uint8_t *datagram_buffer(void)
{
	static uint8_t datagram[DATAGRAM_BYTES] __attribute__((aligned(8)));
	return datagram;
}

static ssize_t receive(int fd)
{
	ssize_t length;
	do
		length = recv(fd, datagram_buffer(), DATAGRAM_BYTES, MSG_DONTWAIT);
	while (length < 0 && errno == EINTR);
	return length;
}

static enum sockets_result dump(struct sockets *sockets, uint8_t family, bool listening, socket_visitor *visit,
	void *context)
{
	struct {
		struct netlink_header header;
		struct diag_request request;
	} question = {
		.header = { .length = sizeof question, .type = SOCK_DIAG_BY_FAMILY,
			.flags = NETLINK_REQUEST | NETLINK_DUMP, .sequence = ++sockets->sequence },
		.request = { .family = family, .protocol = IPPROTO_TCP,
			.extensions = listening ? 0 : 1 << (DIAG_INFO - 1),
			.states = listening ? STATE(SOCKET_LISTEN) : LIVE_STATES },
	};
	ssize_t sent;
	do
		sent = send(sockets->dumps, &question, sizeof question, 0);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return failure();
	for (;;) {
		/* never empty before the end: each read makes the kernel prepare the next part */
		ssize_t length = receive(sockets->dumps);
		if (length <= 0)
			return length ? failure() : SOCKETS_LOST;
		switch (sockets_parse_netlink(datagram_buffer(), (size_t)length, question.header.sequence, visit, context)) {
		case NETLINK_COMPLETE:
			return SOCKETS_READ;
		case NETLINK_FAILED:
			return failure();
		case NETLINK_MORE:
			break;
		}
	}
}

enum sockets_result sockets_dump(struct sockets *sockets, bool listening, socket_visitor *visit, void *context)
{
	enum sockets_result result = dump(sockets, AF_INET, listening, visit, context);
	return result == SOCKETS_READ ? dump(sockets, AF_INET6, listening, visit, context) : result;
}

enum sockets_result sockets_closed(struct sockets *sockets, socket_visitor *visit, void *context)
{
	enum sockets_result result = SOCKETS_READ;
	if (sockets->closed < 0)
		return result;
	for (;;) {
		ssize_t length = receive(sockets->closed);
		if (length > 0) {
			sockets_parse_netlink(datagram_buffer(), (size_t)length, 0, visit, context);
		} else if (length < 0 && errno == EAGAIN) {
			return result;
		} else if (length < 0 && (errno == ENOBUFS || errno == ENOMEM)) {
			result = SOCKETS_LOST; /* told once; what still came follows */
		} else {
			close(sockets->closed);
			sockets->closed = -1;
			return SOCKETS_LOST;
		}
	}
}

uint64_t sockets_mark(void)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof cookie;
	int fd = above_standard(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		cookie = 0;
	close(fd);
	return cookie;
}

/* One hexadecimal number of at most eight digits; NULL without any. */
static const char *hexadecimal(const char *text, uint32_t *number)
{
	const char *at = text;
	uint32_t value = 0;
	for (; at - text < 8; at++) {
		char c = *at;
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (uint32_t)(c - 'A' + 10);
		else
			break;
	}
	*number = value;
	return at == text ? NULL : at;
}

/* "0100007F:1F90", the address as words of 32 bits in host order; `after` must follow. */
static const char *endpoint(const char *text, bool six, char after, uint8_t address[16], uint16_t *port)
{
	uint32_t words[4], number;
	for (int i = 0; i < (six ? 4 : 1); i++) {
		const char *end = hexadecimal(text, &words[i]);
		if (!end || end - text != 8)
			return NULL;
		text = end;
	}
	set_address(address, six, words);
	if (*text != ':' || !(text = hexadecimal(text + 1, &number)) || number > UINT16_MAX || *text != after)
		return NULL;
	*port = (uint16_t)number;
	return text + 1;
}

/* FNV-1a */
static uint64_t hash(uint64_t seed, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	while (length--)
		seed = (seed ^ *at++) * UINT64_C(0x100000001b3);
	return seed;
}

static uint64_t identity_of(const struct tcp_socket *socket)
{
	uint64_t value = hash(UINT64_C(0xcbf29ce484222325), socket->remote, 16);
	value = hash(value, socket->local, 16);
	value = hash(value, &socket->remote_port, 2);
	return hash(value, &socket->local_port, 2);
}

bool sockets_parse_line(const char *line, bool six, struct tcp_socket *socket)
{
	struct tcp_socket result = { 0 };
	uint32_t state, sending, receiving;
	line += strspn(line, " ");
	line += strspn(line, "0123456789");
	if (*line != ':' || line[1] != ' ')
		return false;
	if (!(line = endpoint(line + 2, six, ' ', result.local, &result.local_port)) ||
		!(line = endpoint(line, six, ' ', result.remote, &result.remote_port)))
		return false;
	if (!(line = hexadecimal(line, &state)) || *line != ' ' || state > UINT8_MAX)
		return false;
	if (!(line = hexadecimal(line + 1, &sending)) || *line != ':' || !hexadecimal(line + 1, &receiving))
		return false;
	result.state = (uint8_t)state;
	result.queued = state != SOCKET_LISTEN && (sending || receiving);
	result.identity = identity_of(&result);
	*socket = result;
	return true;
}

static ssize_t read_some(int fd, char *to, size_t room)
{
	ssize_t length;
	do
		length = read(fd, to, room);
	while (length < 0 && errno == EINTR);
	return length;
}

static enum sockets_result read_table(const char *path, bool six, socket_visitor *visit, void *context)
{
	char *buffer = (char *)datagram_buffer();
	size_t filled = 0;
	ssize_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return SOCKETS_DENIED;
	while ((length = read_some(fd, buffer + filled, DATAGRAM_BYTES - 1 - filled)) > 0) {
		char *line = buffer, *end;
		filled += (size_t)length;
		buffer[filled] = 0;
		while ((end = strchr(line, '\n'))) {
			struct tcp_socket socket;
			*end = 0;
			if (sockets_parse_line(line, six, &socket))
				visit(&socket, context);
			line = end + 1;
		}
		filled -= (size_t)(line - buffer);
		if (filled == DATAGRAM_BYTES - 1)
			filled = 0; /* no line of this file is so long */
		memmove(buffer, line, filled);
	}
	close(fd);
	return length < 0 ? SOCKETS_LOST : SOCKETS_READ;
}

enum sockets_result sockets_proc(socket_visitor *visit, void *context)
{
	enum sockets_result result = read_table("/proc/self/net/tcp", false, visit, context);
	if (result != SOCKETS_READ)
		return result;
	/* missing where IPv6 is switched off */
	return read_table("/proc/self/net/tcp6", true, visit, context) == SOCKETS_LOST ? SOCKETS_LOST : SOCKETS_READ;
}

/* The next word of a line and its length; 0 at the end of the line. */
static size_t word(const char **at)
{
	*at += strspn(*at, " ");
	return strcspn(*at, " \n");
}

bool sockets_parse_counters(const char *text, struct tcp_counters *counters)
{
	static const char label[] = "\nTcp: ";
	struct tcp_counters result;
	bool passive_opens = false, segments_in = false;
	const char *name = strstr(text, label);
	const char *value = name ? strstr(name + 1, label) : NULL;
	if (!value)
		return false;
	name += sizeof label - 1;
	value += sizeof label - 1;
	for (;;) {
		size_t name_length = word(&name), value_length = word(&value);
		if (!name_length || !value_length)
			break;
		if (name_length == 12 && !memcmp(name, "PassiveOpens", 12)) {
			result.passive_opens = strtoull(value, NULL, 10);
			passive_opens = true;
		} else if (name_length == 6 && !memcmp(name, "InSegs", 6)) {
			result.segments_in = strtoull(value, NULL, 10);
			segments_in = true;
		}
		name += name_length;
		value += value_length;
	}
	if (!passive_opens || !segments_in)
		return false;
	*counters = result;
	return true;
}

bool sockets_counters(struct tcp_counters *counters)
{
	char text[4096]; /* the lines of TCP end within the first 1.5 KiB */
	size_t filled = 0;
	ssize_t length;
	int fd = open("/proc/self/net/snmp", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (filled < sizeof text - 1 && (length = read_some(fd, text + filled, sizeof text - 1 - filled)) > 0)
		filled += (size_t)length;
	close(fd);
	text[filled] = 0;
	return sockets_parse_counters(text, counters);
}
