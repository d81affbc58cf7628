#ifndef HOLDFAST_FUZZ_H
#define HOLDFAST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What must be true of every input. */
#define MUST(condition)                                                                   \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* The input as a string of its own, so that a step beyond its end is seen. To be freed. */
static inline char *text_of(const uint8_t *bytes, size_t length)
{
	char *text = malloc(length + 1);
	MUST(text);
	if (length)
		memcpy(text, bytes, length);
	text[length] = 0;
	return text;
}

#endif
