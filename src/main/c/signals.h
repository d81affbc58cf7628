#ifndef HOLDFAST_SIGNALS_H
#define HOLDFAST_SIGNALS_H

/* Signals 1 to 64 as the kernel knows them. The C library's own functions leave out 32 to 34, which it uses itself,
 * and 34 is the SIGRTMIN that programs built with glibc speak of: hence sets of our own and raw system calls. */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Bit n-1 is signal n. */
typedef uint64_t signal_set;

static inline signal_set signal_bit(int number)
{
	return (signal_set)1 << (number - 1);
}

/* Cannot reach a handler (KILL, STOP), speak of our own children (CHLD), or of our own faults. */
#define SIGNALS_NOT_FORWARDED                                                                                  \
	(signal_bit(SIGKILL) | signal_bit(SIGSTOP) | signal_bit(SIGCHLD) | signal_bit(SIGSEGV) | signal_bit(SIGBUS) | \
	 signal_bit(SIGFPE) | signal_bit(SIGILL) | signal_bit(SIGTRAP) | signal_bit(SIGABRT) | signal_bit(SIGSYS))

/* Blocks exactly these; `before`, unless NULL, gets the mask until now. */
void signals_block(signal_set blocked, signal_set *before);

/* Whether a blocked signal waits to be taken. */
bool signals_pending(int number);

/* Takes the next blocked signal of the set. 0: `due` (CLOCK_MONOTONIC ms, negative: never) has come, or `fd`
 * (negative: none) can be read. `info` may be NULL. */
int signals_take(signal_set set, int fd, int64_t due, siginfo_t *info);

#endif
