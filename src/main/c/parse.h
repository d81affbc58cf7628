#ifndef HOLDFAST_PARSE_H
#define HOLDFAST_PARSE_H

/* The values of options. Each function takes the whole string or nothing: false leaves the result as it was. */

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/* As in Kubernetes' images: glibc's numbers, not musl's (35). */
#define SIGNAL_RTMIN 34
#define SIGNAL_MAX 64

/* Decimal digits only. */
bool parse_u32(const char *text, uint32_t *number);

/* Whole seconds, or a whole number with ms, s or m; at most 49 days. */
bool parse_duration(const char *text, int64_t *ms);

/* TERM, SIGTERM, RTMIN+3, RTMAX-1 in either case, or 1 to 64. */
bool parse_signal(const char *text, int *signal);

/* "TERM", "RTMIN+3": for messages. The text is valid until the next call. */
const char *signal_name(int signal);

/* A network of addresses as IPv6 has them: IPv4 is ::ffff:a.b.c.d with a prefix of at least 96 bits. */
struct cidr {
	uint8_t address[16];
	uint8_t bits;
};

/* An IPv4 or IPv6 address, with "/bits" if it is a network. Bits after the prefix are cleared. */
bool parse_cidr(const char *text, struct cidr *cidr);

bool cidr_contains(const struct cidr *cidr, const uint8_t address[16]);

/* One of our options, "--name=value" or "--name" and perhaps a value in the next argument. */
struct option {
	char name[32];     /* "--name" */
	const char *value; /* NULL: none yet */
};

/* What a message may show of a word that we do not know, which may be a URL with a password: what follows its last @. */
const char *harmless(const char *word);

/* Takes argv[*index], an argument that starts with "--". False when its name is too long to be one of ours. */
bool option_read(char **argv, int *index, struct option *option);

/* For an option that needs a value: takes the next argument unless it came with "=". False: there is none. */
bool option_need(char **argv, int *index, struct option *option);

#endif
