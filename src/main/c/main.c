#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "parse.h"

#ifndef VERSION
#error "build with build.sh"
#endif

static const char help[] =
	"Usage: holdfast-init [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"       holdfast-init drain [OPTIONS] [-- COMMAND [ARGUMENTS]]\n"
	"       holdfast-init sleep DURATION\n"
	"       holdfast-init wait-for [--timeout DURATION] URL...\n"
	"       holdfast-init install PATH\n"
	"       holdfast-init version\n"
	"\n"
	"Runs COMMAND as PID 1 of a container: reaps, forwards signals, waits for traffic to stop.\n"
	"holdfast-init drain|sleep|wait-for|install|version --help tells more about each.\n"
	"\n"
	"Options (each value also as --option=VALUE):\n"
	"  --drain                      before TERM is forwarded, wait until inbound TCP is quiet;\n"
	"                               takes the options of holdfast-init drain --help\n"
	"  --drain-on SIGNAL            drain on this signal instead of TERM (repeatable)\n"
	"  --rewrite A:B                forward signal A as B, or not if B is 0 (repeatable)\n"
	"  --group                      forward to the process group of COMMAND, not to it alone\n"
	"  --subreaper                  reap orphans although not PID 1\n"
	"  --parent-death-signal SIGNAL get this signal when the parent dies\n"
	"  --exit-code-remap N          exit with 0 when COMMAND exits with N (repeatable)\n"
	"  --wait-all DURATION          time for other processes to stop after COMMAND (default 5s)\n"
	"  --help, --version\n"
	"\n"
	"Signals: TERM, SIGTERM, RTMIN+3 or 15. Durations: 5, 5s, 500ms or 2m.\n"
	"HOLDFAST_INIT_LOG: quiet, info (default) or debug.\n"
	"\n"
	"Exit code: that of COMMAND; 128+N if signal N ended it; 125 usage or own failure;\n"
	"126 COMMAND cannot be run; 127 COMMAND not found.\n";

static const char version_help[] = "Usage: holdfast-init version\n"
				   "\n"
				   "Prints the version.\n"
				   "\n"
				   "Exit code: 0; 125 usage.\n";

int print_help(const char *text)
{
	size_t left = strlen(text);
	while (left) {
		ssize_t written = write(STDOUT_FILENO, text, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			complain("cannot write to standard output: %s", strerror(errno));
			return EXIT_OURS;
		}
		text += written;
		left -= (size_t)written;
	}
	return 0;
}

bool help_wanted(char **argv)
{
	for (int i = 1; argv[i] && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help"))
			return true;
	return false;
}

int usage_error(const char *command, const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	complain("%s; see holdfast-init %s%s--help", what, command, *command ? " " : "");
	return EXIT_OURS;
}

int exec_failure_code(int error)
{
	return error == ENOENT ? 127 : 126;
}

static void end(int number)
{
	_exit(128 + number);
}

void end_when_told(void)
{
	struct sigaction action = { .sa_handler = end };
	sigset_t both;
	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &both, NULL);
}

static int version_main(int argc, char **argv)
{
	if (help_wanted(argv))
		return print_help(version_help);
	if (argc > 1)
		return usage_error("version", "unexpected argument %s", harmless(argv[1]));
	return print_help("holdfast-init " VERSION "\n");
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "drain", drain_main },
	{ "sleep", sleep_main },
	{ "wait-for", wait_for_main },
	{ "install", install_main },
	{ "version", version_main },
};

int main(int argc, char **argv)
{
	log_start();
	if (argc < 2)
		return usage_error("", "no command");
	if (!strcmp(argv[1], "--version"))
		return print_help("holdfast-init " VERSION "\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (help_wanted(argv))
		return print_help(help);
	return supervise_main(argc, argv);
}
