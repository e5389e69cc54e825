/* Implements rig.h: rules from text, and verdicts. */
#include "tests/unit/rules/rig.h"

char mistakes[65536];

void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	size_t used = strlen(mistakes);
	(void)snprintf(mistakes + used, sizeof(mistakes) - used, "%s\n", m->line);
	assert_null(strchr(m->line, '\n'));
}

int load(struct rules **ret, const char *text)
{
	mistakes[0] = '\0';
	return rules_load_text(ret, "t.rules", slice_of(text), on_mistake, NULL);
}

struct rules *good(const char *text)
{
	struct rules *r = NULL;
	int rc = load(&r, text);
	if (rc != 0)
		print_message("%s", mistakes);
	assert_int_equal(rc, 0);
	assert_string_equal(mistakes, "");
	return r;
}

void bad(const char *text, const char *want)
{
	struct rules *r = NULL;
	int rc = load(&r, text);
	assert_int_equal(rc, -EINVAL);
	assert_null(r);
	if (!strstr(mistakes, want))
		print_message("wanted: %s\nreported: %s", want, mistakes);
	assert_non_null(strstr(mistakes, want));
}

const struct rules_fields nothing = {
        .diag = {"", 0},
        .status = {"", 0},
        .cat = {"", 0},
        .domain = {"", 0},
        .mta = {"", 0},
        .action = {"", 0},
        .feedback_type = {"", 0},
};

struct rules_fields text_of(const char *diag)
{
	struct rules_fields f = nothing;
	f.diag = slice_of(diag);
	return f;
}

/* With the prefilter, without it, and once more from the memo. */
struct rules_result judge(struct rules *r, const struct rules_fields *f)
{
	struct rules_result a, b, c;
	assert_int_equal(rules_judge(r, f, &a), 0);
	assert_int_equal(rules_judge_plainly(r, f, &b), 0);
	assert_int_equal(rules_judge(r, f, &c), 0);
	assert_string_equal(a.id, b.id);
	assert_string_equal(a.id, c.id);
	assert_int_equal(a.rule, b.rule);
	assert_int_equal(a.unmapped, b.unmapped);
	assert_int_equal(a.verdict, c.verdict);
	return a;
}

void expect_of(struct rules *r, struct rules_fields f, const char *id, enum rules_verdict verdict)
{
	struct rules_result got = judge(r, &f);
	assert_string_equal(got.id, id);
	assert_int_equal(got.verdict, verdict);
}

void expect(struct rules *r, const char *diag, const char *id, enum rules_verdict verdict)
{
	expect_of(r, text_of(diag), id, verdict);
}
