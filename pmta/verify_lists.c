/* Checks the form of a block's lists: what PowerMTA makes of some forms is not established. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "pmta/verify_pair.h"

/* Returns true for "b rb": no comma between two words. */
static bool blanks_only(const char *list)
{
	struct slice word;
	const char *end = NULL;
	while (pmta_word(&list, &word)) {
		size_t between = end ? (size_t)(word.text - end) : 0;
		if (end && !memchr(end, ',', between))
			return true;
		end = word.text + word.len;
	}
	return false;
}

/* Writes the list with commas; "" when it does not fit. */
static void with_commas(const char *list, char *ret, size_t size)
{
	struct slice word;
	size_t n = 0;
	*ret = '\0';
	while (pmta_word(&list, &word) && n < size)
		n += (size_t)snprintf(ret + n, size - n, "%s%.*s", n ? "," : "", (int)word.len,
		                      word.text);
	if (n >= size)
		*ret = '\0';
}

static void check_form(const struct verify_pair *p, const struct pmta_node *n, const char *head,
                       const char *list)
{
	char where[300], commas[4096];
	struct fix fix = {0};
	if (!blanks_only(list))
		return;
	pmta_place(n, where, sizeof(where));
	with_commas(list, commas, sizeof(commas));
	finding_unchecked(&p->v->to, FINDING_WARNING, where,
	                  *commas ? fix_line(&fix, "%s %s", head, commas) : NULL,
	                  "a list without commas in %s: what PowerMTA makes of it is not "
	                  "established",
	                  n->name);
}

static void check_types(const struct verify_pair *p, const struct pmta_node *n, const char *list)
{
	static const char *const types[] = {"d", "b", "t", "tq", "r", "f", "rb", "rs", "all"};
	char where[300];
	struct slice word;
	pmta_place(n, where, sizeof(where));
	while (pmta_word(&list, &word)) {
		bool known = false;
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			known = known || verify_same(verify_type(word), slice_of(types[i]));
		if (!known)
			finding_unchecked(&p->v->to, FINDING_WARNING, where, NULL,
			                  "record type '%.*s' is not known to this check: look it "
			                  "up in PowerMTA's manual",
			                  (int)word.len, word.text);
	}
}

static void tell_again(const struct verify_pair *p, const struct pmta_node *n,
                       const struct pmta_node *first, const char *what)
{
	char where[300], other[300];
	pmta_place(n, where, sizeof(where));
	pmta_place(first, other, sizeof(other));
	finding_unchecked(&p->v->to, FINDING_WARNING, where, "write both lists in one line",
	                  "%s a second time, after %s: which of the two PowerMTA uses, or both, is "
	                  "not established",
	                  what, other);
}

static void check_records_lines(const struct verify_pair *p)
{
	const struct pmta_config *c = p->v->pmta;
	const struct pmta_node *first = NULL;
	for (size_t i = 0; (i = pmta_next(c, p->block, "records", i)) > 0;) {
		const struct pmta_node *n = &c->nodes[i];
		if (first)
			tell_again(p, n, first, "records");
		first = first ? first : n;
		check_form(p, n, "records", n->value);
		check_types(p, n, n->value);
	}
}

/* "record-fields b,rb LIST": the types, then the list. */
static void check_fields_lines(const struct verify_pair *p)
{
	const struct pmta_config *c = p->v->pmta;
	for (size_t i = 0; (i = pmta_next(c, p->block, "record-fields", i)) > 0;) {
		const struct pmta_node *n = &c->nodes[i];
		size_t len = strcspn(n->value, " \t");
		char head[128], what[128];
		struct slice type = {n->value, len};
		(void)snprintf(head, sizeof(head), "record-fields %.*s", (int)len, n->value);
		check_form(p, n, head, n->value + len);
		for (size_t k = 0; (k = pmta_next(c, p->block, "record-fields", k)) > 0 && k < i;) {
			const char *earlier = c->nodes[k].value;
			struct slice other = {earlier, strcspn(earlier, " \t")};
			(void)snprintf(what, sizeof(what), "%s", head);
			if (verify_same(verify_type(type), verify_type(other))) {
				tell_again(p, n, &c->nodes[k], what);
				break;
			}
		}
	}
}

void verify_lists(const struct verify_pair *p)
{
	check_records_lines(p);
	check_fields_lines(p);
}
