/* Command lines of PID 1, with the options of the drain: one word a line. */

#include "fuzz.h"
#include "settings.h"

#define WORDS 24

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static char program[] = "holdfast-init";
	struct settings settings = { 0 };
	char *words[WORDS + 1] = { program };
	char *text = text_of(bytes, length), *rest = text;
	size_t count = 1;
	while (rest && count < WORDS) {
		char *end = strchr(rest, '\n');
		if (end)
			*end++ = 0;
		words[count++] = rest;
		rest = end;
	}
	words[count] = NULL;

	if (settings_read(&settings, words)) {
		const struct drain_options *drain = &settings.drain_options;
		MUST(settings.command > words && settings.command < words + count && *settings.command);
		MUST(!strcmp(settings.command[-1], "--"));
		MUST(settings.drain_on);
		MUST(drain->port_count <= DRAIN_PORTS && drain->ignore_count <= DRAIN_IGNORES);
		for (size_t i = 0; i < drain->port_count; i++)
			MUST(drain->ports[i]);
		MUST(drain->probe_budget <= DRAIN_PROBES);
		MUST(!drain->probe_budget == !drain->probe_period_ms);
		for (int i = 1; i <= SIGNAL_MAX; i++)
			MUST(settings.rewrite[i] <= SIGNAL_MAX);
	}
	free(text);
	return 0;
}
