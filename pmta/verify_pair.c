#include "pmta/verify_pair.h"

#include <string.h>

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
