#include "agent/left.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define LOOK_REST 19 /* left_look() rests that many times as long as the last look took */

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

static bool look(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms,
                 bool say)
{
	struct left found = {0};
	struct looking in = {&found, store, now_ms, say};
	const int64_t begun_ms = clock_mono_ms();
	int rc = uncovered_each(conf, store, on_place, &in);
	const int64_t ended_ms = clock_mono_ms();
	if (rc < 0 && say)
		log_warning("files that are no longer configured cannot be looked for: %s",
		            strerror(-rc));
	if (rc == 0)
		*l = found;
	l->look_at_ms = ended_ms + LOOK_REST * (ended_ms - begun_ms);
	return rc == 0;
}

void left_announce(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms)
{
	*l = (struct left){0};
	(void)look(l, conf, store, now_ms, true);
}

bool left_look(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms)
{
	return clock_mono_ms() >= l->look_at_ms && look(l, conf, store, now_ms, false);
}
