/* Checks which rows a block logs, and with which columns. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"
#include "base/text.h"
#include "follow/folder.h"
#include "pmta/verify_pair.h"
#include "record/event_id.h"

static bool has_word(const char *list, struct slice wanted)
{
	struct slice word;
	while (pmta_word(&list, &word))
		if (verify_same(word, wanted))
			return true;
	return false;
}

/* ---- records ---- */

/* Returns the text of all records lines of the block, or PowerMTA's default.  NULL: no memory. */
static char *records_of(const struct verify_pair *p)
{
	struct text t;
	FILE *f = text_begin(&t);
	if (!f)
		return NULL;
	const struct pmta_config *c = p->v->pmta;
	for (size_t i = 0; (i = pmta_next(c, p->block, "records", i)) > 0;)
		(void)fprintf(f, "%s,", c->nodes[i].value);
	if (!pmta_last(c, p->block, "records"))
		(void)fputs(VERIFY_RECORDS_DEFAULT, f);
	return text_end(&t);
}

static const char *in_config(const char *type)
{
	return strcmp(type, "f") == 0 ? "feedback-loop" : type;
}

/* Returns true if the list has a type that the source does not ship: somebody may read it. */
static bool has_others(const struct verify_pair *p, const char *list)
{
	struct slice word;
	while (pmta_word(&list, &word)) {
		char type[16];
		struct slice t = verify_type(word);
		(void)snprintf(type, sizeof(type), "%.*s", (int)t.len, t.text);
		if (!conf_source_ships(p->source, type))
			return true;
	}
	return false;
}

/* Rows that others read must stay, and the source should not read all of them in vain. */
static void advise_own_block(const struct verify_pair *p, const char *where, const char *lacking)
{
	const struct pmta_node *n = pmta_last(p->v->pmta, p->block, "records");
	struct fix fix = {{0}};
	char path[4096];
	scope_free char *block = verify_own_block(p, path, sizeof(path), &fix);
	finding_paste(&p->v->to, FINDING_PROBLEM, where, fix.text, block,
	              "%s lacks %s, which source %s ships: PowerMTA does not log such rows; the "
	              "file has rows of other types, too, which others may read",
	              n ? "records" : "no records directive, so only d and b are logged:", lacking,
	              p->source->name);
}

/* Returns false if the block should stay as it is. */
static bool check_records(const struct verify_pair *p, const char *list)
{
	const struct strlist *needed = &p->source->records;
	const struct pmta_node *n = pmta_last(p->v->pmta, p->block, "records");
	char where[300], lacking[256] = "", line[1024];
	size_t used = 0, room = 0;
	struct slice word;
	verify_pair_place(p, n, where, sizeof(where));
	for (size_t i = 0; i < needed->n; i++)
		if (!verify_logs(p->v->pmta, p->block, needed->v[i]) && used < sizeof(lacking))
			used += (size_t)snprintf(lacking + used, sizeof(lacking) - used, "%s%s",
			                         used ? ", " : "", needed->v[i]);
	if (!*lacking)
		return true;
	if (has_others(p, list)) {
		advise_own_block(p, where, lacking);
		return false;
	}
	room = (size_t)snprintf(line, sizeof(line), "records ");
	const char *rest = list;
	bool first = true;
	for (; pmta_word(&rest, &word) && room < sizeof(line); first = false)
		room += (size_t)snprintf(line + room, sizeof(line) - room, "%s%.*s",
		                         first ? "" : ", ", (int)word.len, word.text);
	for (size_t i = 0; i < needed->n && room < sizeof(line); i++)
		if (!verify_logs(p->v->pmta, p->block, needed->v[i])) {
			room += (size_t)snprintf(line + room, sizeof(line) - room, "%s%s",
			                         first ? "" : ", ", in_config(needed->v[i]));
			first = false;
		}
	finding_fix(&p->v->to, FINDING_PROBLEM, where, line,
	            "records lacks %s, which source %s ships: PowerMTA does not log such rows",
	            lacking, p->source->name);
	return true;
}

static bool nobody_ships(const struct verify_pair *p, struct slice type)
{
	static const char *const types[] = {"b", "rb", "f"};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (verify_same(type, slice_of(types[i])))
			return !conf_ships(p->v->conf, types[i]);
	return false;
}

/* Reports rows that are read only to be skipped. */
static void tell_others(const struct verify_pair *p, const char *list)
{
	const struct strlist *needed = &p->source->records;
	struct slice word;
	char others[200] = "";
	size_t used = 0;
	for (const char *rest = list; pmta_word(&rest, &word);) {
		struct slice type = verify_type(word);
		bool shipped = verify_same(word, slice_of("all"));
		for (size_t i = 0; i < needed->n; i++)
			shipped = shipped || verify_same(type, slice_of(needed->v[i]));
		shipped = shipped || nobody_ships(p, type); /* a warning of its own */
		if (!shipped && used < sizeof(others))
			used += (size_t)snprintf(others + used, sizeof(others) - used, "%s%.*s",
			                         used ? ", " : "", (int)word.len, word.text);
	}
	if (*others)
		finding_tell(&p->v->to, FINDING_INFO, p->where,
		             "%s rows are in this file, too: source %s counts and skips them",
		             others, p->source->name);
}

