#include "agent/letters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ANSWER_MAX 512 /* bytes of the answer kept with a dead letter */

/* Appends a text to one block of memory. */
static char *keep(char **at, const char *text, size_t len)
{
	char *to = *at;
	memcpy(to, text, len);
	to[len] = '\0';
	*at += len + 1;
	return to;
}

static int grow(struct letters *l)
{
	size_t more = l->room ? 2 * l->room : 8;
	if (l->n < l->room)
		return 0;
	struct letter *p = reallocarray(l->all, more, sizeof(*p));
	if (!p)
		return -ENOMEM;
	l->all = p;
	l->room = more;
	return 0;
}

int letters_add(struct letters *l, const struct store_dead *d, bool again)
{
	if (grow(l) < 0)
		return -ENOMEM;
	size_t file = strlen(d->file), reason = strlen(d->reason);
	size_t answer = d->answer.len < ANSWER_MAX ? d->answer.len : ANSWER_MAX;
	size_t room = file + reason + answer + d->header.len + d->row.len + 5;
	char *at = malloc(room);
	if (!at)
		return -ENOMEM;
	l->bytes += room;
	struct letter *letter = &l->all[l->n++];
	*letter = (struct letter){.d = *d, .memory = at, .again = again};
	letter->d.file = keep(&at, d->file, file);
	letter->d.reason = keep(&at, d->reason, reason);
	letter->d.answer = (struct slice){keep(&at, d->answer.text, answer), answer};
	letter->d.header.text = keep(&at, d->header.text, d->header.len);
	letter->d.row.text = keep(&at, d->row.text, d->row.len);
	letter->d.made_ms = clock_real_ms();
	return 0;
}

int letters_put(const struct letters *l, struct store *store, int64_t *ret_records,
                int64_t *ret_bytes)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct store_dead *d = &l->all[i].d;
		bool is_new = false;
		int rc = l->all[i].again ? store_dead_again(store, d)
		                         : store_dead_put(store, d, &is_new);
		if (rc < 0)
			return rc;
		*ret_records += is_new;
		*ret_bytes += is_new ? (int64_t)(d->row.len + d->header.len + d->answer.len) : 0;
	}
	return 0;
}

void letters_clear(struct letters *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->all[i].memory);
	l->n = l->bytes = 0;
}

void letters_close(struct letters *l)
{
	letters_clear(l);
	free(l->all);
	*l = (struct letters){0};
}
