#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "drain.h"
#include "log.h"

static const char help[] =
	"Usage: holdfast-init drain [OPTIONS] [-- COMMAND [ARGUMENTS]]\n"
	"\n"
	"Waits until inbound TCP is quiet: no data in either direction on connections from other\n"
	"addresses than loopback, and no new ones. Then runs COMMAND, if there is one. Made for\n"
	"preStop exec: it needs no privileges.\n"
	"\n"
	"Options (each also as --option=VALUE):\n"
	"  --ports A,B                  ports to watch (default: those of all listening sockets\n"
	"                               that are not bound to loopback)\n"
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

static volatile sig_atomic_t told;

static void be_told(int signal)
{
	told = signal;
}

/* What COMMAND gets back as it was. */
struct dispositions {
	sigset_t mask;
	struct sigaction pipe, term, interrupt;
};

/* TERM and INT are noticed in ppoll only: none is lost between the look at `told` and the wait. */
static void take_signals(struct dispositions *saved, sigset_t *while_waiting)
{
	struct sigaction ending = { .sa_handler = be_told }, ignored = { .sa_handler = SIG_IGN };
	sigset_t both;
	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	/* these cannot fail: the signals and pointers are valid */
	sigprocmask(SIG_BLOCK, &both, &saved->mask);
	sigaction(SIGTERM, &ending, &saved->term);
	sigaction(SIGINT, &ending, &saved->interrupt);
	/* nobody may read standard error any more */
	sigaction(SIGPIPE, &ignored, &saved->pipe);
	*while_waiting = saved->mask;
	sigdelset(while_waiting, SIGTERM);
	sigdelset(while_waiting, SIGINT);
}

static void give_signals_back(const struct dispositions *saved)
{
	sigaction(SIGTERM, &saved->term, NULL);
	sigaction(SIGINT, &saved->interrupt, NULL);
	sigaction(SIGPIPE, &saved->pipe, NULL);
	sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

/* A descriptor below 3 that was closed at start must not become one of our sockets, which messages would go to. */
static void occupy_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/", O_PATH | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Waits for news until the drain's next step; false: told to end. */
static bool wait_for_news(const struct drain *drain, const sigset_t *while_waiting)
{
	int64_t left_ms = drain_due(drain) - now_ms();
	struct pollfd news = { .fd = drain_fd(drain), .events = POLLIN };
	if (left_ms < 0)
		left_ms = 0;
	struct timespec left = { .tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000 };
	if (ppoll(&news, 1, &left, while_waiting) < 0 && errno != EINTR)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL); /* short of memory: not in a tight loop */
	return !told;
}

/* False: ended by a signal. */
static bool drain_until_quiet(const struct drain_options *options, const sigset_t *while_waiting)
{
	static struct drain drain;
	bool waited;
	drain_begin(&drain, options, now_ms());
	do
		waited = wait_for_news(&drain, while_waiting);
	while (waited && drain_step(&drain, now_ms()) == DRAIN_RUNNING);
	drain_tell(&drain, now_ms());
	drain_end(&drain);
	return waited;
}

static int become(char **command)
{
	execvp(*command, command);
	int error = errno;
	complain("cannot run %s: %s", *command, strerror(error));
	return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

int drain_main(int argc, char **argv)
{
	static struct drain_options options;
	struct dispositions saved;
	sigset_t while_waiting;
	char **command = NULL;

	drain_defaults(&options);
	for (int i = 1; i < argc; i++) {
		struct option option;
		if (!strcmp(argv[i], "--help"))
			return print_help(help);
		if (!strcmp(argv[i], "--")) {
			if (i + 1 == argc)
				return usage_error("drain", "no command after --");
			command = argv + i + 1;
			break;
		}
		if (strncmp(argv[i], "--", 2) || !option_read(argv, &i, &option))
			return usage_error("drain", "unexpected argument %s", argv[i]);
		option_need(argv, &i, &option);
		int taken = drain_option(&options, option.name, option.value);
		if (!taken)
			return usage_error("drain", "unknown option %s", option.name);
		if (taken < 0)
			return EXIT_OURS;
	}

	occupy_standard_descriptors();
	take_signals(&saved, &while_waiting);
	bool waited = drain_until_quiet(&options, &while_waiting);
	if (!waited || !command)
		return 0;
	give_signals_back(&saved);
	return become(command);
}
