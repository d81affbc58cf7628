#include "settings.h"

#include <string.h>

#include "commands.h"
#include "log.h"

#define WAIT_ALL_MS 5000

static bool bad(const struct option *option, const char *expected)
{
	usage_error("", "%s %s: %s expected", option->name, harmless(option->value), expected);
	return false;
}

static bool read_flag(struct settings *settings, const char *name)
{
	if (!strcmp(name, "--drain"))
		settings->drain = true;
	else if (!strcmp(name, "--group"))
		settings->group = true;
	else if (!strcmp(name, "--subreaper"))
		settings->subreaper = true;
	else
		return false;
	return true;
}

/* A signal that can start a drain or be rewritten: one that we forward. */
static bool parse_forwarded(const char *text, int *number)
{
	int parsed;
	if (!parse_signal(text, &parsed) || signal_bit(parsed) & SIGNALS_NOT_FORWARDED)
		return false;
	*number = parsed;
	return true;
}

static bool read_drain_on(struct settings *settings, const struct option *option)
{
	int number;
	if (!parse_forwarded(option->value, &number))
		return bad(option, "a signal that is forwarded");
	settings->drain_on |= signal_bit(number);
	settings->needs_drain = true;
	return true;
}

/* A:B */
static bool read_rewrite(struct settings *settings, const struct option *option)
{
	char from_name[16];
	const char *colon = strchr(option->value, ':');
	size_t length = colon ? (size_t)(colon - option->value) : sizeof from_name;
	int from, to;
	if (length >= sizeof from_name)
		return bad(option, "two signals, as TERM:QUIT,");
	memcpy(from_name, option->value, length);
	from_name[length] = 0;
	bool swallowed = !strcmp(colon + 1, "0");
	if (!parse_forwarded(from_name, &from) || (!swallowed && !parse_signal(colon + 1, &to)))
		return bad(option, "a signal that is forwarded and another or 0, as TERM:QUIT,");
	if (swallowed)
		to = 0;
	settings->rewrite[from] = (uint8_t)to;
	return true;
}

static bool read_parent_death_signal(struct settings *settings, const struct option *option)
{
	return parse_signal(option->value, &settings->parent_death_signal) || bad(option, "a signal");
}

static bool read_wait_all(struct settings *settings, const struct option *option)
{
	return parse_duration(option->value, &settings->wait_all_ms) || bad(option, "a duration, as 5 or 500ms,");
}

static bool read_exit_code_remap(struct settings *settings, const struct option *option)
{
	uint32_t exit_code;
	if (!parse_u32(option->value, &exit_code) || exit_code > 255)
		return bad(option, "0 to 255");
	settings->remap[exit_code] = true;
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct settings *settings, const struct option *option);
} values[] = {
	{ "--drain-on", read_drain_on },
	{ "--rewrite", read_rewrite },
	{ "--parent-death-signal", read_parent_death_signal },
	{ "--wait-all", read_wait_all },
	{ "--exit-code-remap", read_exit_code_remap },
};

#define VALUES (sizeof values / sizeof *values)

/* An option with a value, ours or one of the drain. */
static bool read_value(struct settings *settings, const struct option *option)
{
	for (size_t i = 0; i < VALUES; i++) {
		if (strcmp(option->name, values[i].name))
			continue;
		if (option->value)
			return values[i].read(settings, option);
		usage_error("", "%s needs a value", option->name);
		return false;
	}
	int taken = drain_option(&settings->drain_options, option->name, option->value);
	if (!taken)
		usage_error("", "%s is no option of ours", harmless(option->name));
	settings->needs_drain = true;
	return taken == 1;
}

/* Takes argv[*index] and perhaps its value. */
static bool read_option(struct settings *settings, char **argv, int *index)
{
	struct option option;
	if (strncmp(argv[*index], "--", 2) || !option_read(argv, index, &option)) {
		usage_error("", "%.200s is no option of ours: the command to run stands behind --", harmless(argv[*index]));
		return false;
	}
	if (read_flag(settings, option.name)) {
		if (option.value)
			usage_error("", "%s takes no value", option.name);
		return !option.value;
	}
	option_need(argv, index, &option);
	return read_value(settings, &option);
}

bool settings_read(struct settings *settings, char **argv)
{
	drain_defaults(&settings->drain_options);
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
	if (settings->needs_drain && !settings->drain) {
		usage_error("", "--drain-on and the options of the drain need --drain");
		return false;
	}
	if (!drain_settle(&settings->drain_options))
		return false;
	if (!settings->drain_on)
		settings->drain_on = signal_bit(SIGTERM);
	settings->command = argv + index + 1;
	if (!*settings->command) {
		usage_error("", "no command behind --");
		return false;
	}
	return true;
}
