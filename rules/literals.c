#include "rules/literals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/words.h"

void literal_set_clear(struct literal_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free((char *)set->v[i].text);
	free(set->v);
	*set = (struct literal_set){0};
}

void level_clear(struct level *l)
{
	for (size_t i = 0; i < l->n; i++)
		literal_set_clear(&l->sets[i]);
	l->n = 0;
}

static size_t shortest(const struct literal_set *set)
{
	size_t least = SYNTAX_LITERAL_MAX;
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i].len < least)
			least = set->v[i].len;
	return set->n ? least : 0;
}

static int set_add(struct literal_set *set, const char *text, size_t len)
{
	struct slice *v = realloc(set->v, (set->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	set->v = v;
	char *copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	set->v[set->n++] = (struct slice){copy, len};
	return 0;
}

void level_add(struct level *l, struct literal_set *set)
{
	if (l->n == LEVEL_SETS_MAX || set->n == 0)
		literal_set_clear(set);
	else
		l->sets[l->n++] = *set;
	*set = (struct literal_set){0};
}

int level_run_end(struct level *l)
{
	struct literal_set set = {0};
	size_t len = l->nrun;
	l->nrun = 0;
	if (len == 0)
		return 0;
	int rc = set_add(&set, l->run, len);
	if (rc < 0) {
		literal_set_clear(&set);
		return rc;
	}
	level_add(l, &set);
	return 0;
}

int level_run_add(struct level *l, char c)
{
	if (l->nrun == sizeof(l->run)) {
		int rc = level_run_end(l);
		if (rc < 0)
			return rc;
		l->only_run = false;
	}
	l->run[l->nrun++] = words_lower(c);
	return 0;
}

/* Returns the most selective set: long literals, and few of them. */
static struct literal_set *best_set(struct level *l)
{
	struct literal_set *ret = NULL;
	for (size_t i = 0; i < l->n; i++) {
		size_t len = shortest(&l->sets[i]), best = ret ? shortest(ret) : 0;
		if (len > best || (len == best && l->sets[i].n < ret->n))
			ret = &l->sets[i];
	}
	return ret;
}

bool level_unite(struct literal_set *to, struct level *branch)
{
	struct literal_set *from = best_set(branch);
	if (!from || to->n + from->n > SYNTAX_LITERALS_MAX)
		return false;
	struct slice *v = realloc(to->v, (to->n + from->n) * sizeof(*v));
	if (!v)
		return false;
	to->v = v;
	memcpy(to->v + to->n, from->v, from->n * sizeof(*v));
	to->n += from->n;
	free(from->v);
	*from = (struct literal_set){0};
	return true;
}
