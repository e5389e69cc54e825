#include "archive/fate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/judge.h"

static const struct {
	const char *name, *words;
} fates[FATES] = {
        [FATE_UNKNOWN] = {"unknown", "not known: there is no store, or the file has changed"},
        [FATE_ACKNOWLEDGED] = {"acknowledged", "acknowledged: the receiver accepted it"},
        [FATE_PARTIAL] = {"partial", "acknowledged, but the receiver reported that some events "
                                     "of that request failed"},
        [FATE_DEAD] = {"dead", "not delivered"},
        [FATE_DROPPED] = {"dropped", "not delivered: its dead letter was dropped"},
        [FATE_SKIPPED] = {"skipped", "skipped: records of its type are not sent, or were not when "
                                     "it was read"},
        [FATE_IGNORED] = {"ignored", "ignored: the present rules withhold it"},
        [FATE_PASSED] = {"passed", "not read: it existed at the first start"},
        [FATE_LOGSTASH] = {"logstash", "read by Logstash, by its sincedb; not sent from here"},
        [FATE_SETTLED] = {"settled", "settled, but it is not recorded how: acknowledged, or "
                                     "passed over"},
        [FATE_IN_FLIGHT] = {"inFlight", "in flight: sent, or about to be; no answer yet"},
        [FATE_BEHIND] = {"behind", "behind: not read, or not answered yet"},
};

const char *fate_name(enum fate fate)
{
	return fates[fate].name;
}

const char *fate_words(enum fate fate)
{
	return fates[fate].words;
}

/* ---- the decision ---- */

/* A row that the agent has read and settled. */
static enum fate read_here(const struct fate_case *c)
{
	if (!c->selection)
		return FATE_SETTLED;
	if (!c->is_record) /* it was one then, or its dead letter has been delivered */
		return FATE_SETTLED;
	if (!c->was_selected)
		return FATE_SKIPPED;
	if (c->same_rules)
		return c->withheld ? FATE_IGNORED : FATE_ACKNOWLEDGED;
	/* The verdict of the rules then is not known. */
	return c->any_ignored ? FATE_SETTLED : FATE_ACKNOWLEDGED;
}

enum fate fate_decide(const struct fate_case *c)
{
	bool skipped = c->is_record && !c->selected;
	if (c->letter == LETTER_KEPT)
		return FATE_DEAD;
	if (c->letter == LETTER_PARTIAL)
		return FATE_PARTIAL;
	if (c->letter == LETTER_DROPPED)
		return FATE_DROPPED;
	if (!c->store)
		return skipped ? FATE_SKIPPED : FATE_UNKNOWN;
	if (c->entry && c->passed)
		return c->how == PART_LOGSTASH ? FATE_LOGSTASH : FATE_PASSED;
	if (c->entry && !c->proved)
		return FATE_UNKNOWN;
	if (!c->entry || !c->settled)
		return skipped ? FATE_SKIPPED : c->sent ? FATE_IN_FLIGHT : FATE_BEHIND;
	if (c->how == PART_PASSED)
		return FATE_PASSED;
	if (c->how == PART_LOGSTASH)
		return FATE_LOGSTASH;
	if (c->altered)
		return FATE_UNKNOWN;
	if (c->all_acked)
		return FATE_ACKNOWLEDGED;
	return c->how == PART_READ ? read_here(c) : FATE_SETTLED;
}

/* ---- what the store has ---- */

void fates_open(struct fates *f, const struct catalog *catalog, struct rules *rules)
{
	*f = (struct fates){.catalog = catalog, .rules = rules};
	if (rules) {
		struct rules_view view;
		rules_view(rules, &view);
		memcpy(f->digest, view.digest, sizeof(f->digest));
	}
}

void fates_close(struct fates *f)
{
	free(f->types);
	*f = (struct fates){0};
}

int fate_file_open(struct fates *f, const struct catalog_file *file, struct fate_file *ret)
{
	*ret = (struct fate_file){.file = file};
	return catalog_look(f->catalog, file, &ret->known);
}

void fate_file_close(struct fate_file *file)
{
	ledger_free(&file->known.ledger);
}

static int take_selection(const struct store_selection *what, void *arg)
{
	struct fates *f = arg;
	f->types = strdup(what->types);
	f->same_rules = strcmp(what->rules, f->digest) == 0;
	f->have = true;
	return f->types ? 0 : -ENOMEM;
}

