#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "parse.h"
#include "url.h"

#define TIMEOUT_MS 120000
#define EXIT_TIMEOUT 1

/* One try: connecting to one address, and a whole request. */
#define CONNECT_MS 2000
#define REQUEST_MS 5000
/* For the rest of an answer that we do not read: closing at once would reset the server's connection. */
#define LINGER_MS 200

/* Between tries, doubled each time. */
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 2000

/* A line in the log so often, even when nothing changes. */
#define PROGRESS_MS 10000

static const char help[] =
	"Usage: holdfast-init wait-for [--timeout DURATION] [--] URL...\n"
	"\n"
	"Waits until each of these is there, one after the other:\n"
	"  tcp://HOST:PORT        takes a TCP connection\n"
	"  http://HOST[:PORT]/... answers GET with 200 to 399; redirects are not followed\n"
	"  https://HOST[:PORT]    takes a TCP connection (this program speaks no TLS)\n"
	"  dns://NAME             has an address\n"
	"  file:///PATH           exists\n"
	"\n"
	"  --timeout DURATION     for all together (default 2m): 5, 5s, 500ms or 2m;\n"
	"                         0 tries each once\n"
	"\n"
	"Exit code: 0; 1 timeout; 143 and 130 when TERM or INT ended it; 125 usage.\n";

static int64_t timeout_ms = TIMEOUT_MS;
static struct url url;

/* Why the last try failed. Two texts in turn: the timeout may come while the next is written. */
static char reasons[2][160];
static const char *volatile reason = "no answer yet";

__attribute__((format(printf, 1, 2))) static bool failed(const char *format, ...)
{
	char *text = reason == reasons[0] ? reasons[1] : reasons[0];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof reasons[0], format, arguments);
	va_end(arguments);
	reason = text;
	return false;
}

/* The time is over, perhaps amidst a look-up of a name, which cannot be told to stop. Formatting integers and strings
 * takes no lock and no memory. */
static void time_over(int number)
{
	(void)number;
	complain("timed out after %lld ms: %s: %s", (long long)timeout_ms, url.shown, reason);
	_exit(EXIT_TIMEOUT);
}

static void start_timeout(void)
{
	struct sigaction action = { .sa_handler = time_over };
	struct itimerval timer = {
		.it_value = { .tv_sec = (time_t)(timeout_ms / 1000), .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 },
	};
	sigset_t alarm;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigfillset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	setitimer(ITIMER_REAL, &timer, NULL); /* 0 arms nothing: then each is tried once */
}

/* Waits for one event of a socket until `end`; false: the time is over. */
static bool ready(int fd, short events, int64_t end)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	for (;;) {
		int64_t left = end - now_ms();
		int count = poll(&wanted, 1, left > 0 ? (int)left : 0);
		if (count >= 0 || errno != EINTR)
			return count > 0;
	}
}

static int connect_to(const struct addrinfo *address)
{
	int error = 0;
	socklen_t size = sizeof error;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		failed("%s", strerror(errno));
		return -1;
	}
	if (connect(fd, address->ai_addr, address->ai_addrlen))
		error = errno;
	if (error == EINPROGRESS) {
		if (!ready(fd, POLLOUT, now_ms() + CONNECT_MS))
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
			error = errno;
	}
	if (!error)
		return fd;
	close(fd);
	failed("%s", strerror(error));
	return -1;
}

