/*
 * Any text as a file of rules, and any texts for them to judge: no crash; mistakes are reported;
 * and neither the prefilter nor the memo changes a verdict (V1).  The input is a file of rules, a
 * line
 * "--", and texts, one in each line.
 */
#include "tests/fuzz/fuzz.h"

#include "rules/rules.h"

#define TEXTS_MAX 20

static void on_mistake(const struct file_mistake *m, void *arg)
{
	PROMISE(!strchr(m->line, '\n') && !strchr(m->line, '\033'));
	(*(unsigned *)arg)++;
}

static void judge(struct rules *r, struct slice text)
{
	static const struct slice empty = {"", 0};
	struct rules_result quick, again, plain;
	char why[RULES_WHY_SIZE], normal[200];
	const struct rules_fields f = {.diag = text,
	                               .status = empty,
	                               .cat = empty,
	                               .domain = text,
	                               .mta = text,
	                               .action = empty,
	                               .feedback_type = empty};
	PROMISE(rules_judge(r, &f, &quick) == 0);
	PROMISE(rules_judge(r, &f, &again) == 0);
	PROMISE(rules_judge_plainly(r, &f, &plain) == 0);
	PROMISE(quick.rule == plain.rule && quick.id == plain.id && quick.verdict == plain.verdict);
	PROMISE(again.rule == quick.rule && again.id == quick.id);
	PROMISE(rules_why(r, &f, &quick, why) == 0);
	rules_normalise(text, normal, sizeof(normal));
	rules_count(r, &quick);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *all = (const char *)data;
	const char *cut = size > 4 ? memmem(all, size, "\n--\n", 4) : NULL;
	struct slice text = {all, cut ? (size_t)(cut - all + 1) : size};
	struct rules *r = NULL;
	unsigned mistakes = 0;
	int rc = rules_load_text(&r, "f", text, on_mistake, &mistakes);
	PROMISE((rc == 0) == (r != NULL) && (rc == 0) == (mistakes == 0));
	const char *p = cut ? cut + 4 : all + size, *end = all + size;
	for (int n = 0; r && n < TEXTS_MAX && p < end; n++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		judge(r, (struct slice){p, (size_t)((nl ? nl : end) - p)});
		p = nl ? nl + 1 : end;
	}
	(void)rules_free(r);
	return 0;
}
