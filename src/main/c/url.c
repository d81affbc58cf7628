#include "url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "parse.h"

static const struct {
	const char *prefix;
	enum scheme scheme;
	const char *port; /* NULL: must be given */
} schemes[] = {
	{ "tcp://", TCP, NULL },
	{ "http://", HTTP, "80" },
	{ "https://", HTTPS, "443" },
	{ "dns://", DNS, "" },
	{ "file://", FILE_THERE, "" },
};

#define SCHEMES (sizeof schemes / sizeof *schemes)

/* Copies `length` bytes as a string; false when they do not fit. */
static bool put(char *to, size_t room, const char *from, size_t length)
{
	if (length >= room)
		return false;
	memcpy(to, from, length);
	to[length] = 0;
	return true;
}

static int hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
		return (digit | 32) - 'a' + 10;
	return -1;
}

static void decode_percent(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? hex(from[1]) : -1;
		int low = high < 0 ? -1 : hex(from[2]);
		if (low >= 0) {
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

static bool is_host(const char *host, bool bracketed)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *at = host;
	while (*at && (strchr(letters, *at) || strchr(bracketed ? ":.%-_" : ".-_", *at)))
		at++;
	return at != host && !*at;
}

static bool is_port(const char *text)
{
	uint32_t number;
	return parse_u32(text, &number) && number >= 1 && number <= 65535;
}

/* HOST, HOST:PORT or [IPV6]:PORT */
static bool read_authority(struct url *url, const char *standard_port)
{
	const char *text = url->authority;
	bool bracketed = *text == '[';
	const char *end = bracketed ? strchr(text, ']') : text + strcspn(text, ":");
	if (!end)
		return false;
	if (!put(url->host, sizeof url->host, text + bracketed, (size_t)(end - text) - bracketed) || !is_host(url->host, bracketed))
		return false;
	const char *port = end + bracketed;
	if (*port == ':')
		return url->scheme != DNS && is_port(port + 1) && put(url->port, sizeof url->port, port + 1, strlen(port + 1));
	return !*port && standard_port && put(url->port, sizeof url->port, standard_port, strlen(standard_port));
}

/* Neither ends the request line early nor starts a header of its own. */
static bool is_request_target(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 127)
			return false;
	return true;
}

static bool read_path(struct url *url, const char *text)
{
	if (url->scheme == TCP || url->scheme == DNS)
		return !*text || !strcmp(text, "/");
	if (!is_request_target(text))
		return false;
	size_t length = strcspn(text, "#");
	url->path[0] = '/';
	size_t start = *text != '/'; /* "http://host?query" */
	return put(url->path + start, sizeof url->path - start, text, length);
}

/* [USER@]AUTHORITY[PATH] */
static bool read_network(struct url *url, const char *text, const char *standard_port)
{
	size_t length = strcspn(text, "/?#");
	size_t user = length;
	while (user && text[user - 1] != '@')
		user--;
	if (user && !put(url->user, sizeof url->user, text, user - 1))
		return false;
	decode_percent(url->user);
	return put(url->authority, sizeof url->authority, text + user, length - user) && read_authority(url, standard_port) &&
	       read_path(url, text + length);
}

bool url_parse(const char *text, struct url *url)
{
	memset(url, 0, sizeof *url);
	snprintf(url->shown, 256, "%s", harmless(text));
	for (size_t i = 0; i < SCHEMES; i++) {
		size_t length = strlen(schemes[i].prefix);
		if (strncasecmp(text, schemes[i].prefix, length))
			continue;
		text += length;
		url->scheme = schemes[i].scheme;
		if (url->scheme == FILE_THERE) {
			if (*text != '/' || !put(url->path, sizeof url->path, text, strlen(text)))
				return false;
		} else if (!read_network(url, text, schemes[i].port)) {
			return false;
		}
		/* the path of a request may hold what was meant as a password */
		snprintf(url->shown, sizeof url->shown, "%s%s", schemes[i].prefix,
			url->scheme == FILE_THERE ? url->path : url->authority);
		return true;
	}
	return false;
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

int http_status(const char *line)
{
	if (strncmp(line, "HTTP/", 5) || !is_digit(line[5]) || line[6] != '.' || !is_digit(line[7]) || line[8] != ' ')
		return -1;
	if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) || !strchr(" \r\n", line[12]))
		return -1;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}
