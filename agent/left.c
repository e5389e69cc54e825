#include "agent/left.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define LOOK_AGAIN_MS 2000

struct looking {
	struct left *left;
	struct store *store;
	int64_t now_ms;
	bool say;
};

/* A failure leaves the place in the store: it is looked at again at the next start. */
static void forget_place(const struct looking *in, const struct uncovered *u)
{
	const struct source_place p = {.source = u->source, .folder = u->folder, .base = u->base};
	if (store_begin(in->store) < 0)
		return;
	if (store_drop_place(in->store, &p) < 0 || store_commit(in->store, in->now_ms) < 0)
		store_rollback(in->store);
}

static void on_place(const struct uncovered *u, void *arg)
{
	const struct looking *in = arg;
	struct left *l = in->left;
	char text[UNCOVERED_SIZE];
	if (!uncovered_text(u, text)) {
		if (in->say && u->past && !u->blind)
			forget_place(in, u);
		return;
	}
	if (in->say && (!u->archives || u->sent)) /* the tailer logs which it passes over */
		log_warning("%s", text);
	if (u->archives)
		return;
	if (l->files == 0)
		(void)snprintf(l->text, sizeof(l->text), "%s", text);
	l->files += u->files;
	l->bytes += u->bytes;
}

static void look(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms,
                 bool say)
{
	struct left found = {.looked_ms = now_ms};
	struct looking in = {&found, store, now_ms, say};
	int rc = uncovered_each(conf, store, on_place, &in);
	if (rc < 0 && say)
		log_warning("files that are no longer configured cannot be looked for: %s",
		            strerror(-rc));
	if (rc == 0)
		*l = found;
	l->looked_ms = now_ms;
}

void left_announce(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms)
{
	*l = (struct left){0};
	look(l, conf, store, now_ms, true);
}

void left_look(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms)
{
	if (l->files > 0 && now_ms - l->looked_ms >= LOOK_AGAIN_MS)
		look(l, conf, store, now_ms, false);
}
