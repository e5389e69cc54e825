/* Files beside those of a source, which are not read: the list, and its lines for the log. */
#include <string.h>

#include "follow/beside.h"
#include "tailer/impl.h"

#define LOOKED_FOR 16 /* files deleted with rows left that are looked for in one rescan */

#define FIX_LOGGED 400 /* a longer one would be cut: status has it whole */

static const char *fix_text(const struct source *s, struct fix *fix, enum beside_kind kind, int dir,
                            const char *name)
{
	const char *text = beside_fix(fix, &s->template, kind, s->dirs[dir], name);
	return *text && strlen(text) < FIX_LOGGED ? text : "see pmta-shipper status";
}

/* Logs one kind when it appears; more of it later is no news. */
static void log_kind(struct source *s, int dir, enum beside_kind kind)
{
	char line[BESIDE_LINE];
	struct fix fix;
	const struct beside *b = &s->besides.in[dir][kind];
	tail_note(s->tailer, TAIL_INFO, "source \"%s\": %s; to deliver its rows: %s", s->conf->name,
	          beside_line(b, kind, s->dirs[dir], line), fix_text(s, &fix, kind, dir, b->name));
}

void besides_found(struct source *s, int dir, const struct beside found[BESIDE_KINDS])
{
	for (int k = 0; k < BESIDE_KINDS; k++) {
		struct beside *kept = &s->besides.in[dir][k];
		bool appeared = kept->n == 0 && found[k].n > 0;
		*kept = found[k];
		if (appeared)
			log_kind(s, dir, (enum beside_kind)k);
	}
}

void besides_settle(struct source *s)
{
	struct besides *b = &s->besides;
	struct fix fix;
	const bool known = b->lost.name[0] != '\0';
	size_t looked = 0;
	b->lost.name[0] = '\0';
	if (besides_count(b) == 0)
		return;
	for (size_t i = s->nfiles; i-- > 0 && !b->lost.name[0] && looked < LOOKED_FOR;) {
		const struct tail_file *f = s->files[i];
		if (f->gone_ms == 0 || f->gz || f->left || f->state == FILE_SKIPPED ||
		    f->offset >= f->size)
			continue;
		looked++;
		for (int d = 0; d < NDIRS; d++) {
			if (s->dirs[d])
				besides_find_lost(b, &s->template, d, s->dirs[d], f->name);
		}
	}
	if (b->lost.name[0] && !known)
		tail_note(s->tailer, TAIL_WARNING,
		          "source \"%s\": rows of \"%s\" are not delivered; they are likely in "
		          "\"%s\", which is not read; to deliver them: %s",
		          s->conf->name, b->lost.plain, b->lost.name,
		          fix_text(s, &fix, b->lost.kind, b->lost.folder, b->lost.name));
}
