#include "ledger.h"

#include <string.h>
#include <sys/mman.h>

#define FIRST_CAPACITY 1024 /* 2 x 16 KiB; doubles when half full */

/* Pages of their own: they go back at once, and a process that never drains has none. */
static struct sighting *allocate(size_t capacity)
{
	void *pages = mmap(NULL, capacity * 2 * sizeof(struct sighting), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED ? NULL : pages;
}

/* Both tables lie in one allocation: the lower is its start. */
static void release(struct ledger *ledger)
{
	if (ledger->capacity)
		munmap(ledger->now < ledger->before ? ledger->now : ledger->before,
			ledger->capacity * 2 * sizeof(struct sighting));
}

/* Where the identity is, or the empty place where it belongs: a table is never full. */
static struct sighting *find(struct sighting *table, size_t capacity, uint64_t identity)
{
	uint64_t mixed = identity * UINT64_C(0x9e3779b97f4a7c15);
	size_t place = (size_t)(mixed >> 32) & (capacity - 1);
	while (table[place].identity && table[place].identity != identity)
		place = (place + 1) & (capacity - 1);
	return &table[place];
}

static void copy(struct sighting *to, size_t capacity, const struct sighting *from, size_t from_capacity)
{
	for (size_t i = 0; i < from_capacity; i++)
		if (from[i].identity)
			*find(to, capacity, from[i].identity) = from[i];
}

static bool grow(struct ledger *ledger)
{
	size_t capacity = ledger->capacity ? ledger->capacity * 2 : FIRST_CAPACITY;
	struct sighting *now = allocate(capacity);
	if (!now)
		return false;
	struct sighting *before = now + capacity;
	copy(now, capacity, ledger->now, ledger->capacity);
	copy(before, capacity, ledger->before, ledger->capacity);
	release(ledger);
	*ledger = (struct ledger){ .now = now, .before = before, .capacity = capacity, .count = ledger->count };
	return true;
}

/* 0 marks an empty place. */
static uint64_t not_zero(uint64_t identity)
{
	return identity + !identity;
}

bool ledger_knows(const struct ledger *ledger, uint64_t identity, int64_t *first_ms)
{
	if (!ledger->capacity)
		return false;
	identity = not_zero(identity);
	const struct sighting *place = find(ledger->now, ledger->capacity, identity);
	if (!place->identity)
		place = find(ledger->before, ledger->capacity, identity);
	if (!place->identity)
		return false;
	*first_ms = place->first_ms;
	return true;
}

bool ledger_note(struct ledger *ledger, uint64_t identity, int64_t now_ms, int64_t *first_ms)
{
	*first_ms = now_ms;
	bool known = ledger_knows(ledger, identity, first_ms);
	if (ledger->count >= ledger->capacity / 2 && !grow(ledger))
		return known;
	identity = not_zero(identity);
	struct sighting *place = find(ledger->now, ledger->capacity, identity);
	if (!place->identity)
		ledger->count++;
	*place = (struct sighting){ .identity = identity, .first_ms = *first_ms };
	return known;
}

void ledger_turn(struct ledger *ledger)
{
	struct sighting *oldest = ledger->before;
	ledger->before = ledger->now;
	ledger->now = oldest;
	ledger->count = 0;
	if (oldest)
		memset(oldest, 0, ledger->capacity * sizeof *oldest);
}

void ledger_free(struct ledger *ledger)
{
	release(ledger);
	*ledger = (struct ledger){ 0 };
}
