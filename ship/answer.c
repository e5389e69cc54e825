#include "ship/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/mask.h"
#include "ship/json.h"

#define WORDS_MAX 160 /* of the body, in a line for people */

/* Whether the body begins with text, or might if more of it had come. */
static bool begins(const struct answer *a, const char *text)
{
	size_t len = strlen(text);
	if (a->body.len >= len)
		return memcmp(a->body.text, text, len) == 0;
	return !a->body_whole && memcmp(a->body.text, text, a->body.len) == 0;
}

static struct answer_meaning success(const struct answer *a, const struct strlist *reject_body)
{
	for (size_t i = 0; i < reject_body->n; i++) {
		if (begins(a, reject_body->v[i]))
			return (struct answer_meaning){.kind = ANSWER_RETRY, .slow_down = true};
	}
	long failed = json_error_count(a->body.text, a->body.len);
	return (struct answer_meaning){.kind = failed > 0 ? ANSWER_PARTIAL : ANSWER_ACCEPTED,
	                               .failed = failed};
}

struct answer_meaning answer_meaning(const struct answer *a, const struct strlist *reject_body)
{
	switch (a->status) {
	case 200 ... 299:
		return success(a, reject_body);
	case 400:
	case 413:
	case 422:
		return (struct answer_meaning){.kind = ANSWER_REFUSED};
	case 408:
	case 425:
		return (struct answer_meaning){.kind = ANSWER_RETRY};
	case 429:
	case 503:
		return (struct answer_meaning){.kind = ANSWER_RETRY, .slow_down = true};
	case 300 ... 399:
	case 401 ... 407:
	case 409 ... 412:
	case 414 ... 421:
	case 423 ... 424:
	case 426 ... 428:
	case 430 ... 499:
		return (struct answer_meaning){.kind = ANSWER_HELD};
	default:
		return (struct answer_meaning){.kind = ANSWER_RETRY, .slow_down = a->timed_out};
	}
}

bool answer_is_busy(const struct answer *a)
{
	return a->status == 408 || a->status == 425 || a->status == 429;
}

void answer_words(const struct answer *a, char *ret, size_t size)
{
	char masked[3 * WORDS_MAX + 4];
	size_t len = 0;
	while (len < a->body.len && len < WORDS_MAX && a->body.text[len] != '\r' &&
	       a->body.text[len] != '\n')
		len++;
	len = mask_addresses(a->body.text, len, masked);
	if (a->status == 0)
		(void)snprintf(ret, size, "%s", a->failure[0] ? a->failure : "no answer");
	else if (len > 0)
		(void)snprintf(ret, size, "HTTP %ld: %.*s", a->status, (int)len, masked);
	else
		(void)snprintf(ret, size, "HTTP %ld", a->status);
}

const char *answer_advice(const struct answer *a)
{
	switch (a->status) {
	case 401:
		return "check signature-file or token-file";
	case 403:
		return "check the credentials, and whether a firewall in front refuses this host";
	case 404:
	case 410:
		return "check the path in url";
	case 405:
		return "check url: it takes no POST";
	case 407:
		return "check proxy: it wants credentials";
	case 300 ... 399:
		return "redirects are not followed: put the address it points to into url";
	case 421:
		return "check the host name in url";
	default:
		return "check url, format and credentials against the backend's documentation";
	}
}
