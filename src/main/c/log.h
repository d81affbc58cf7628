#ifndef HOLDFAST_LOG_H
#define HOLDFAST_LOG_H

/* Messages on standard error: one line and one write each, "holdfast-init: " in front, control characters as "?".
 * A line that cannot be written at once is lost. Whether a reader that goes away just then may end us by SIGPIPE is the
 * caller's business. */

/* Exit code of usage errors and of our own failures. */
#define EXIT_OURS 125

/* Reads HOLDFAST_INIT_LOG: quiet (failures only), info (the default), debug. */
void log_start(void);

/* A failure: printed at every level. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What an operator wants to read in the log of a pod: printed unless quiet. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Each step: printed when debugging. */
void say_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
