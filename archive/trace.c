#include "archive/trace.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "follow/follow.h"
#include "record/columns.h"
#include "rules/judge.h"

#define CHUNK (1u << 20)
#define ADDRESS_MAX 1000

/* The file being searched. */
struct search {
	struct trace *trace;
	const struct catalog_file *file;
	bool withheld; /* a rule withholds the present record */
	bool looked;   /* known is set */
	struct fate_file known;
};

/* ---- matching ---- */

int trace_target(struct trace *t, const char *text)
{
	size_t len = strlen(text);
	if (hash_from_hex(text, &t->id))
		return 0;
	if (len > 2 && text[0] == '<' && text[len - 1] == '>') {
		text++;
		len -= 2;
	}
	const char *at = memchr(text, '@', len);
	if (!at || at == text || at + 1 == text + len || len > ADDRESS_MAX)
		return -EINVAL;
	t->address = strndup(text, len);
	if (!t->address)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		t->address[i] = (char)tolower((unsigned char)t->address[i]);
	t->address_len = len;
	return 0;
}

/* True if c before the address makes it the end of another, longer address. */
static bool longer_left(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c));
}

static bool longer_right(const char *p, const char *end)
{
	if (p < end && *p == '.')
		p++;
	return p < end && (isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80 ||
	                   (*p == '-' && p[-1] != '.'));
}

/* True if the whole address is in text, in upper or lower case. */
static bool stands_in(const struct trace *t, struct slice text)
{
	const char *end = text.text + text.len;
	for (const char *p = text.text; (size_t)(end - p) >= t->address_len; p++) {
		const char *at = p;
		if (tolower((unsigned char)*p) != t->address[0] ||
		    strncasecmp(at, t->address, t->address_len) != 0)
			continue;
		if ((p == text.text || !longer_left(p[-1])) &&
		    !longer_right(p + t->address_len, end))
			return true;
	}
	return false;
}

static bool matches(const struct trace *t, const struct record *rec)
{
	if (!t->address)
		return hash_equal(&t->id, &rec->mark.id);
	if (stands_in(t, rec->raw))
		return true;
	if (!strchr(t->address, '"')) /* only quotes differ between the file and a cell */
		return false;
	for (size_t i = 0; i < rec->nfields; i++) {
		if (stands_in(t, rec->fields[i]))
			return true;
	}
	return false;
}

static void fold(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] |= (unsigned char)(text[i] - 'A') < 26 ? 0x20 : 0;
}

/*
 * Searches the whole file for the bytes of the address, because most files then need no parsing.
 * Returns 1 if they are there, 0 if not, or a negative errno.
 */
static int may_hold(const struct trace *t, struct follow *follow)
{
	scope_free char *chunk = malloc(CHUNK);
	if (!chunk)
		return -ENOMEM;
	if (!t->address || strchr(t->address, '"'))
		return 1;
	size_t kept = 0; /* bytes before offset: the address may cross the border of two chunks */
	for (uint64_t offset = 0;;) {
		ssize_t n = follow_bytes(follow, offset, offset + CHUNK - kept, chunk + kept);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return follow_whole(follow) == 1 ? 0 : -EBADMSG;
		fold(chunk + kept, (size_t)n);
		offset += (uint64_t)n;
		size_t len = kept + (size_t)n;
		if (memmem(chunk, len, t->address, t->address_len))
			return 1;
		kept = len < t->address_len - 1 ? len : t->address_len - 1;
		memmove(chunk, chunk + len - kept, kept);
	}
}

/* ---- the fate of a row ---- */

static int find_fate(struct search *s, const struct record *rec, struct trace_row *row)
{
	struct trace *t = s->trace;
	struct fate_row found = {0};
	int rc = 0;
	if (!s->looked)
		rc = fate_file_open(&t->fates, s->file, &s->known);
	s->looked = true;
	if (rc == 0)
		rc = fate_of(&t->fates, &s->known, rec, row->is_record, s->withheld, &found);
	row->fate = found.fate;
	row->dead = found.dead;
	if (found.reason) {
		free(row->reason);
		row->reason = found.reason;
	}
	return rc;
}

/* ---- rows ---- */

static void row_clear(struct trace_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		free(row->names[i]);
		free(row->values[i]);
	}
	free(row->names);
	free(row->values);
	free(row->path);
	free(row->reason);
	*row = (struct trace_row){0};
}

static int row_room(struct trace_row *row, size_t n)
{
	row->names = calloc(n, sizeof(*row->names));
	row->values = calloc(n, sizeof(*row->values));
	return row->names && row->values ? 0 : -ENOMEM;
}

static int row_put(struct trace_row *row, const char *name, struct slice value)
{
	row->names[row->n] = strdup(name);
	row->values[row->n] = strndup(value.text, value.len);
	row->n++;
	return row->names[row->n - 1] && row->values[row->n - 1] ? 0 : -ENOMEM;
}

static int fill_row(struct trace_row *row, const struct record *rec)
{
	int rc = row_room(row, rec->nfields + rec->nextra);
	for (size_t i = 0; rc == 0 && i < rec->nfields; i++) {
		if (rec->fields[i].len > 0)
			rc = row_put(row, rec->columns->names[i], rec->fields[i]);
	}
	for (size_t i = 0; rc == 0 && i < rec->nextra; i++)
		rc = row_put(row, rec->extra[i].name, slice_of(rec->extra[i].value));
	return rc;
}

static int fill_raw(struct trace_row *row, struct slice raw)
{
	int rc = row_room(row, 1);
	return rc == 0 ? row_put(row, "row",
	                         (struct slice){raw.text, event_trim(raw.text, raw.len)})
	               : rc;
}

