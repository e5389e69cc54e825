#include "rules/judge.h"

#include <string.h>

#include "record/columns.h"

static struct slice field(const struct record *rec, size_t column)
{
	return column < rec->nfields ? rec->fields[column] : SLICE_EMPTY;
}

/* Returns the part after the last "@", without a bracket at the end. */
static struct slice domain_of(struct slice address)
{
	const char *at = memrchr(address.text, '@', address.len);
	if (!at)
		return SLICE_EMPTY;
	const char *end = address.text + address.len;
	while (end > at + 1 && (end[-1] == '>' || end[-1] == '.' || end[-1] == ' '))
		end--;
	return (struct slice){at + 1, (size_t)(end - at - 1)};
}

void judge_fields(struct rules_fields *ret, const struct record *rec)
{
	const struct columns *c = rec->columns;
	*ret = (struct rules_fields){
	        .feedback = rec->type == RECORD_FEEDBACK,
	        .diag = field(rec, c->diag),
	        .status = field(rec, c->status),
	        .cat = field(rec, c->bounce_cat),
	        .domain = domain_of(field(rec, c->rcpt)),
	        .mta = field(rec, c->mta),
	        .action = field(rec, c->action),
	        .feedback_type = field(rec, c->feedback),
	};
}

/* Returns true for bounces and complaints; other records have no verdict. */
static bool is_judged(const struct record *rec)
{
	return rec->type == RECORD_BOUNCED || rec->type == RECORD_REMOTE_BOUNCE ||
	       rec->type == RECORD_FEEDBACK;
}

int judge_record(struct rules *rules, struct record *rec, struct judge_text *t)
{
	struct rules_fields f;
	size_t n = 0;
	t->result.silent = true;
	if (!rules || !is_judged(rec))
		return 0;
	judge_fields(&f, rec);
	int rc = rules_judge(rules, &f, &t->result);
	if (rc < 0 || t->result.silent)
		return rc;
	t->extra[n++] = (struct record_extra){"bounceType", rules_verdict_title(t->result.verdict)};
	t->extra[n++] = (struct record_extra){"bounceRule", t->result.id};
	if (*t->result.action)
		t->extra[n++] = (struct record_extra){"bounceAction", t->result.action};
	if (rules_wants_why(rules)) {
		rc = rules_why(rules, &f, &t->result, t->why);
		if (rc < 0)
			return rc;
		t->extra[n++] = (struct record_extra){"bounceWhy", t->why};
	}
	rec->extra = t->extra;
	rec->nextra = n;
	return t->result.deliver ? 0 : JUDGE_WITHHELD;
}
