#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "drain.h"
#include "log.h"
#include "signals.h"

static const char help[] =
	"Usage: holdfast-init drain [OPTIONS] [-- COMMAND [ARGUMENTS]]\n"
	"\n"
	"Waits until inbound TCP is quiet: no data in either direction on connections from other\n"
	"addresses than loopback, and no new ones. Then runs COMMAND, if there is one. Made for\n"
	"preStop exec: it needs no privileges.\n"
	"\n"
	"Options (each also as --option=VALUE):\n"
	"  --ports A,B                  ports to watch, repeatable (default: those of all listening\n"
	"                               sockets that are not bound to loopback)\n"
	"  --quiet DURATION             quiet for so long (default 5s)\n"
	"  --quiet-connections DURATION or without a new connection for so long, whatever the old\n"
	"                               ones do: for clients that never let go (default: never)\n"
	"  --min DURATION               wait at least so long (default 5s)\n"
	"  --max DURATION               wait at most so long (default 25s)\n"
	"  --ignore A,B                 addresses or networks that send probes (repeatable)\n"
	"  --probe-budget N/DURATION    so many connections a period from these are probes, on all\n"
	"                               ports together; more are traffic, as is a connection that\n"
	"                               carries more than one probe (default: all are ignored)\n"
	"  --help\n"
	"\n"
	"Durations: 5, 5s, 500ms or 2m. Standard error says why it ended.\n"
	"\n"
	"Exit code: that of COMMAND, else 0 whatever happened, as for TERM and INT, which end it\n"
	"at once; 125 usage; 126 COMMAND cannot be run; 127 COMMAND not found.\n";

/* Each has the default action otherwise, or none at all for PID 1: they are taken as soon as they wait instead. */
static const signal_set ending = (signal_set)1 << (SIGTERM - 1) | (signal_set)1 << (SIGINT - 1);

/* The signal that ended it, or 0. */
static int drain_until_quiet(const struct drain_options *options)
{
	static struct drain drain;
	int number;
	drain_begin(&drain, options, now_ms());
	do
		number = signals_take(ending, drain_fd(&drain), drain_due(&drain), NULL);
	while (!number && drain_step(&drain, now_ms()) == DRAIN_RUNNING);
	if (number)
		say("drain: ended by %s", signal_name(number));
	else
		drain_tell(&drain, now_ms());
	drain_end(&drain);
	return number;
}

static int become(char **command)
{
	execvp(*command, command);
	int error = errno;
	complain("cannot run %s: %s", *command, strerror(error));
	return exec_failure_code(error);
}

int drain_main(int argc, char **argv)
{
	static struct drain_options options;
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	struct sigaction pipe;
	signal_set mask;
	char **command = NULL;

	if (help_wanted(argv))
		return print_help(help);
	drain_defaults(&options);
	for (int i = 1; i < argc; i++) {
		struct option option;
		if (!strcmp(argv[i], "--")) {
			if (i + 1 == argc)
				return usage_error("drain", "no command after --");
			command = argv + i + 1;
			break;
		}
		if (strncmp(argv[i], "--", 2) || !option_read(argv, &i, &option))
			return usage_error("drain", "unexpected argument %s", harmless(argv[i]));
		option_need(argv, &i, &option);
		int taken = drain_option(&options, option.name, option.value);
		if (!taken)
			return usage_error("drain", "unknown option %s", harmless(option.name));
		if (taken < 0)
			return EXIT_OURS;
	}

	if (!drain_settle(&options))
		return EXIT_OURS;
	signals_block(ending, &mask);
	sigaction(SIGPIPE, &ignored, &pipe); /* nobody may read standard error any more */
	if (drain_until_quiet(&options) || !command)
		return 0;
	sigaction(SIGPIPE, &pipe, NULL);
	signals_block(mask, NULL);
	return become(command);
}
