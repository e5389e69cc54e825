/* Any answer of a backend: its outcome and the words about it. */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "record/json.h"
#include "ship/answer.h"
#include "ship/backoff.h"

static char words[4][24] = {"MySQL Error", "Fatal error", "<br />\n<b>Fatal error",
                            "{\"Success\":false"};
static char *list[] = {words[0], words[1], words[2], words[3]};
static const struct strlist reject_body = {list, 4};

static void check_outcome(const struct answer *a, bool accept_html, size_t size)
{
	const struct answer_conf conf = {&reject_body, accept_html};
	char text[300], shown[4 * sizeof(text)];
	memset(text, '#', sizeof(text));
	struct outcome o = answer_outcome(a, &conf, text, size);
	bool success = a->status >= 200 && a->status < 300;
	PROMISE(o.kind <= OUTCOME_RETRY && o.code == a->status);
	PROMISE((o.kind == OUTCOME_PARTIAL) == (o.nfailed > 0) && !o.failed_items);
	PROMISE(success || (o.kind != OUTCOME_ACCEPTED && o.kind != OUTCOME_PARTIAL));
	PROMISE(!success || o.kind != OUTCOME_REFUSED);
	PROMISE(!success || o.kind != OUTCOME_HELD || !accept_html);
	PROMISE(!success || a->sent || o.kind == OUTCOME_RETRY);
	PROMISE(o.kind == OUTCOME_RETRY || (!o.busy && !o.slow_down));
	PROMISE(o.advice[0] != '\0' && o.words == text);
	size_t len = strnlen(text, size);
	PROMISE(len < size && !memchr(text, '\n', len));
	utf8_printable(text, len, shown, sizeof(shown));
	for (const char *p = shown; *p; p++)
		PROMISE((unsigned char)*p >= ' ' && *p != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	unsigned status = take_byte(&in) | take_byte(&in) << 8, flags = take_byte(&in);
	size_t words_size = 1 + take_byte(&in);
	size_t len = in.left < ANSWER_BODY_MAX ? in.left : ANSWER_BODY_MAX;
	char *body = malloc(len ? len : 1); /* of the exact size */
	if (!body)
		return 0;
	memcpy(body, in.p, len);
	const struct answer a = {
	        .status = status % 1100,
	        .failure = flags & 1 ? "broken off" : "",
	        .timed_out = flags & 2,
	        .sent = flags & 8,
	        .body = {body, len},
	        .body_whole = flags & 4,
	};
	check_outcome(&a, flags & 16, words_size);
	uint64_t random = status, min = flags + 1, max = min + words_size;
	uint64_t wait = backoff_ms(flags % 80, min, max, &random);
	PROMISE(wait >= min / 2 && wait <= max);
	PROMISE(backoff_ms(flags % 80, max, min, &random) <= min);
	free(body);
	return 0;
}
