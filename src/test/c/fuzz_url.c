/* What wait-for is told to wait for, and the beginning of an answer. */

#include "fuzz.h"
#include "url.h"

#define ENDS(field) (memchr(field, 0, sizeof(field)) != NULL)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct url *url = malloc(sizeof *url);
	char *text = text_of(bytes, length);
	MUST(url);
	memset(url, 'x', sizeof *url);
	bool good = url_parse(text, url);
	MUST(ENDS(url->shown));
	const char *authority = strstr(url->shown, "://");
	if (authority && (!good || url->scheme != FILE_THERE)) {
		/* user information never gets into a message */
		authority += 3;
		MUST(!memchr(authority, '@', strcspn(authority, "/")));
	}
	if (good) {
		MUST(ENDS(url->host) && ENDS(url->port) && ENDS(url->authority) && ENDS(url->path) && ENDS(url->user));
		MUST(url->scheme == FILE_THERE || url->host[0]);
		MUST(url->scheme == FILE_THERE || url->scheme == DNS || strtol(url->port, NULL, 10) > 0);
		/* no header of ours can be ended from outside */
		MUST(url->scheme != HTTP || (!strpbrk(url->path, "\r\n ") && !strpbrk(url->authority, "\r\n ")));
	}
	int status = http_status(text);
	MUST(status == -1 || (status >= 0 && status <= 999 && !strncmp(text, "HTTP/", 5)));
	free(text);
	free(url);
	return 0;
}
