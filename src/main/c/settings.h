#ifndef HOLDFAST_SETTINGS_H
#define HOLDFAST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "drain.h"
#include "parse.h"
#include "signals.h"

/* What the options in front of "--" say. */
struct settings {
	bool drain;
	signal_set drain_on; /* the signals that wait for the drain */
	struct drain_options drain_options;
	bool needs_drain; /* an option that means nothing without --drain was given */
	bool group;
	bool subreaper;
	int parent_death_signal; /* 0: none */
	int64_t wait_all_ms;
	uint8_t rewrite[SIGNAL_MAX + 1]; /* what a signal is forwarded as; 0: it is not */
	bool remap[256];                 /* exit codes that become 0 */
	char **command;                  /* not empty, ends with NULL */
};

/* Reads argv from its second word on. False: a message has been printed. */
bool settings_read(struct settings *settings, char **argv);

#endif
