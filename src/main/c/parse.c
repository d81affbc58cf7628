#include "parse.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char name[8];
	int number;
} signals[] = {
	{ "HUP", 1 },     { "INT", 2 },   { "QUIT", 3 },  { "ILL", 4 },   { "TRAP", 5 },  { "ABRT", 6 },    { "IOT", 6 },
	{ "BUS", 7 },     { "FPE", 8 },   { "KILL", 9 },  { "USR1", 10 }, { "SEGV", 11 }, { "USR2", 12 },   { "PIPE", 13 },
	{ "ALRM", 14 },   { "TERM", 15 }, { "STKFLT", 16 }, { "CHLD", 17 }, { "CLD", 17 },  { "CONT", 18 },   { "STOP", 19 },
	{ "TSTP", 20 },   { "TTIN", 21 }, { "TTOU", 22 }, { "URG", 23 },  { "XCPU", 24 }, { "XFSZ", 25 },   { "VTALRM", 26 },
	{ "PROF", 27 },   { "WINCH", 28 }, { "IO", 29 },   { "POLL", 29 }, { "PWR", 30 },  { "SYS", 31 },
};

#define SIGNALS (sizeof signals / sizeof *signals)

/* The digits at the start of a text, at most `limit`; NULL without any or above. */
static const char *digits(const char *text, uint64_t limit, uint64_t *number)
{
	uint64_t value = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (uint64_t)(*at - '0');
		if (value > limit)
			return NULL;
	}
	if (at == text)
		return NULL;
	*number = value;
	return at;
}

bool parse_u32(const char *text, uint32_t *number)
{
	uint64_t value;
	const char *end = digits(text, UINT32_MAX, &value);
	if (!end || *end)
		return false;
	*number = (uint32_t)value;
	return true;
}

bool parse_duration(const char *text, int64_t *ms)
{
	uint64_t value, unit;
	const char *end = digits(text, UINT32_MAX, &value);
	if (!end)
		return false;
	if (!*end || !strcmp(end, "s"))
		unit = 1000;
	else if (!strcmp(end, "ms"))
		unit = 1;
	else if (!strcmp(end, "m"))
		unit = 60000;
	else
		return false;
	if (value > UINT32_MAX / unit)
		return false;
	*ms = (int64_t)(value * unit);
	return true;
}

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n */
static bool parse_real_time(const char *text, int *signal)
{
	bool from_min = !strncasecmp(text, "RTMIN", 5);
	uint64_t offset = 0;
	if (!from_min && strncasecmp(text, "RTMAX", 5))
		return false;
	text += 5;
	if (*text) {
		if (*text != (from_min ? '+' : '-'))
			return false;
		const char *end = digits(text + 1, SIGNAL_MAX - SIGNAL_RTMIN, &offset);
		if (!end || *end)
			return false;
	}
	*signal = from_min ? SIGNAL_RTMIN + (int)offset : SIGNAL_MAX - (int)offset;
	return true;
}

bool parse_signal(const char *text, int *signal)
{
	uint32_t number;
	if (parse_u32(text, &number)) {
		if (number < 1 || number > SIGNAL_MAX)
			return false;
		*signal = (int)number;
		return true;
	}
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < SIGNALS; i++) {
		if (!strcasecmp(text, signals[i].name)) {
			*signal = signals[i].number;
			return true;
		}
	}
	return parse_real_time(text, signal);
}

const char *signal_name(int signal)
{
	static char text[20];
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i].number == signal)
			return signals[i].name;
	if (signal >= SIGNAL_RTMIN)
		snprintf(text, sizeof text, "RTMIN+%d", signal - SIGNAL_RTMIN);
	else
		snprintf(text, sizeof text, "%d", signal);
	return text;
}

static uint8_t prefix_mask(unsigned byte, unsigned bits)
{
	unsigned inside = bits > byte * 8 ? bits - byte * 8 : 0;
	return inside >= 8 ? 0xff : (uint8_t)(0xff00u >> inside);
}

bool parse_cidr(const char *text, struct cidr *cidr)
{
	char address[INET6_ADDRSTRLEN];
	struct cidr result = { .bits = 128 };
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned before = 0; /* bits of ::ffff:0:0/96 in front of an IPv4 address */
	if (length >= sizeof address)
		return false;
	memcpy(address, text, length);
	address[length] = 0;
	if (inet_pton(AF_INET, address, result.address + 12) == 1) {
		result.address[10] = result.address[11] = 0xff;
		before = 96;
	} else if (inet_pton(AF_INET6, address, result.address) != 1) {
		return false;
	}
	if (slash) {
		uint32_t bits;
		if (!parse_u32(slash + 1, &bits) || bits > 128 - before)
			return false;
		result.bits = (uint8_t)(bits + before);
	}
	for (unsigned i = 0; i < 16; i++)
		result.address[i] &= prefix_mask(i, result.bits);
	*cidr = result;
	return true;
}

bool cidr_contains(const struct cidr *cidr, const uint8_t address[16])
{
	for (unsigned i = 0; i < 16; i++)
		if ((address[i] & prefix_mask(i, cidr->bits)) != cidr->address[i])
			return false;
	return true;
}

const char *harmless(const char *word)
{
	const char *at = strrchr(word, '@');
	return at ? at + 1 : word;
}

bool option_read(char **argv, int *index, struct option *option)
{
	const char *argument = argv[*index];
	size_t length = strcspn(argument, "=");
	if (length >= sizeof option->name)
		return false;
	memcpy(option->name, argument, length);
	option->name[length] = 0;
	option->value = argument[length] ? argument + length + 1 : NULL;
	return true;
}

bool option_need(char **argv, int *index, struct option *option)
{
	const char *next = argv[*index + 1];
	if (option->value)
		return true;
	if (!next || !strcmp(next, "--"))
		return false;
	option->value = next;
	++*index;
	return true;
}
