/*
 * This file hides PCRE2's oddities.
 *
 * PCRE2's match limit starts again at each place where a match may begin, so a text of 4 KiB can
 * cost four thousand times the limit.  The sum must be bounded: expressions have a callout after
 * each repeat (syntax.c inserts it; if it could not, PCRE2 inserts one before every item), and the
 * callout counts steps up to a limit.  It counts steps, not time: a verdict must not depend on the
 * load of the machine.
 *
 * pcre2_match() keeps its frames in the match data and lets them grow; the heap limit bounds that.
 * \C would match half a line end, and (*UTF) would refuse texts that are not UTF-8: both are off.
 */
#include "rules/match.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 2500   /* under 0.1 ms, whatever the expression */
#define STRIDE 32        /* so many skipped characters count as a step */
#define MATCH_LIMIT 4000 /* at one place */
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT_KIB 4096
#define PATTERN_MAX 8192

struct regex {
	pcre2_code *code;
};

struct matcher {
	pcre2_match_context *context;
	pcre2_match_data *data;
	size_t steps, start, at;
	bool spent;
	uint64_t limits;
};

static int compile(struct regex *re, struct slice pattern, uint32_t options, char *why, size_t size)
{
	int code;
	PCRE2_SIZE at;
	re->code = pcre2_compile((PCRE2_SPTR)pattern.text, pattern.len, options, &code, &at, NULL);
	if (re->code)
		return 0;
	if (code == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	PCRE2_UCHAR text[160];
	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		text[0] = '\0';
	(void)snprintf(why, size, "%s, at its character %zu", (const char *)text, at + 1);
	return -EINVAL;
}

int regex_new(struct regex **ret, struct slice pattern, const struct regex_flags *flags,
              const struct syntax *syntax, char *why, size_t size)
{
	uint32_t options = PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF |
	                   PCRE2_NEVER_UCP;
	if (flags->dotall)
		options |= PCRE2_DOTALL;
	if (flags->multiline)
		options |= PCRE2_MULTILINE;
	if (pattern.len > PATTERN_MAX) {
		(void)snprintf(why, size, "longer than %d bytes", PATTERN_MAX);
		return -EINVAL;
	}
	struct regex *re = calloc(1, sizeof(*re));
	if (!re)
		return -ENOMEM;
	/* Compiles the pattern as written first, so that messages are about that one. */
	int rc = compile(re, pattern, options, why, size);
	if (rc == 0 && syntax->repeats) {
		struct regex counted = {NULL};
		const struct slice guarded = {syntax->guarded, syntax->guarded_len};
		rc = compile(&counted, syntax->guarded ? guarded : pattern,
		             syntax->guarded ? options : options | PCRE2_AUTO_CALLOUT, why, size);
		pcre2_code_free(re->code);
		re->code = counted.code;
	}
	if (rc < 0) {
		(void)regex_free(re);
		return rc;
	}
	*ret = re;
	return 0;
}

struct regex *regex_free(struct regex *re)
{
	if (re)
		pcre2_code_free(re->code);
	free(re);
	return NULL;
}

size_t regex_size(const struct regex *re)
{
	size_t size = 0;
	if (!re || pcre2_pattern_info(re->code, PCRE2_INFO_SIZE, &size) != 0)
		return 0;
	return sizeof(*re) + size;
}

size_t matcher_size(void)
{
	return (size_t)HEAP_LIMIT_KIB * 1024;
}

/* Each new start of a match, and the characters skipped there, count as well: "[^z]*z" takes one
 * callout and the whole text at each of them. */
static int count_step(pcre2_callout_block *block, void *arg)
{
	struct matcher *m = arg;
	size_t from = block->start_match != m->start ? block->start_match : m->at;
	size_t at = block->current_position;
	m->steps += 1 + (at > from ? at - from : from - at) / STRIDE;
	m->start = block->start_match;
	m->at = at;
	return m->steps > STEPS_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

int matcher_new(struct matcher **ret)
{
	struct matcher *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->context = pcre2_match_context_create(NULL);
	m->data = pcre2_match_data_create(1, NULL); /* only the match, no groups */
	if (!m->context || !m->data) {
		(void)matcher_free(m);
		return -ENOMEM;
	}
	(void)pcre2_set_match_limit(m->context, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
	(void)pcre2_set_callout(m->context, count_step, m);
	*ret = m;
	return 0;
}

struct matcher *matcher_free(struct matcher *m)
{
	if (m) {
		pcre2_match_data_free(m->data);
		pcre2_match_context_free(m->context);
	}
	free(m);
	return NULL;
}

void matcher_begin(struct matcher *m)
{
	m->limits += m->spent;
	m->spent = false;
	m->steps = 0;
}

bool matcher_spent(const struct matcher *m)
{
	return m->spent;
}

int regex_match(struct matcher *m, const struct regex *re, struct slice text, size_t *ret_from,
                size_t *ret_to)
{
	m->start = m->at = SIZE_MAX / 2;
	int rc = pcre2_match(re->code, (PCRE2_SPTR)text.text, text.len, 0, 0, m->data, m->context);
	if (rc == PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	if (rc < 0) {
		m->spent = m->spent || rc != PCRE2_ERROR_NOMATCH;
		return 0;
	}
	const PCRE2_SIZE *where = pcre2_get_ovector_pointer(m->data);
	if (ret_from)
		*ret_from = where[0];
	if (ret_to) /* \K in a look-ahead can put the end before the start */
		*ret_to = where[1] < where[0] ? where[0] : where[1];
	return 1;
}

uint64_t matcher_limits(const struct matcher *m)
{
	return m->limits + m->spent;
}
