#ifndef HOLDFAST_LEDGER_H
#define HOLDFAST_LEDGER_H

/* Which connections were seen when: two generations of a hash table, this look's and the one's before. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sighting {
	uint64_t identity; /* 0: an empty place */
	int64_t first_ms;  /* when it was seen first */
};

struct ledger {
	struct sighting *now, *before; /* `capacity` places each */
	size_t capacity;               /* a power of two, or 0 */
	size_t count;                  /* in `now` */
};

/* Writes down a connection and returns whether it was known, with the time of its first sighting. Without memory
 * nothing is known: every connection then counts as a new one. */
bool ledger_note(struct ledger *ledger, uint64_t identity, int64_t now_ms, int64_t *first_ms);

/* The same without writing it down. */
bool ledger_knows(const struct ledger *ledger, uint64_t identity, int64_t *first_ms);

/* A new look: what was not noted since the last call is forgotten. */
void ledger_turn(struct ledger *ledger);

void ledger_free(struct ledger *ledger);

#endif
