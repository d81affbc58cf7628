#ifndef HOLDFAST_COMMANDS_H
#define HOLDFAST_COMMANDS_H

#include <stdbool.h>

/* Subcommands: each takes its own name as argv[0] and returns the exit code. */
int supervise_main(int argc, char **argv); /* options before "--" */
int drain_main(int argc, char **argv);
int sleep_main(int argc, char **argv);
int wait_for_main(int argc, char **argv);
int install_main(int argc, char **argv);

/* Whether --help stands anywhere in front of "--". */
bool help_wanted(char **argv);

/* Prints on standard output: 0, or EXIT_OURS when it cannot be written. */
int print_help(const char *text);

/* Says what is wrong with the command line and where help is; returns EXIT_OURS. `command` "" is the init itself. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit code of a command that cannot be executed, for exec's errno: 127 when it is not there, else 126. */
int exec_failure_code(int error);

/* TERM and INT end this process with 143 and 130 at once from now on: as PID 1 too, where the kernel discards a
 * signal without a handler. */
void end_when_told(void);

#endif