/* Loads the selection of a part, unless it is loaded. */
static int select_part(struct fates *f, const struct part *part)
{
	uint32_t number = part->how == PART_READ ? part->selection : 0;
	if (number == f->number)
		return 0;
	free(f->types);
	f->types = NULL;
	f->have = f->same_rules = false;
	f->number = number;
	int rc = number == 0 ? 0
	                     : store_selection_get(f->catalog->store, number, take_selection, f);
	if (rc < 0)
		f->number = 0;
	return rc;
}

static bool selects(const struct fates *f, const char *type)
{
	char word[16];
	int n = snprintf(word, sizeof(word), " %s ", type);
	return f->types && n > 0 && (size_t)n < sizeof(word) && strstr(f->types, word);
}

/* ---- dead letters and batches ---- */

static int take_dead(const struct store_dead *d, void *arg)
{
	struct fate_row *row = arg;
	row->dead = d->number;
	row->fate = d->kind == DEAD_PARTIAL ? FATE_PARTIAL : FATE_DEAD;
	free(row->reason);
	row->reason = strdup(d->reason);
	return row->reason ? 0 : -ENOMEM;
}

static int find_letter(struct store *store, const struct hash128 *id, struct fate_row *row,
                       enum fate_letter *ret)
{
	bool dropped = false;
	int rc = store_dead_of(store, id, take_dead, row);
	if (rc == 0 && row->dead != 0)
		*ret = row->fate == FATE_PARTIAL ? LETTER_PARTIAL : LETTER_KEPT;
	else if (rc == 0)
		rc = store_dead_was_dropped(store, id, &dropped);
	if (dropped)
		*ret = LETTER_DROPPED;
	return rc;
}

struct in_batch {
	int64_t file;
	uint64_t offset;
	bool found;
};

static int on_batch(const struct store_batch *b, void *arg)
{
	struct in_batch *in = arg;
	in->found = in->found ||
	            (b->file == in->file && b->start <= in->offset && in->offset < b->end);
	return 0;
}

/* ---- the counts ---- */

struct counting {
	const struct ledger *ledger;
	uint64_t rows, read; /* in the file; of those, settled by the agent's reading */
};

static int count(const struct record *rec, void *arg)
{
	struct counting *n = arg;
	uint32_t how = parts_at(&n->ledger->parts, rec->mark.start).how;
	n->rows++;
	n->read += (how == PART_READ || how == PART_UNKNOWN) &&
	           ledger_covers(n->ledger, rec->mark.end);
	return 0;
}

static int count_reject(const struct record *rec, const char *why, void *arg)
{
	(void)why;
	return count(rec, arg);
}

/*
 * Compares the rows of the file with the counts in the store.  Without parts, each row was read
 * once, and acknowledged, if all are counted so.  With rows that were cut or became dead letters,
 * others may stand there now: the rest of a cut row makes one row of two.
 */
static int count_rows(struct fates *f, struct fate_file *file)
{
	const struct ledger *ledger = &file->known.ledger;
	const struct tally *t = &file->known.entry->kept.tally;
	struct counting n = {.ledger = ledger};
	const struct rows_hooks hooks = {.record = count, .reject = count_reject, .arg = &n};
	bool maybe_all = file->known.whole && t->acked == t->rows;
	if (file->counted || (!maybe_all && !ledger->parts.letters))
		return 0;
	int rc = catalog_rows(f->catalog->conf, file->file->source, file->file->path, &hooks);
	if (rc < 0)
		return rc;
	file->counted = true;
	file->all_acked = maybe_all && n.rows == t->rows;
	file->altered = ledger->parts.letters && n.read != t->rows;
	return 0;
}

/* ---- one row ---- */

static int fill_settled(struct fates *f, struct fate_file *file, const struct record *rec,
                        struct fate_case *c)
{
	const struct part part = parts_at(&file->known.ledger.parts, rec->mark.start);
	int rc = select_part(f, &part);
	c->how = part.how;
	c->selection = f->have;
	c->was_selected = c->is_record && selects(f, rec->fields[0].text);
	c->same_rules = f->same_rules;
	c->any_ignored = file->known.entry->kept.tally.ignored > 0;
	if (rc == 0 && c->settled && (part.how == PART_UNKNOWN || file->known.ledger.parts.letters))
		rc = count_rows(f, file);
	c->all_acked = part.how == PART_UNKNOWN && file->all_acked;
	c->altered = file->altered;
	return rc;
}