/* Adds a row at the end of the list; NULL when out of memory. */
static struct trace_row *new_row(struct trace *t, const struct conf_source *source,
                                 const char *path, uint64_t offset, const struct hash128 *id)
{
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 32;
		struct trace_row *p = realloc(t->rows, room * sizeof(*p));
		if (!p)
			return NULL;
		t->rows = p;
		t->room = room;
	}
	struct trace_row *row = &t->rows[t->n];
	*row = (struct trace_row){
	        .time_ms = t->n > 0 ? t->rows[t->n - 1].time_ms : 0,
	        .order = t->n,
	        .source = source,
	        .offset = offset,
	        .id = *id,
	        .path = strdup(path),
	        .reason = strdup(""),
	};
	if (!row->path || !row->reason) {
		row_clear(row);
		return NULL;
	}
	t->n++;
	return row;
}

/* Returns 0, 1 if no more rows fit, or a negative errno. */
static int found(struct search *s, const struct record *rec, bool is_record)
{
	struct trace *t = s->trace;
	bool local;
	if (t->n == TRACE_ROWS_MAX) {
		t->full = true;
		return 1;
	}
	struct trace_row *row = new_row(t, s->file->source, s->file->path, rec->mark.start,
	                                &rec->mark.id);
	if (!row)
		return -ENOMEM;
	row->is_record = is_record;
	if (is_record)
		(void)clock_parse(record_get(rec, "timeLogged").text, &row->time_ms, &local);
	int rc = is_record ? fill_row(row, rec) : fill_raw(row, rec->raw);
	return rc == 0 ? find_fate(s, rec, row) : rc;
}

static int on_record(const struct record *rec, void *arg)
{
	struct search *s = arg;
	struct record judged = *rec;
	struct judge_text text;
	if (!matches(s->trace, rec))
		return 0;
	int rc = judge_record(s->trace->rules, &judged, &text);
	s->withheld = rc == JUDGE_WITHHELD;
	return rc < 0 ? rc : found(s, &judged, true);
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	struct search *s = arg;
	const struct trace *t = s->trace;
	(void)why;
	s->withheld = false;
	bool is = t->address ? stands_in(t, rec->raw) : hash_equal(&t->id, &rec->mark.id);
	return is ? found(s, rec, false) : 0;
}

/* ---- all files and the dead letters ---- */

static int search_path(struct search *s)
{
	const struct rows_hooks hooks = {.record = on_record, .reject = on_reject, .arg = s};
	struct follow *follow;
	int fd = open(s->file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = follow_open(&follow, fd, s->file->key.gz, s->trace->conf->record_max + 2);
	if (rc < 0)
		return rc;
	rc = may_hold(s->trace, follow);
	(void)follow_close(follow);
	return rc == 1 ? catalog_rows(s->trace->conf, s->file->source, s->file->path, &hooks) : rc;
}

static int search_file(struct trace *t, struct catalog_file f)
{
	char path[PATH_MAX];
	struct search s = {.trace = t, .file = &f};
	int rc = search_path(&s);
	if (rc == -ENOENT && catalog_find_again(&f, path, sizeof(path)))
		rc = search_path(&s);
	fate_file_close(&s.known);
	if (rc == -ENOENT) /* it was deleted meanwhile */
		return 0;
	if (rc < 0 && rc != -ENOMEM) {
		cli_report_path(f.path, rows_error(rc));
		t->unreadable++;
		rc = 0;
	}
	return rc;
}

static bool is_there(const struct trace *t, int64_t number)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].dead == number)
			return true;
	}
	return false;
}

static int take_letter(const struct store_dead *d, struct trace_row *row)
{
	row->dead = d->number;
	row->fate = d->kind == DEAD_PARTIAL ? FATE_PARTIAL : FATE_DEAD;
	free(row->reason);
	row->reason = strdup(d->reason);
	return row->reason ? 0 : -ENOMEM;
}

/* A dead letter keeps its row, even when the file was deleted long ago. */
static int on_dead(const struct store_dead *d, void *arg)
{
	struct trace *t = arg;
	bool is = t->address ? stands_in(t, d->row) : hash_equal(&t->id, &d->id);
	if (!is || is_there(t, d->number))
		return 0;
	if (t->n == TRACE_ROWS_MAX) {
		t->full = true;
		return 0;
	}
	struct trace_row *row = new_row(t, conf_source_named(t->conf, d->source), d->file, d->start,
	                                &d->id);
	if (!row)
		return -ENOMEM;
	row->time_ms = d->made_ms;
	int rc = fill_raw(row, d->row);
	return rc == 0 ? take_letter(d, row) : rc;
}

static int by_time(const void *left, const void *right)
{
	const struct trace_row *a = left, *b = right;
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

int trace_search(struct trace *t)
{
	int rc = catalog_open(&t->catalog, t->conf, t->store);
	fates_open(&t->fates, &t->catalog, t->rules);
	t->unreadable = catalog_report(&t->catalog, cli_report_path);
	for (size_t i = 0; rc == 0 && !t->full && i < t->catalog.nfiles; i++)
		rc = search_file(t, t->catalog.files[i]);
	if (rc == 0 && t->store)
		rc = store_dead_all(t->store, on_dead, t);
	if (rc == 0 && t->n > 0)
		qsort(t->rows, t->n, sizeof(*t->rows), by_time);
	return rc;
}

void trace_close(struct trace *t)
{
	for (size_t i = 0; i < t->n; i++)
		row_clear(&t->rows[i]);
	free(t->rows);
	free(t->address);
	fates_close(&t->fates);
	catalog_close(&t->catalog);
}