/* ---- record-fields ---- */

/* Returns the fields of the block's record-fields line for the type; NULL for none. */
static const char *fields_of(const struct verify_pair *p, const char *type,
                             const struct pmta_node **ret_node)
{
	const struct pmta_config *c = p->v->pmta;
	const char *ret = NULL;
	for (size_t i = 0; (i = pmta_next(c, p->block, "record-fields", i)) > 0;) {
		const char *rest = c->nodes[i].value;
		size_t len = strcspn(rest, " \t");
		struct slice word;
		bool ours = false;
		for (const char *q = rest; q < rest + len && pmta_word(&q, &word);)
			ours = ours || (word.text < rest + len &&
			                verify_same(verify_type(word), slice_of(type)));
		if (ours) {
			ret = rest + len + strspn(rest + len, " \t");
			*ret_node = &c->nodes[i];
		}
	}
	return ret;
}

/* Returns true for "*" or only exclusions: all fields except headers, which must be named. */
static bool all_fields(const char *list)
{
	struct slice word;
	bool any = false;
	while (pmta_word(&list, &word)) {
		if (slice_is(word, "*"))
			return true;
		any = any || word.text[0] != '!';
	}
	return !any;
}

static bool is_header(struct slice field)
{
	return field.len > 7 && strncasecmp(field.text, "header_", 7) == 0;
}

static bool excluded(const char *list, struct slice field)
{
	struct slice word;
	while (pmta_word(&list, &word))
		if (word.text[0] == '!' &&
		    verify_same((struct slice){word.text + 1, word.len - 1}, field))
			return true;
	return false;
}

static bool logged(const char *list, struct slice field)
{
	if (excluded(list, field))
		return false;
	return has_word(list, field) || (all_fields(list) && !is_header(field));
}

/* A complaint's addresses may come from its headers or from its own fields. */
static bool logged_otherwise(const char *type, const char *list, struct slice field)
{
	if (strcmp(type, "f") != 0)
		return false;
	return (verify_same(field, slice_of("header_To")) && logged(list, slice_of("rcpt"))) ||
	       (verify_same(field, slice_of("header_Return-Path")) &&
	        logged(list, slice_of("orig")));
}

/* wanted is the list of the columns that the source needs. */
static void check_fields(const struct verify_pair *p, const char *type, const char *wanted)
{
	const struct pmta_node *n = NULL;
	const char *list = fields_of(p, type, &n);
	char where[300];
	struct fix fix = {0};
	struct text missing, entry;
	struct slice word;
	FILE *a = text_begin(&missing);
	FILE *b = text_begin(&entry);
	unsigned count = 0;
	const char *between = "";
	verify_pair_place(p, n, where, sizeof(where));
	for (const char *rest = list; b && rest && pmta_word(&rest, &word);) {
		struct slice bare = {word.text + 1, word.len - 1};
		if (word.text[0] == '!' && has_word(wanted, bare))
			continue;
		(void)fprintf(b, "%s%.*s", between, (int)word.len, word.text);
		between = ",";
	}
	if (b && (!list || !*between))
		(void)fputs("*", b);
	for (const char *rest = wanted; a && b && pmta_word(&rest, &word);) {
		const char *now = list ? list : "*";
		if (logged(now, word) || logged_otherwise(type, now, word))
			continue;
		(void)fprintf(a, "%s%.*s", count++ ? ", " : "", (int)word.len, word.text);
		if (!(all_fields(now) && !is_header(word))) /* else only an exclusion is removed */
			(void)fprintf(b, ",%.*s", (int)word.len, word.text);
	}
	scope_free char *lacking = text_end(&missing);
	scope_free char *line = text_end(&entry);
	if (!lacking || !line)
		finding_tell(&p->v->to, FINDING_PROBLEM, where, "out of memory");
	else if (count > 0)
		finding_fix(&p->v->to, FINDING_PROBLEM, where,
		            fix_line(&fix, "record-fields %s %s", type, line),
		            "%s rows are logged without %s, which source %s ships%s", type, lacking,
		            p->source->name,
		            list ? "" : " (a header is logged only when it is named)");
}

/* ---- files without a header ---- */

