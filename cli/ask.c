/* The second file that includes libcurl: ship/http.c delivers, this file talks to the agent. */
#include "cli/ask.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "conf/identity.h"
#include "state/store.h"

#define COLLECT_MAX (16 << 20)
#define AGAIN_FOR_MS 2000
#define AGAIN_EVERY_MS 50

struct collected {
	char *text;
	size_t len;
};

static size_t collect(char *data, size_t size, size_t n, void *arg)
{
	struct collected *c = arg;
	size_t len = size * n;
	char *p = c->len + len < COLLECT_MAX ? realloc(c->text, c->len + len + 1) : NULL;
	if (!p)
		return 0; /* aborts the transfer */
	memcpy(p + c->len, data, len);
	c->text = p;
	c->len += len;
	p[c->len] = '\0';
	return len;
}

/* Returns the exit status in the first line, and removes that line. */
static int take_status(char *text)
{
	if (text[0] < '0' || text[0] > '9' || text[1] != '\n')
		return 1;
	int status = text[0] - '0';
	memmove(text, text + 2, strlen(text + 2) + 1);
	return status;
}

/* The result of a request that got no answer, in words. */
static int no_answer(const char *dir, int dir_fd, CURLcode rc, const char *why, struct err *err)
{
	switch (rc) {
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return err_set(err, -ECONNRESET,
		               "the agent at \"%s/control\" ended before it answered", dir);
	case CURLE_COULDNT_CONNECT:
		break;
	default:
		return err_set(err, -EIO, "ask the agent through \"%s/control\": %s", dir, why);
	}
	/* libcurl's message names a host and a port, which a unix socket does not have. */
	if (faccessat(dir_fd, "control", W_OK, AT_EACCESS) < 0 && errno == EACCES)
		return err_set(err, -EACCES, "ask the agent through \"%s/control\": %m", dir);
	return err_set(err, -ECONNREFUSED, "no agent answers at \"%s/control\"", dir);
}

/* The header that names our agent; the caller frees it. */
static struct curl_slist *identity(const struct conf *conf)
{
	char whose[CONF_IDENTITY_SIZE], line[sizeof(CONF_IDENTITY_HEADER) + sizeof(whose) + 2];
	conf_identity(conf, whose);
	(void)snprintf(line, sizeof(line), CONF_IDENTITY_HEADER ": %s", whose);
	return curl_slist_append(NULL, line);
}

/* The result of an answer that is none: another agent's, or without a handler. */
static int other_answer(const struct conf *conf, long code, const char *text, struct err *err)
{
	if (code != 409)
		return err_set(err, -EIO, "ask the agent through \"%s/control\": it answers %ld",
		               conf->runtime_dir, code);
	return err_set(err, -EXDEV,
	               "another agent answers at \"%s/control\" (%.250s), not the one with "
	               "state-dir \"%s\": give each its own runtime-dir",
	               conf->runtime_dir, text ? text : "", conf->state_dir);
}

/* Sets what all requests have in common. */
static void prepare(CURL *e, const struct curl_slist *headers, struct collected *body, char *why)
{
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 10000L);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, collect);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, body);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, why);
}

static int ask_once(const struct conf *conf, bool post, const char *path, int *ret_status,
                    char **ret_text, struct err *err)
{
	const char *dir = conf->runtime_dir;
	char url[4352], socket[64];
	char why[CURL_ERROR_SIZE] = "";
	/* The path of a unix socket is limited to 107 bytes, so use the folder's descriptor. */
	scope_close int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open runtime-dir \"%s\": %m", dir);
	(void)snprintf(socket, sizeof(socket), "/proc/self/fd/%d/control", fd);
	(void)snprintf(url, sizeof(url), "http://localhost%s", path);
	struct collected body = {0};
	struct curl_slist *headers = identity(conf);
	CURL *e = headers ? curl_easy_init() : NULL;
	if (!e) {
		curl_slist_free_all(headers);
		return err_set(err, -ENOMEM, "out of memory");
	}
	prepare(e, headers, &body, why);
	(void)curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, socket);
	(void)curl_easy_setopt(e, CURLOPT_URL, url);
	if (post)
		(void)curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, "");
	long code = 0;
	CURLcode rc = curl_easy_perform(e);
	(void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_cleanup(e);
	curl_slist_free_all(headers);
	if (rc == CURLE_OK && body.text && code < 400) {
		*ret_status = take_status(body.text);
		*ret_text = body.text;
		return 0;
	}
	int failed = rc == CURLE_OK && code >= 400 ? other_answer(conf, code, body.text, err)
	                                           : no_answer(dir, fd, rc, why, err);
	free(body.text);
	return failed;
}

/* The store's lock tells an agent that is starting or ending from none at all. */
static bool worth_repeating(const struct conf *conf, enum ask ask, int rc)
{
	if (rc == -ECONNRESET)
		return ask != ASK_COMMAND;
	return (rc == -ENOENT || rc == -ECONNREFUSED) && store_in_use(conf->state_dir);
}

int ask_agent(const struct conf *conf, enum ask ask, const char *path, int *ret_status,
              char **ret_text, struct err *err)
{
	int64_t until_ms = clock_mono_ms() + AGAIN_FOR_MS;
	for (;;) {
		int rc = ask_once(conf, ask != ASK_QUESTION, path, ret_status, ret_text, err);
		if (!worth_repeating(conf, ask, rc) || clock_mono_ms() >= until_ms)
			return rc;
		(void)poll(NULL, 0, AGAIN_EVERY_MS);
	}
}

/* ---- for commands ---- */

int ask_no_agent(const struct err *why)
{
	const char *next =
	        why->code == -EACCES  ? "run this as root, or as the user of the service"
	        : why->code == -EXDEV ? "nothing was done"
	        : why->code == -ECONNRESET
	                ? "it may have done this: check before you try again"
	                : "only a running agent can do this: start the service, then try again";
	(void)fprintf(stderr, "pmta-shipper: %s; %s\n", why->text, next);
	return 1;
}

int ask_tell(const struct conf *conf, const char *path)
{
	struct err err = {0};
	char *words;
	int status;
	if (ask_agent(conf, ASK_COMMAND, path, &status, &words, &err) < 0)
		return ask_no_agent(&err);
	(void)fputs(words, status != 0 ? stderr : stdout);
	free(words);
	return status;
}

int ask_query(char path[ASK_QUERY_MAX], const char *name, const char *value)
{
	size_t len = strlen(path);
	if (len + strlen(name) + 3 * strlen(value) + 3 > ASK_QUERY_MAX) {
		(void)fprintf(stderr, "pmta-shipper: too many at once: give fewer, or a filter\n");
		return CLI_EXIT_USAGE;
	}
	len += (size_t)snprintf(path + len, ASK_QUERY_MAX - len, "%s=", name);
	for (; *value; value++)
		len += (size_t)snprintf(path + len, ASK_QUERY_MAX - len,
		                        isalnum((unsigned char)*value) ? "%c" : "%%%02x",
		                        (unsigned char)*value);
	(void)snprintf(path + len, ASK_QUERY_MAX - len, "&");
	return 0;
}
