#include <errno.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "log.h"
#include "parse.h"

static const char help[] = "Usage: holdfast-init sleep DURATION\n"
			   "\n"
			   "Waits, then exits with 0: a preStop pause for images without a shell.\n"
			   "Durations: 5, 5s, 500ms or 2m.\n"
			   "\n"
			   "Exit code: 0; 143 and 130 when TERM or INT ended it; 125 usage.\n";

int sleep_main(int argc, char **argv)
{
	int64_t ms;
	if (help_wanted(argv))
		return print_help(help);
	if (argc != 2)
		return usage_error("sleep", "one duration expected");
	if (!parse_duration(argv[1], &ms))
		return usage_error("sleep", "%s is no duration", harmless(argv[1]));
	end_when_told();
	int64_t end = now_ms() + ms;
	struct timespec until = { .tv_sec = (time_t)(end / 1000), .tv_nsec = (long)(end % 1000) * 1000000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
	return 0;
}
