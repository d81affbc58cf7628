/* Lines of /proc/net/tcp and tcp6, /proc/net/snmp, and /proc/PID/stat. */

#include "descendants.h"
#include "fuzz.h"
#include "sockets.h"

static void line(const char *text, bool six)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct tcp_socket socket, same;
	if (!sockets_parse_line(text, six, &socket))
		return;
	MUST(!socket.measured);
	MUST(socket.state != SOCKET_LISTEN || !socket.queued);
	if (!six)
		MUST(!memcmp(socket.local, mapped, sizeof mapped) && !memcmp(socket.remote, mapped, sizeof mapped));
	MUST(sockets_parse_line(text, six, &same) && same.identity == socket.identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct tcp_counters counters;
	char *text = text_of(bytes, length);
	line(text, false);
	line(text, true);
	if (sockets_parse_counters(text, &counters))
		MUST(strstr(text, "PassiveOpens") && strstr(text, "InSegs"));
	pid_t parent = descendants_parse_parent(text);
	MUST(parent >= 0);
	MUST(!parent || strchr(text, ')'));
	free(text);
	return 0;
}
