/* The values of options, each against what can be said of it without the parser. */

#include <inttypes.h>

#include "fuzz.h"
#include "parse.h"

static void number(const char *text)
{
	uint32_t value = 7;
	char *end;
	if (!parse_u32(text, &value)) {
		MUST(value == 7);
		return;
	}
	MUST(strspn(text, "0123456789") == strlen(text));
	MUST(strtoull(text, &end, 10) == value && !*end);
}

static void duration(const char *text)
{
	int64_t ms = 7;
	if (!parse_duration(text, &ms)) {
		MUST(ms == 7);
		return;
	}
	MUST(ms >= 0 && ms <= UINT32_MAX);
	/* the same in milliseconds is the same duration */
	char again[24];
	int64_t same;
	snprintf(again, sizeof again, "%" PRId64 "ms", ms);
	MUST(parse_duration(again, &same) && same == ms);
}

static void signal_of(const char *text)
{
	int value = 7, same;
	if (!parse_signal(text, &value)) {
		MUST(value == 7);
		return;
	}
	MUST(value >= 1 && value <= SIGNAL_MAX);
	MUST(parse_signal(signal_name(value), &same) && same == value);
}

static void network(const char *text)
{
	struct cidr cidr = { .bits = 200 };
	if (!parse_cidr(text, &cidr)) {
		MUST(cidr.bits == 200);
		return;
	}
	MUST(cidr.bits <= 128);
	MUST(cidr_contains(&cidr, cidr.address));
	uint8_t other[16];
	memcpy(other, cidr.address, sizeof other);
	if (cidr.bits < 128) {
		other[cidr.bits / 8] ^= (uint8_t)(0x80 >> cidr.bits % 8);
		MUST(cidr_contains(&cidr, other));
	}
	if (cidr.bits > 0) {
		memcpy(other, cidr.address, sizeof other);
		unsigned last = cidr.bits - 1u;
		other[last / 8] ^= (uint8_t)(0x80 >> last % 8);
		MUST(!cidr_contains(&cidr, other));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = text_of(bytes, length);
	number(text);
	duration(text);
	signal_of(text);
	network(text);
	free(text);
	return 0;
}