/* Returns the union of the lists, PowerMTA's header.  NULL: no memory, or not known ("*"). */
static char *union_of(const char *const *lists, size_t n)
{
	char *ret = strdup("");
	for (size_t i = 0; ret && i < n; i++) {
		struct slice word;
		if (all_fields(lists[i])) {
			free(ret);
			return NULL;
		}
		for (const char *rest = lists[i]; ret && pmta_word(&rest, &word);) {
			char *longer;
			if (word.text[0] == '!' || has_word(ret, word))
				continue;
			if (asprintf(&longer, "%s%s%.*s", ret, *ret ? "," : "", (int)word.len,
			             word.text) < 0)
				longer = NULL;
			free(ret);
			ret = longer;
		}
	}
	return ret;
}

#define TYPES_MAX 16
#define FILES_LOOKED_AT 100
#define FOUND (-ECANCELED) /* ends the walk */

struct heads {
	char folder[2048], *ret; /* the path of the file without a header */
	size_t size, looked_at;
};

static int look_at_head(const struct folder_file *f, void *arg)
{
	char head[64];
	struct heads *h = arg;
	if (f->key.gz || f->error != 0)
		return 0;
	if (++h->looked_at > FILES_LOOKED_AT)
		return -E2BIG;
	(void)snprintf(h->ret, h->size, "%s/%s", h->folder, f->name);
	scope_close int fd = open(h->ret, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof(head));
	return n > 0 && !event_is_header(head, (size_t)n) ? FOUND : 0;
}

/* Returns true, with its path, if one of the source's files does not begin with a header. */
static bool headless(const struct conf_source *s, char *ret, size_t size)
{
	struct heads h = {.ret = ret, .size = size};
	int error;
	const struct acct_template template = acct_template(s->acct_file);
	conf_source_folder(s, h.folder, sizeof(h.folder));
	return folder_each(h.folder, &template, look_at_head, &h, &error) == FOUND;
}

/* Prints "b timeQueued,..." with our type and PowerMTA's list. */
static void print_entry(FILE *f, size_t nth, const char *ours, const char *theirs)
{
	struct slice word;
	const char *between = "";
	(void)fprintf(f, "%s\"%.*s ", nth > 0 ? ", " : "", (int)strcspn(ours, " "), ours);
	while (pmta_word(&theirs, &word)) {
		(void)fprintf(f, "%s%.*s", between, (int)word.len, word.text);
		between = ",";
	}
	(void)fputc('"', f);
}

/* Without a header our record-fields must be PowerMTA's columns, in its order. */
static void check_union(const struct verify_pair *p)
{
	const struct strlist *entries = &p->source->record_fields;
	const char *ours[TYPES_MAX], *theirs[TYPES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < entries->n && n < TYPES_MAX; i++) {
		const struct pmta_node *node;
		const char *entry = entries->v[i];
		char type[8];
		(void)snprintf(type, sizeof(type), "%.*s", (int)strcspn(entry, " "), entry);
		ours[n] = entry + strcspn(entry, " ");
		theirs[n] = fields_of(p, type, &node);
		if (!theirs[n++])
			return;
	}
	scope_free char *a = union_of(ours, n), *b = union_of(theirs, n);
	if (!a || !b || strcasecmp(a, b) == 0)
		return;
	char path[4096];
	if (!headless(p->source, path, sizeof(path))) {
		finding_tell(&p->v->to, FINDING_INFO, p->where,
		             "its columns differ from record-fields in source %s, which does not "
		             "matter: its files have header lines",
		             p->source->name);
		return;
	}
	struct fix fix = {0};
	struct text t;
	FILE *f = text_begin(&t);
	for (size_t i = 0; f && i < n; i++)
		print_entry(f, i, entries->v[i], theirs[i]);
	scope_free char *line = text_end(&t);
	if (line)
		finding_fix(&p->v->to, FINDING_PROBLEM, p->where,
		            fix_line(&fix, "record-fields = { %s } in source %s of %s", line,
		                     p->source->name, p->v->conf->path),
		            "\"%s\" has no header line; PowerMTA writes the columns %s, but source "
		            "%s expects %s: values would be sent under wrong names",
		            path, b, p->source->name, a);
}

bool verify_logs_field(const struct verify_pair *p, const char *type, const char *field)
{
	const struct pmta_node *n;
	const char *list = fields_of(p, type, &n);
	return verify_logs(p->v->pmta, p->block, type) &&
	       logged(list ? list : "*", slice_of(field));
}

bool verify_records(const struct verify_pair *p)
{
	scope_free char *list = records_of(p);
	if (!list) {
		finding_tell(&p->v->to, FINDING_PROBLEM, p->where, "out of memory");
		return true;
	}
	if (!check_records(p, list))
		return false;
	tell_others(p, list);
	for (size_t i = 0; i < p->source->record_fields.n; i++) {
		const char *entry = p->source->record_fields.v[i];
		char type[8];
		size_t len = strcspn(entry, " ");
		(void)snprintf(type, sizeof(type), "%.*s", (int)len, entry);
		check_fields(p, type, entry + len);
	}
	check_union(p);
	return true;
}