static struct addrinfo *resolve(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int error = getaddrinfo(url.host, *url.port ? url.port : NULL, &hints, &found);
	if (!error)
		return found;
	failed("%s", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
	return NULL;
}

static int open_connection(void)
{
	struct addrinfo *found = resolve();
	int fd = -1;
	for (const struct addrinfo *each = found; each && fd < 0; each = each->ai_next)
		fd = connect_to(each);
	if (found)
		freeaddrinfo(found);
	return fd;
}

static bool try_dns(void)
{
	struct addrinfo *found = resolve();
	if (found)
		freeaddrinfo(found);
	return found;
}

static bool try_file(void)
{
	struct stat status;
	return !stat(url.path, &status) || failed("%s", strerror(errno));
}

static bool try_tcp(void)
{
	int fd = open_connection();
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void encode_base64(const char *text, char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t left = strlen(text); left; left -= left < 3 ? left : 3, text += 3) {
		const unsigned char *in = (const unsigned char *)text;
		unsigned bits = (unsigned)in[0] << 16 | (left > 1 ? (unsigned)in[1] << 8 : 0) | (left > 2 ? in[2] : 0);
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	*to = 0;
}

static bool send_request(int fd, int64_t end)
{
	char request[4096], login[sizeof url.user / 3 * 4 + 8] = "";
	encode_base64(url.user, login);
	int length = snprintf(request, sizeof request,
			      "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: holdfast-init\r\nConnection: close\r\n%s%s%s\r\n",
			      url.path, url.authority, *login ? "Authorization: Basic " : "", login, *login ? "\r\n" : "");
	for (int sent = 0; sent < length;) {
		if (!ready(fd, POLLOUT, end))
			return failed("the request is not taken");
		ssize_t count = send(fd, request + sent, (size_t)(length - sent), MSG_NOSIGNAL);
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			return failed("%s", strerror(errno));
		if (count > 0)
			sent += (int)count;
	}
	return true;
}

static bool read_status(int fd, int64_t end)
{
	char line[HTTP_STATUS_LENGTH + 1] = "";
	for (size_t got = 0; got < HTTP_STATUS_LENGTH;) {
		if (!ready(fd, POLLIN, end))
			return failed("no answer within %d ms", REQUEST_MS);
		ssize_t count = recv(fd, line + got, HTTP_STATUS_LENGTH - got, 0);
		if (count == 0)
			break;
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			return failed("%s", strerror(errno));
		if (count > 0)
			got += (size_t)count;
	}
	int status = http_status(line);
	if (status < 0)
		return failed("the answer is not HTTP/1");
	return (status >= 200 && status <= 399) || failed("answers %d", status);
}

static void discard_rest(int fd)
{
	char rest[1024];
	int64_t end = now_ms() + LINGER_MS;
	shutdown(fd, SHUT_WR);
	while (now_ms() < end && ready(fd, POLLIN, end) && recv(fd, rest, sizeof rest, 0) > 0)
		continue;
}

static bool try_http(void)
{
	int fd = open_connection();
	if (fd < 0)
		return false;
	int64_t end = now_ms() + REQUEST_MS;
	bool good = send_request(fd, end) && read_status(fd, end);
	discard_rest(fd);
	close(fd);
	return good;
}

static bool try_once(void)
{
	switch (url.scheme) {
	case HTTP:
		return try_http();
	case DNS:
		return try_dns();
	case FILE_THERE:
		return try_file();
	case TCP:
	case HTTPS:
		break;
	}
	return try_tcp();
}

static void pause_for(int64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&left, &left) && errno == EINTR)
		continue;
}

/* Tells why we still wait: when the reason is a new one, and now and then. */
static void report(int64_t since)
{
	static char told[sizeof reasons[0]];
	static int64_t told_at;
	int64_t now = now_ms();
	if (!strcmp(told, reason) && told_at >= since && now - told_at < PROGRESS_MS)
		return;
	snprintf(told, sizeof told, "%s", reason);
	told_at = now;
	say("waiting for %s: %s", url.shown, reason);
}

static void wait_for(void)
{
	int64_t since = now_ms();
	int64_t pause = FIRST_PAUSE_MS;
	reason = "no answer yet";
	if (url.scheme == HTTPS)
		say("%s: a TCP connection is enough, TLS and the answer are not looked at", url.shown);
	while (!try_once()) {
		report(since);
		if (!timeout_ms)
			time_over(SIGALRM);
		pause_for(pause);
		pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	}
	say("%s is there after %lld ms", url.shown, (long long)(now_ms() - since));
}

/* The index of the first URL; 0: a message has been printed. */
static int read_options(char **argv)
{
	int index = 1;
	for (; argv[index] && !strncmp(argv[index], "--", 2); index++) {
		struct option option;
		if (!strcmp(argv[index], "--")) {
			index++;
			break;
		}
		bool read = option_read(argv, &index, &option);
		if (!read || strcmp(option.name, "--timeout")) {
			usage_error("wait-for", "%s is no option", read ? harmless(option.name) : "this");
			return 0;
		}
		if (!option_need(argv, &index, &option) || !parse_duration(option.value, &timeout_ms)) {
			usage_error("wait-for", "%s needs a duration, as 5 or 500ms", option.name);
			return 0;
		}
	}
	if (!argv[index]) {
		usage_error("wait-for", "nothing to wait for");
		return 0;
	}
	return index;
}

int wait_for_main(int argc, char **argv)
{
	(void)argc; /* argv ends with NULL */
	if (help_wanted(argv))
		return print_help(help);
	int first = read_options(argv);
	if (!first)
		return EXIT_OURS;
	for (int i = first; argv[i]; i++)
		if (!url_parse(argv[i], &url))
			return usage_error("wait-for", "%s is nothing to wait for", url.shown);
	end_when_told();
	signal(SIGPIPE, SIG_IGN); /* nobody may read standard error any more */
	start_timeout();
	for (int i = first; argv[i]; i++) {
		url_parse(argv[i], &url);
		wait_for();
	}
	return 0;
}
