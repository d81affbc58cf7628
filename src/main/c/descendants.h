#ifndef HOLDFAST_DESCENDANTS_H
#define HOLDFAST_DESCENDANTS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether this process has children, zombies included. */
bool descendants_left(void);

/* Sends a signal to every process below this one: as PID 1 to every other process there is; else to those that /proc
 * shows, and without a /proc of our own to the process group `group`. */
void descendants_signal(int number, pid_t group);

/* The parent in the text of a /proc/PID/stat; 0: none. */
pid_t descendants_parse_parent(const char *text);

#endif
