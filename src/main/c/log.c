#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum level { QUIET, INFO, DEBUG };

static enum level level = INFO;

/* Whether a line would be taken at once: nothing of ours may wait for somebody who reads no messages, nor end because
 * nobody can read them any more. */
static bool can_be_written(void)
{
	struct pollfd standard_error = { .fd = STDERR_FILENO, .events = POLLOUT };
	int ready = poll(&standard_error, 1, 0);
	return ready < 0 || (standard_error.revents & POLLOUT && !(standard_error.revents & POLLERR));
}

static void print(const char *format, va_list arguments)
{
	static const char prefix[] = "holdfast-init: ";
	char line[1024];
	int before = errno;
	size_t start = sizeof prefix - 1;
	size_t room = sizeof line - start - 1; /* one byte for the end of the line */
	memcpy(line, prefix, start);
	int length = vsnprintf(line + start, room, format, arguments);
	size_t end = start + (length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1);
	/* arguments come from outside: none of them starts a line of its own or speaks to a terminal */
	for (size_t i = start; i < end; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[end++] = '\n';
	if (can_be_written() && write(STDERR_FILENO, line, end) < 0) {
		/* nowhere else to tell it */
	}
	errno = before;
}

void log_start(void)
{
	const char *wanted = getenv("HOLDFAST_INIT_LOG");
	if (!wanted || !*wanted || !strcmp(wanted, "info"))
		level = INFO;
	else if (!strcmp(wanted, "quiet"))
		level = QUIET;
	else if (!strcmp(wanted, "debug"))
		level = DEBUG;
	else
		say("HOLDFAST_INIT_LOG is %s: quiet, info or debug expected, using info", wanted);
}

void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

void say(const char *format, ...)
{
	if (level < INFO)
		return;
	va_list arguments;
	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

void say_debug(const char *format, ...)
{
	if (level < DEBUG)
		return;
	va_list arguments;
	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}
