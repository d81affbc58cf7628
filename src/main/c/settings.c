#include "settings.h"

#include <string.h>

#include "commands.h"
#include "log.h"

#define WAIT_ALL_MS 5000

static bool bad(const struct option *option, const char *expected)
{
	usage_error("", "%s %s: %s expected", option->name, option->value, expected);
	return false;
}

static bool read_flag(struct settings *settings, const char *name)
{
	if (!strcmp(name, "--group"))
		settings->group = true;
	else if (!strcmp(name, "--subreaper"))
		settings->subreaper = true;
	else
		return false;
	return true;
}

/* A:B */
static bool read_rewrite(struct settings *settings, const struct option *option)
{
	char from_name[16];
	const char *colon = strchr(option->value, ':');
	size_t length = colon ? (size_t)(colon - option->value) : 0;
	int from, to;
	if (!colon || length >= sizeof from_name)
		return bad(option, "two signals, as TERM:QUIT,");
	memcpy(from_name, option->value, length);
	from_name[length] = 0;
	if (!parse_signal(from_name, &from) || !parse_signal(colon + 1, &to))
		return bad(option, "two signals, as TERM:QUIT,");
	if (signal_bit(from) & SIGNALS_NOT_FORWARDED)
		return bad(option, "a signal that is forwarded");
	settings->rewrite[from] = (uint8_t)to;
	return true;
}

/* 1 taken, 0 not one of ours, -1 bad value (a message has been printed) */
static int read_value(struct settings *settings, const struct option *option)
{
	uint32_t code;
	if (!strcmp(option->name, "--rewrite"))
		return read_rewrite(settings, option) ? 1 : -1;
	if (!strcmp(option->name, "--parent-death-signal"))
		return parse_signal(option->value, &settings->parent_death_signal) || bad(option, "a signal") ? 1 : -1;
	if (!strcmp(option->name, "--wait-all"))
		return parse_duration(option->value, &settings->wait_all_ms) || bad(option, "a duration, as 5 or 500ms,") ? 1 : -1;
	if (!strcmp(option->name, "--exit-code-remap")) {
		if (!parse_u32(option->value, &code) || code > 255)
			return bad(option, "0 to 255") ? 1 : -1;
		settings->remap[code] = true;
		return 1;
	}
	return 0;
}

/* Takes argv[*index] and perhaps its value. */
static bool read_option(struct settings *settings, char **argv, int *index)
{
	struct option option;
	if (strncmp(argv[*index], "--", 2) || !option_read(argv, index, &option)) {
		usage_error("", "%s is no option of ours: the command to run stands behind --", argv[*index]);
		return false;
	}
	if (read_flag(settings, option.name)) {
		if (option.value)
			usage_error("", "%s takes no value", option.name);
		return !option.value;
	}
	const char *word = argv[*index];
	bool has_value = option_need(argv, index, &option);
	int taken = has_value ? read_value(settings, &option) : 0;
	if (!has_value)
		usage_error("", "%s needs a value, or is no option of ours", word);
	else if (!taken)
		usage_error("", "%s is no option of ours", option.name);
	return taken == 1;
}

bool settings_read(struct settings *settings, char **argv)
{
	settings->wait_all_ms = WAIT_ALL_MS;
	for (int i = 1; i <= SIGNAL_MAX; i++)
		settings->rewrite[i] = (uint8_t)i;

	int index = 1;
	for (; argv[index] && strcmp(argv[index], "--"); index++)
		if (!read_option(settings, argv, &index))
			return false;
	if (!argv[index]) {
		usage_error("", "no -- and no command behind it");
		return false;
	}
	settings->command = argv + index + 1;
	if (!*settings->command) {
		usage_error("", "no command behind --");
		return false;
	}
	return true;
}
