/* Splits a text or a regular expression of a rule into parts that can be tried separately. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "rules/impl.h"

static void branch_clear(struct branch *b)
{
	for (size_t i = 0; i < b->nsets; i++) {
		literal_set_clear(&b->sets[i]);
		if (b->ids)
			free(b->ids[i]);
	}
	free(b->sets);
	free(b->ids);
	(void)regex_free(b->regex);
}

void test_clear(struct test *t)
{
	for (size_t i = 0; i < t->nbranches; i++)
		branch_clear(&t->branches[i]);
	free(t->branches);
	free(t->text_ids);
	literal_set_clear(&t->texts);
	free((char *)t->pattern.text);
	*t = (struct test){0};
}

static int add_text(struct test *t, struct slice text)
{
	struct slice *bigger = realloc(t->texts.v, (t->texts.n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	t->texts.v = bigger;
	char *copy = malloc(text.len + 1);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = words_lower(text.text[i]);
	copy[text.len] = '\0';
	bigger[t->texts.n++] = (struct slice){copy, text.len};
	return 0;
}

int test_text(struct test *t, struct slice text)
{
	return add_text(t, text);
}

static int add_branch(struct test *t, struct regex *regex, struct syntax *syntax)
{
	struct branch *bigger = realloc(t->branches, (t->nbranches + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	t->branches = bigger;
	struct branch *b = &bigger[t->nbranches++];
	*b = (struct branch){.regex = regex, .start = syntax->start, .nsets = syntax->nsets};
	b->sets = STEAL(syntax->sets);
	syntax->nsets = 0;
	return 0;
}

/* Adds one part: as texts if it is only that, else as a branch. */
static int add_part(struct test *t, struct slice part, const struct regex_flags *flags,
                    struct syntax *syntax, char *why, size_t size)
{
	struct regex *regex;
	int rc = 0;
	if (syntax->plain) {
		for (size_t i = 0; rc == 0 && i < syntax->sets[0].n; i++)
			rc = add_text(t, syntax->sets[0].v[i]);
		return rc;
	}
	rc = regex_new(&regex, part, flags, syntax, why, size);
	if (rc == 0)
		rc = add_branch(t, regex, syntax);
	else
		return rc;
	if (rc < 0)
		(void)regex_free(regex);
	return rc;
}

static int add_parts(struct test *t, struct slice pattern, const struct regex_flags *flags,
                     const struct syntax *whole, char *why, size_t size)
{
	size_t from = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i <= whole->nbars; i++) {
		size_t to = i < whole->nbars ? whole->bars[i] : pattern.len;
		const struct slice part = {pattern.text + from, to - from};
		struct syntax syntax;
		rc = syntax_read(&syntax, part);
		if (rc == 0)
			rc = add_part(t, part, flags, &syntax, why, size);
		syntax_clear(&syntax);
		from = to + 1;
	}
	return rc;
}

/* Compiles the whole pattern first, so that messages are about the pattern as written. */
int test_regex(struct parse *p, struct test *t, struct slice pattern,
               const struct regex_flags *flags)
{
	struct syntax whole;
	struct regex *regex;
	char why[256];
	t->pattern.text = strndup(pattern.text, pattern.len);
	if (!t->pattern.text)
		return -ENOMEM;
	t->pattern.len = pattern.len;
	int rc = syntax_read(&whole, pattern);
	if (rc == 0)
		rc = regex_new(&regex, pattern, flags, &whole, why, sizeof(why));
	if (rc == 0) {
		(void)regex_free(regex);
		rc = add_parts(t, pattern, flags, &whole, why, sizeof(why));
	}
	syntax_clear(&whole);
	return rc == -EINVAL ? parse_mistake(p, "invalid regular expression: %s", why) : rc;
}
