/* A new configuration: files that are open go from one tailer to the next. */
#include <errno.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/units.h"
#include "tailer/impl.h"

static struct tail_file *file_of_id(const struct tailer *t, int64_t id)
{
	for (size_t i = 0; i < t->conf.nsources; i++) {
		const struct source *s = &t->sources[i];
		for (size_t j = 0; j < s->nfiles; j++) {
			if (s->files[j]->id == id)
				return s->files[j];
		}
	}
	return NULL;
}

/* Opens the file again on the same descriptor, for lines of another length. */
static int open_again(const struct tail_file *from, size_t line_max, struct follow **ret)
{
	struct follow *follow;
	int fd = dup(follow_fd(from->open->follow));
	int rc = fd < 0 ? -errno : follow_open(&follow, fd, from->gz, line_max);
	if (rc < 0)
		return rc;
	rc = follow_head(follow, false);
	if (rc < 0)
		(void)follow_close(follow);
	else
		*ret = follow;
	return rc;
}

/* Returns 0, or a negative errno; then both are unchanged. */
static int hand_over(struct tail_file *from, struct tail_file *to)
{
	struct tailer *t = to->source->tailer;
	if (t->conf.line_max != from->source->tailer->conf.line_max) {
		struct follow *follow;
		int rc = open_again(from, t->conf.line_max, &follow);
		if (rc < 0)
			return rc;
		(void)follow_close(from->open->follow);
		from->open->follow = follow;
	}
	if (to->missing > 0 || to->dir < 0) { /* deleted, or in a place that is none any more */
		to->size = from->size;
		to->gone_ms = 0;
		to->missing = 1;
		to->mtime_s = from->mtime_s;
	}
	to->left = false;
	if (to->state == FILE_GONE)
		file_set_state(to, FILE_FOUND);
	file_unmark_todo(to); /* it need not be proved any more */
	to->proving = follow_close(to->proving);
	file_set_open(to, STEAL(from->open));
	int rc = file_look(to);
	return rc == 0 ? file_mark_todo(to) : rc;
}

static void say_dropped(struct tailer *t, const struct tail_file *f, const char *why)
{
	if (f->missing == 0 || f->offset >= f->size || f->gz)
		return;
	uint64_t left = f->size - f->offset;
	tail_note(t, TAIL_ERROR,
	          "\"%s\" of source \"%s\" was deleted and is closed, since %s: %llu byte%s lost",
	          f->name, f->source->conf->name, why, (unsigned long long)left, units_s(left));
}

static void hand_over_all(struct tailer *from, struct tailer *to)
{
	for (size_t i = 0; i < from->conf.nsources; i++) {
		struct source *s = &from->sources[i];
		for (size_t j = 0; j < s->nfiles; j++) {
			struct tail_file *f = s->files[j];
			if (!f->open)
				continue;
			struct tail_file *g = file_of_id(to, f->id);
			if (!g)
				say_dropped(to, f, "no source of the configuration has it");
			else if (!g->open && hand_over(f, g) < 0 && !g->open)
				say_dropped(to, f, "memory or descriptors ran out");
		}
	}
}

int tailer_reload(struct tailer **t, const struct tailer_conf *conf, int64_t now_ms,
                  struct err *err)
{
	struct tailer *old = *t, *next;
	int rc = tailer_open(&next, conf, old->note, old->arg, err);
	if (rc < 0)
		return rc;
	next->now_ms = now_ms;
	hand_over_all(old, next);
	*t = next;
	(void)tailer_close(old);
	return 0;
}
