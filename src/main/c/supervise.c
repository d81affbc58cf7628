#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "descendants.h"
#include "drain.h"
#include "log.h"
#include "settings.h"
#include "signals.h"

/* Processes that are still there so long after KILL hang in the kernel. */
#define KILL_MS 1000
#define KILL_AGAIN_MS 50

/* Everything that we take with signals_take(): our own faults shall end us. */
#define TAKEN (~(SIGNALS_NOT_FORWARDED & ~signal_bit(SIGCHLD)))

static struct settings settings;

/* As it was when we were started, for the child. */
static signal_set mask_at_start;
static bool children_ignored_at_start;

static pid_t child; /* the main child; 0 when it has been reaped and its number may be another's */
static pid_t group; /* its process group */
static int code;    /* its exit code */
static volatile int exec_error;

static int terminal = -1; /* our controlling terminal, if we were in its foreground; else -1 */
static bool suspending;   /* TSTP was forwarded: when the child stops of it, so do we */
static bool stopped_by_terminal; /* the child read from or wrote to a terminal behind whose foreground it was */

static struct drain drain;
static enum { NOT_DRAINED, DRAINING, DRAINED } stage;
static signal_set held; /* signals that wait for the end of the drain */

/* Start */

static void take_signals(void)
{
	struct sigaction old, standard = { .sa_handler = SIG_DFL };
	signals_block(TAKEN, &mask_at_start);
	/* ignored, children would vanish without a status */
	sigaction(SIGCHLD, &standard, &old);
	children_ignored_at_start = old.sa_handler == SIG_IGN;
}

static bool become_reaper(void)
{
	if (settings.subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) {
		complain("cannot become a subreaper: %s", strerror(errno));
		return false;
	}
	return true;
}

static bool is_reaper(void)
{
	int inherited = 0; /* a program that became a subreaper may have executed us */
	return getpid() == 1 || settings.subreaper || (!prctl(PR_GET_CHILD_SUBREAPER, &inherited, 0, 0, 0) && inherited);
}

static bool watch_parent(pid_t parent)
{
	if (!settings.parent_death_signal)
		return true;
	if (prctl(PR_SET_PDEATHSIG, settings.parent_death_signal, 0, 0, 0)) {
		complain("cannot ask for a signal at the parent's death: %s", strerror(errno));
		return false;
	}
	if (getppid() != parent) /* it died before we asked */
		kill(getpid(), settings.parent_death_signal);
	return true;
}

static bool is_foreground_of(int fd)
{
	pid_t foreground = tcgetpgrp(fd);
	return foreground >= 0 && foreground == getpgrp();
}

static void find_terminal(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && terminal < 0; fd++)
		if (is_foreground_of(fd))
			terminal = fd;
	if (terminal >= 0)
		return;
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (is_foreground_of(fd))
		terminal = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); /* those below may have been closed at our start */
	close(fd);
}

/* In the new process. It shares our memory until it has executed the command: it only reads, but for exec_error. */
static void become_command(void)
{
	setpgid(0, 0);
	if (terminal >= 0)
		tcsetpgrp(terminal, getpid()); /* TTOU is blocked: nothing stops us here */
	if (children_ignored_at_start)
		signal(SIGCHLD, SIG_IGN);
	signals_block(mask_at_start, NULL);
	execvp(settings.command[0], settings.command);
	exec_error = errno;
	complain("cannot run %s: %s", settings.command[0], strerror(errno));
	_exit(exec_failure_code(exec_error));
}

/* False: `code` says what to end with. */
static bool start_command(void)
{
	/* vfork: we go on when the command has been executed, and know if it has not */
	child = vfork();
	if (child == 0)
		become_command();
	if (child < 0) {
		complain("cannot start %s: %s", settings.command[0], strerror(errno));
		code = EXIT_OURS;
		return false;
	}
	group = child;
	if (exec_error) {
		waitpid(child, NULL, 0);
		code = exec_failure_code(exec_error);
		return false;
	}
	say_debug("started %s as process %d", settings.command[0], child);
	return true;
}

/* Signals */

static void signal_child(int number, bool to_group)
{
	say_debug("%s to the %s %d", signal_name(number), to_group ? "process group" : "process", child);
	if (kill(to_group ? -group : child, number))
		say("cannot forward %s: %s", signal_name(number), strerror(errno));
}

static void forward(int number)
{
	if (!settings.rewrite[number]) {
		say_debug("%s is not forwarded", signal_name(number));
		return;
	}
	/* a terminal stops a whole process group, so we continue it whole */
	bool whole = settings.group || (number == SIGCONT && (terminal >= 0 || stopped_by_terminal));
	if (number == SIGTSTP)
		suspending = true;
	if (number == SIGCONT)
		suspending = stopped_by_terminal = false;
	signal_child(settings.rewrite[number], whole);
}

