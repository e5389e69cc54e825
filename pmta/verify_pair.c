#include "pmta/verify_pair.h"

#include <string.h>
#include <strings.h>

void verify_pair_place(const struct verify_pair *p, const struct pmta_node *n, char *ret,
                       size_t size)
{
	pmta_place(n ? n : &p->v->pmta->nodes[p->block], ret, size);
}

void verify_tidy(const char *path, char *ret, size_t size)
{
	size_t n = 0;
	for (const char *p = path; *p && n + 1 < size; p++)
		if (*p != '/' || (p[1] != '/' && p[1] != '\0') || p == path)
			ret[n++] = *p;
	ret[n] = '\0';
}

bool verify_same_path(const char *a, const char *b)
{
	char tidy_a[4096], tidy_b[4096];
	verify_tidy(a, tidy_a, sizeof(tidy_a));
	verify_tidy(b, tidy_b, sizeof(tidy_b));
	return strcmp(tidy_a, tidy_b) == 0;
}

struct slice verify_type(struct slice name)
{
	static const struct {
		const char *name, *type;
	} names[] = {
	        {"delivery", "d"}, {"delivered", "d"},      {"bounce", "b"},
	        {"bounced", "b"},  {"transient", "t"},      {"transient-queue", "tq"},
	        {"receipt", "r"},  {"received", "r"},       {"feedback-loop", "f"},
	        {"fbl", "f"},      {"remote-bounce", "rb"}, {"remote-status", "rs"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.len == strlen(names[i].name) &&
		    strncasecmp(name.text, names[i].name, name.len) == 0)
			return slice_of(names[i].type);
	return name;
}

bool verify_same(struct slice a, struct slice b)
{
	return a.len == b.len && strncasecmp(a.text, b.text, a.len) == 0;
}

/* Returns true if the type is in the list, under any of its names. */
static bool has_type(const char *list, const char *type)
{
	struct slice word;
	while (pmta_word(&list, &word))
		if (verify_same(verify_type(word), slice_of(type)) ||
		    verify_same(word, slice_of("all")))
			return true;
	return false;
}

bool verify_logs(const struct pmta_config *c, size_t block, const char *type)
{
	if (!pmta_last(c, block, "records"))
		return has_type(VERIFY_RECORDS_DEFAULT, type);
	for (size_t i = 0; (i = pmta_next(c, block, "records", i)) > 0;)
		if (has_type(c->nodes[i].value, type))
			return true;
	return false;
}
