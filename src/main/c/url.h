#ifndef HOLDFAST_URL_H
#define HOLDFAST_URL_H

#include <stdbool.h>

enum scheme { TCP, HTTP, HTTPS, DNS, FILE_THERE };

/* What wait-for waits for. */
struct url {
	enum scheme scheme;
	char host[256];    /* name or address, IPv6 without brackets */
	char port[6];      /* "443" */
	char authority[272]; /* host and port as in the URL: for the Host header */
	char path[2048];   /* http: with the query; file: the path */
	char user[512];    /* http: "user:password", decoded; "" without */
	char shown[2400];  /* for messages: scheme, host and port, or the path of a file */
};

/* False: `url->shown` has what may be shown of the text, the rest is undefined. */
bool url_parse(const char *text, struct url *url);

/* The beginning of an answer, a string: as much of it as http_status() reads. */
#define HTTP_STATUS_LENGTH 13

/* "HTTP/1.1 200 " or the like: the code, else -1. */
int http_status(const char *line);

#endif
