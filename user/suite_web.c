// SPDX-License-Identifier: GPL-2.0
/* What a web server sends: a header from memory, a file, a trailer. */
#include <string.h>

#include "peers.h"
#include "suite.h"

static const char header[] = "HTTP/1.1 200 OK\r\n"
			     "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
			     "Content-Type: application/octet-stream\r\n"
			     "Cache-Control: public, max-age=3600\r\n"
			     "ETag: \"5d8c72a5-264\"\r\n"
			     "Transfer-Encoding: chunked\r\n"
			     "\r\n";
static const char trailer[] = "\r\n0\r\n\r\n";

static const char *const others[] = { "sendfile", "sendfile-cork",
				      "pread-writev", NULL };

static void set_text(struct source *source, const char *name, const char *text)
{
	source->name = name;
	source->fd = -1;
	source->base = text;
	source->len = strlen(text);
}

static int measure(struct suite *suite, const char *size, uint64_t bytes)
{
	struct source parts[3];
	const struct sources sources = { .list = parts, .nr = 3 };
	struct sources file;
	struct suite_run run;
	int ret;

	if (!suite_wants(suite, "web.%s", size))
		return 0;
	if (suite_files(suite, PLACE_DISK, 1, bytes, &file))
		return -1;
	set_text(&parts[0], "header", header);
	parts[1] = file.list[0];
	set_text(&parts[2], "trailer", trailer);
	suite_begin(suite, &run, "header, file and trailer: a response",
		    "web.%s", size);
	suite_add(&run, "zcopy", &method_zcopy, &sources);
	suite_add(&run, "sendfile", &method_sendfile, &sources);
	suite_add(&run, "sendfile-cork", &peer_cork, &sources);
	suite_add(&run, "pread-writev", &peer_writev, &sources);
	ret = suite_measure(&run);
	if (!ret)
		suite_ratio_best(&run, "zcopy_vs_best", others);
	suite_end(&run);
	sources_close(&file);
	return ret;
}

int suite_web(struct suite *suite)
{
	if (measure(suite, "4k", 4 << 10) || measure(suite, "64k", 64 << 10))
		return -1;
	return measure(suite, "1m", 1 << 20);
}