int fate_of(struct fates *f, struct fate_file *file, const struct record *rec, bool is_record,
            bool withheld, struct fate_row *ret)
{
	struct store *store = f->catalog->store;
	const struct catalog_known *known = &file->known;
	struct fate_case c = {
	        .store = store != NULL,
	        .entry = known->entry != NULL,
	        .proved = known->proved,
	        .passed = known->entry && known->entry->kept.passed,
	        .is_record = is_record,
	        .selected = is_record && conf_source_ships(file->file->source, rec->fields[0].text),
	        .withheld = withheld,
	};
	int rc = 0;
	*ret = (struct fate_row){0};
	if (store)
		rc = find_letter(store, &rec->mark.id, ret, &c.letter);
	if (rc == 0 && known->entry) {
		struct in_batch in = {known->entry->kept.id, rec->mark.start, false};
		c.settled = ledger_covers(&known->ledger, rec->mark.end);
		rc = fill_settled(f, file, rec, &c);
		if (rc == 0 && !c.settled)
			rc = store_batches(store, NULL, on_batch, &in);
		c.sent = in.found;
	}
	ret->fate = fate_decide(&c);
	return rc;
}

/* ---- a whole file ---- */

/* Returns true if all types that are sent now were sent under the selection that is loaded. */
static bool selects_all(const struct fates *f, const struct conf_source *source)
{
	bool all = f->have;
	for (size_t i = 0; i < source->records.n; i++)
		all = all && selects(f, source->records.v[i]);
	return all;
}

/* Returns 1 if the parts alone show that each row was acknowledged or is not to be sent; 0; -errno.
 */
static int parts_decide(struct fates *f, const struct fate_file *file)
{
	const struct parts *p = &file->known.ledger.parts;
	bool any_ignored = file->known.entry->kept.tally.ignored > 0;
	if (p->letters || p->n == 0 || p->v[0].from > 0)
		return 0;
	for (size_t i = 0; i < p->n && p->v[i].from < file->known.ledger.committed; i++) {
		int rc = select_part(f, &p->v[i]);
		if (rc < 0)
			return rc;
		if (p->v[i].how != PART_READ || !selects_all(f, file->file->source) ||
		    (any_ignored && !f->same_rules))
			return 0;
	}
	return 1;
}

struct summing {
	struct fates *f;
	struct fate_file *file;
	struct fate_sum *sum;
};

static int sum_row(struct summing *s, const struct record *rec, bool is_record, bool withheld)
{
	struct fate_row row;
	int rc = fate_of(s->f, s->file, rec, is_record, withheld, &row);
	free(row.reason);
	bool settled = row.fate == FATE_ACKNOWLEDGED || row.fate == FATE_IGNORED ||
	               (row.fate == FATE_SKIPPED &&
	                !conf_source_ships(s->file->file->source, rec->fields[0].text));
	if (rc < 0 || settled)
		return rc;
	if (s->sum->n++ == 0)
		s->sum->why = row.fate;
	return 0;
}

static int sum_record(const struct record *rec, void *arg)
{
	struct summing *s = arg;
	struct record judged = *rec;
	struct judge_text text;
	int rc = judge_record(s->f->rules, &judged, &text);
	return rc < 0 ? rc : sum_row(s, rec, true, rc == JUDGE_WITHHELD);
}

static int sum_reject(const struct record *rec, const char *why, void *arg)
{
	(void)why;
	return sum_row(arg, rec, false, false);
}

int fate_file_sum(struct fates *f, struct fate_file *file, struct fate_sum *ret)
{
	struct summing s = {f, file, ret};
	const struct rows_hooks hooks = {.record = sum_record, .reject = sum_reject, .arg = &s};
	const struct catalog_known *known = &file->known;
	*ret = (struct fate_sum){.whole = known->whole, .proved = known->proved};
	if (!f->catalog->store || (known->entry && !known->proved && !known->entry->kept.passed))
		return 0; /* FATE_UNKNOWN */
	ret->why = FATE_BEHIND;
	if (!known->entry)
		return 0;
	if (!known->entry->kept.passed && !known->whole)
		return 0;
	if (known->entry->kept.passed) {
		const struct part part = parts_at(&known->ledger.parts, 0);
		ret->why = part.how == PART_LOGSTASH ? FATE_LOGSTASH : FATE_PASSED;
		return 0;
	}
	int rc = parts_decide(f, file);
	if (rc == 0)
		rc = catalog_rows(f->catalog->conf, file->file->source, file->file->path, &hooks);
	ret->safe = rc >= 0 && ret->n == 0;
	return rc < 0 ? rc : 0;
}
