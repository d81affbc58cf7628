/* In place of log.c and main.c: messages are made as there, so that their formats are tried too, and thrown away. */

#include <stdarg.h>
#include <stdio.h>

#include "commands.h"
#include "log.h"

static void make(const char *format, va_list arguments)
{
	char line[1024];
	vsnprintf(line, sizeof line, format, arguments);
}

#define MESSAGE(name)                                \
	void name(const char *format, ...)           \
	{                                            \
		va_list arguments;                   \
		va_start(arguments, format);         \
		make(format, arguments);             \
		va_end(arguments);                   \
	}

MESSAGE(complain)
MESSAGE(say)
MESSAGE(say_debug)

int usage_error(const char *command, const char *format, ...)
{
	va_list arguments;
	(void)command;
	va_start(arguments, format);
	make(format, arguments);
	va_end(arguments);
	return EXIT_OURS;
}