/* A descriptor below 3 that was closed at our start must not become one of the drain's sockets: messages go there. */
static void occupy_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/", O_PATH | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* A stop signal has come: the first begins the drain, the next ends it. */
static void hold(int number)
{
	held |= signal_bit(number);
	if (stage == DRAINING) {
		drain_hurry(&drain);
		return;
	}
	say("%s: waiting for traffic to stop", signal_name(number));
	occupy_standard_descriptors();
	drain_begin(&drain, &settings.drain_options, now_ms());
	stage = DRAINING;
}

static void end_drain(void)
{
	drain_tell(&drain, now_ms());
	drain_end(&drain);
	stage = DRAINED;
}

static void drain_further(void)
{
	if (drain_step(&drain, now_ms()) == DRAIN_RUNNING)
		return;
	end_drain();
	for (int number = 1; number <= SIGNAL_MAX; number++)
		if (held & signal_bit(number))
			forward(number);
}

static void receive(int number)
{
	bool stop = settings.drain && stage != DRAINED && settings.drain_on & signal_bit(number);
	if (stop)
		hold(number);
	else
		forward(number);
}

/* Stops us too, so that a shell above us gets its prompt back. As PID 1 nothing happens: the kernel spares it. */
static void suspend(int stop)
{
	bool asked = suspending && stop == settings.rewrite[SIGTSTP];
	stopped_by_terminal = stop == SIGTTIN || stop == SIGTTOU;
	if (terminal < 0 && !asked && !stopped_by_terminal)
		return;
	suspending = false;
	if (!signals_pending(SIGCONT)) /* stopping would throw it away */
		kill(getpid(), SIGSTOP);
}

/* A shell may have brought us to the foreground since. */
static void hand_over_terminal(void)
{
	if (terminal < 0)
		find_terminal();
	if (terminal >= 0 && tcgetpgrp(terminal) == getpgrp())
		tcsetpgrp(terminal, group);
}

static void take_terminal_back(void)
{
	if (terminal >= 0 && tcgetpgrp(terminal) == group)
		tcsetpgrp(terminal, getpgrp());
}

static void reap(void)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != child) {
			if (!WIFSTOPPED(status))
				say_debug("reaped process %d", pid);
		} else if (WIFSTOPPED(status)) {
			suspend(WSTOPSIG(status));
		} else {
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			child = 0;
			say_debug("%s ended with %d", settings.command[0], code);
		}
	}
}

/* Our own write to a closed standard error gives us a PIPE: nobody sent it. */
static bool is_own_pipe(int number, const siginfo_t *info)
{
	return number == SIGPIPE && info->si_pid == getpid();
}

static void supervise(void)
{
	while (child) {
		siginfo_t info;
		bool draining = stage == DRAINING;
		int number = signals_take(TAKEN, draining ? drain_fd(&drain) : -1, draining ? drain_due(&drain) : -1, &info);
		if (number == SIGCHLD)
			reap();
		else if (number == SIGCONT)
			hand_over_terminal();
		if (child && number && number != SIGCHLD && !is_own_pipe(number, &info))
			receive(number);
		if (child && stage == DRAINING)
			drain_further();
	}
	if (stage == DRAINING)
		drain_end(&drain);
}

/* End */

/* Reaps until nobody is left or the time is over; signals go to those who are left. */
static bool wait_for_descendants(int64_t due)
{
	while (descendants_left()) {
		if (now_ms() >= due)
			return false;
		siginfo_t info;
		int number = signals_take(TAKEN, -1, due, &info);
		if (number == SIGCHLD)
			reap();
		else if (number && settings.rewrite[number] && !is_own_pipe(number, &info))
			descendants_signal(settings.rewrite[number], group);
	}
	return true;
}

static void stop_descendants(void)
{
	if (!is_reaper() || !descendants_left())
		return;
	say_debug("other processes are left: TERM");
	descendants_signal(SIGTERM, group);
	descendants_signal(SIGCONT, group); /* a stopped process takes TERM only then */
	if (wait_for_descendants(now_ms() + settings.wait_all_ms))
		return;
	say("other processes did not stop within %lld ms: KILL", (long long)settings.wait_all_ms);
	int64_t end = now_ms() + KILL_MS;
	do
		descendants_signal(SIGKILL, group);
	while (!wait_for_descendants(now_ms() + KILL_AGAIN_MS) && now_ms() < end);
}

int supervise_main(int argc, char **argv)
{
	pid_t parent = getppid();
	(void)argc; /* argv ends with NULL */
	if (!settings_read(&settings, argv))
		return EXIT_OURS;
	take_signals();
	if (!become_reaper() || !watch_parent(parent))
		return EXIT_OURS;
	if (!is_reaper())
		say_debug("neither PID 1 nor a subreaper: orphans go elsewhere");
	find_terminal();
	if (start_command()) {
		supervise();
		if (settings.remap[code])
			code = 0;
	}
	stop_descendants();
	take_terminal_back();
	return code;
}
