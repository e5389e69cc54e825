/*
 * Translates paths of file inputs to sources.
 *
 *     PATH/bounces-*.csv                        acct-file PATH/bounces.csv
 *     PATH/accounting/bounces/bounces-*.csv     its move-to: a subfolder with files of that name
 *     PATH/ANY.csv                              the two of Octeth's directives, in that folder
 *
 * Logstash does not know where PowerMTA moves its files.  Octeth's directives use accounting/NAME/
 * below the live folder, so that is used here, with a note.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"
#include "base/shell.h"
#include "logstash/translate_select.h"

#define SOURCES_MAX 32
#define PATH_LEN 1024
#define SINCEDB_DEFAULT "/var/lib/logstash/plugins/inputs/file/.sincedb_*" /* for a shell */
#define NAME_SIZE (TRANSLATE_NAME_MAX + 12)

struct found {
	char folder[PATH_LEN];
	char moved[PATH_LEN]; /* "" when Logstash does not read it */
	char base[TRANSLATE_NAME_MAX];
	char ext[16];
	unsigned number; /* after its name; 0: none */
	unsigned line;   /* of the path */
	unsigned plugin; /* the input */
	bool guessed;    /* the path has no name, or there is none */
};

struct sources {
	struct translation *t;
	struct found v[SOURCES_MAX];
	struct translate_source choices[SOURCES_MAX]; /* of as many */
	char paths[SOURCES_MAX][3 * PATH_LEN];
	size_t n;
};

static bool is_fbl(const char *base)
{
	return strncasecmp(base, "fbl", 3) == 0 || strcasestr(base, "feedback") ||
	       strcasestr(base, "complaint");
}

/* The length of "bounces" in "bounces-*", "bounces*", "bounces-2026-*" and "bounces". */
static size_t base_length(const char *pattern, size_t len)
{
	size_t n = strcspn(pattern, "*?[");
	if (n > len)
		n = len;
	for (size_t i = 1; i < n; i++) {
		if (pattern[i] == '-' && strspn(pattern + i + 1, "0123456789") >= 4)
			n = i;
	}
	while (n > 0 && (pattern[n - 1] == '-' || pattern[n - 1] == '.'))
		n--;
	return n;
}

/* Returns false when a part is too long. */
static bool split(const char *pattern, struct found *ret)
{
	const char *dot = strrchr(pattern, '.');
	const char *ext = dot && !strpbrk(dot, "*?[]") ? dot : ".csv";
	size_t len = base_length(pattern, dot ? (size_t)(dot - pattern) : strlen(pattern));
	(void)snprintf(ret->ext, sizeof(ret->ext), "%s", ext);
	(void)snprintf(ret->base, sizeof(ret->base), "%.*s", (int)len, pattern);
	return len < sizeof(ret->base) && strlen(ext) < sizeof(ret->ext);
}

static bool is_below(const char *folder, const char *above)
{
	size_t len = strlen(above);
	return strncmp(folder, above, len) == 0 && folder[len] == '/';
}

/* The length of the live folder above .../accounting/BASE, or 0. */
static size_t live_length(const struct found *f)
{
	char end[TRANSLATE_NAME_MAX + 16];
	(void)snprintf(end, sizeof(end), "/accounting/%s", f->base);
	size_t len = strlen(f->folder), n = strlen(end);
	return len > n && strcmp(f->folder + len - n, end) == 0 ? len - n : 0;
}

static void set_moved(struct sources *s, struct found *f, const char *folder)
{
	if (!*f->moved)
		(void)snprintf(f->moved, sizeof(f->moved), "%s", folder);
	else if (strcmp(f->moved, folder) != 0)
		translate_note(s->t, f->line,
		               "path '%s/%s%s' is not carried over: move-to is one folder, and "
		               "'%s' is used",
		               folder, f->base, f->ext, f->moved);
}

/* Adds the path as moved files of a known source, or as a new source. */
static void add(struct sources *s, struct found *f)
{
	size_t live = live_length(f);
	if (live > 0) {
		memcpy(f->moved, f->folder, sizeof(f->moved));
		f->folder[live] = '\0';
	}
	for (size_t i = 0; i < s->n; i++) {
		struct found *known = &s->v[i];
		if (strcmp(known->base, f->base) != 0 || strcmp(known->ext, f->ext) != 0)
			continue;
		if (strcmp(known->folder, f->folder) == 0) {
			if (*f->moved)
				set_moved(s, known, f->moved);
			return;
		}
		if (is_below(f->folder, known->folder)) {
			set_moved(s, known, f->folder);
			return;
		}
		if (is_below(known->folder, f->folder)) {
			set_moved(s, known, known->folder);
			memcpy(known->folder, f->folder, sizeof(f->folder));
			return;
		}
	}
	if (s->n < SOURCES_MAX)
		s->v[s->n++] = *f;
	else
		translate_note(s->t, f->line, "more than %d paths: the others are not carried over",
		               SOURCES_MAX);
}

static void take_path(struct sources *s, const struct pipeline_item *item, const char *path)
{
	struct found f = {.line = item->line, .plugin = item->plugin};
	const char *slash = strrchr(path, '/');
	size_t deep = 0;
	if (path[0] != '/' || translate_is_open(path) || !slash[1]) {
		translate_note(s->t, f.line,
		               "path '%s' is not carried over: its folder is unknown%s", path,
		               translate_is_open(path)
		                       ? ", because only Logstash knows its variables"
		                       : "");
		return;
	}
	size_t len = (size_t)(slash - path);
	if (len > 3 && strncmp(slash - 3, "/**", 3) == 0) {
		translate_note(s->t, f.line,
		               "path '%s': subfolders are not searched, except for move-to", path);
		deep = 3;
	}
	(void)snprintf(f.folder, sizeof(f.folder), "%.*s", (int)(len - deep), path);
	if (len >= sizeof(f.folder) || strpbrk(f.folder, "*?[")) {
		translate_note(s->t, f.line,
		               "path '%s' is not carried over: a source is one folder; write one "
		               "for each",
		               path);
		return;
	}
	if (!split(slash + 1, &f) || strpbrk(path, "{}")) {
		translate_note(s->t, f.line,
		               "path '%s' is not carried over: its name is too long, or it has "
		               "more than one { }",
		               path);
		return;
	}
	if (*f.base) {
		add(s, &f);
		return;
	}
	translate_note(s->t, f.line,
	               "path '%s' names no accounting file: bounces.csv and fbl.csv of Octeth's "
	               "directives are used; compare with acct-file in PowerMTA's configuration",
	               path);
	f.guessed = true;
	(void)snprintf(f.base, sizeof(f.base), "bounces");
	add(s, &f);
	f.moved[0] = '\0';
	(void)snprintf(f.base, sizeof(f.base), "fbl");
	add(s, &f);
}

/* A path with one {a,b} in it stands for several. */
static void take_braces(struct sources *s, const struct pipeline_item *item)
{
	const char *path = item->value;
	char one[2 * PATH_LEN];
	const char *open = strchr(path, '{');
	const char *close = open && (open == path || open[-1] != '$') ? strchr(open, '}') : NULL;
	if (!close || strlen(path) >= sizeof(one)) {
		take_path(s, item, path);
		return;
	}
	for (const char *p = open + 1; p <= close; p += strcspn(p, ",}") + 1) {
		(void)snprintf(one, sizeof(one), "%.*s%.*s%s", (int)(open - path), path,
		               (int)strcspn(p, ",}"), p, close + 1);
		take_path(s, item, one);
	}
}

static void note_position(struct translation *t, unsigned plugin)
{
	const char *sincedb = translate_value(t, plugin, "sincedb_path", "");
	unsigned line = translate_line(t, plugin, *sincedb ? "sincedb_path" : NULL);
	if (strcmp(sincedb, "/dev/null") == 0 || strcasecmp(sincedb, "NUL") == 0) {
		translate_note(t, line,
		               "this Logstash keeps no position (sincedb_path is %s): set "
		               "first-start",
		               sincedb);
		return;
	}
	if (translate_is_open(sincedb)) {
		translate_note(t, line,
		               "sincedb_path '%s' is a variable of Logstash: give its file to "
		               "import-sincedb",
		               sincedb);
		return;
	}
	scope_free char *quoted = *sincedb ? shell_quoted(sincedb) : strdup(SINCEDB_DEFAULT);
	const char *path = quoted ? quoted : sincedb;
	translate_note(t, line, "to import its position: pmta-shipper import-sincedb %s", path);
	(void)fprintf(t->positions, "%s\n", path);
}

/* The source's name is that of its files, with a number where another source has that name. */
static void name_of(const struct found *f, char ret[NAME_SIZE])
{
	(void)snprintf(ret, NAME_SIZE, "%s", f->base);
	for (char *p = ret; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *p))
			*p = '_';
	if (f->number > 0)
		(void)snprintf(ret + strlen(ret), NAME_SIZE - strlen(ret), "_%u", f->number);
}

static bool is_taken(const struct sources *s, size_t i)
{
	char name[NAME_SIZE], other[NAME_SIZE];
	name_of(&s->v[i], name);
	for (size_t j = 0; j < i; j++) {
		name_of(&s->v[j], other);
		if (strcmp(name, other) == 0)
			return true;
	}
	return false;
}

/* The choice that the pipeline's conditions make for the source. */
static void choose(struct sources *s, size_t i)
{
	const struct found copy = s->v[i], *f = &copy; /* the compiler fears that they overlap */
	(void)snprintf(s->paths[i], sizeof(s->paths[i]), "%s/%s-*%s", f->folder, f->base, f->ext);
	s->choices[i] = (struct translate_source){.name = s->v[i].base,
	                                          .path = s->paths[i],
	                                          .input = f->plugin,
	                                          .line = f->line,
	                                          .fbl = is_fbl(f->base),
	                                          .guessed = f->guessed};
	translate_choose(s->t, &s->choices[i]);
}

static void print_source(struct sources *s, size_t i)
{
	struct translation *t = s->t;
	struct found *f = &s->v[i];
	char name[NAME_SIZE], path[2 * PATH_LEN];
	for (unsigned n = (unsigned)i + 1; is_taken(s, i); n++)
		f->number = n;
	name_of(f, name);
	(void)fprintf(t->out, "\nsource %s {\n", name);
	(void)snprintf(path, sizeof(path), "%s/%s%s", f->folder, f->base, f->ext);
	translate_key(t, "acct-file", path);
	if (*f->moved)
		(void)snprintf(path, sizeof(path), "%s/", f->moved);
	else
		(void)snprintf(path, sizeof(path), "%s/accounting/%s/", f->folder, f->base);
	if (!*f->moved)
		(void)fprintf(t->out, "\t# As in Octeth's directives; must match PowerMTA's "
		                      "acct-file.\n");
	translate_key(t, "move-to", path);
	translate_records(t, &s->choices[i]);
	translate_key(t, "endpoint", s->choices[i].endpoint);
	(void)fprintf(t->out, "}\n");
	if (!*f->moved)
		translate_note(
		        t, 0,
		        "Logstash does not know where PowerMTA moves %s%s: compare move-to = "
		        "\"%s\" with PowerMTA's configuration",
		        f->base, f->ext, path);
}

/* The standard pipeline never read complaints. */
static void add_fbl(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->choices[i].ships[TRANSLATE_TYPES - 1])
			return;
	if (s->n == 0 || s->n == SOURCES_MAX)
		return;
	struct found f = {.base = "fbl", .guessed = true, .plugin = UINT_MAX};
	memcpy(f.folder, s->v[0].folder, sizeof(f.folder));
	memcpy(f.ext, s->v[0].ext, sizeof(f.ext));
	s->v[s->n++] = f;
	translate_note(s->t, 0,
	               "this Logstash does not read complaints: source fbl is added, as in "
	               "Octeth's directives (remove it if PowerMTA writes no fbl%s)",
	               f.ext);
	choose(s, s->n - 1);
}

void translate_sources(struct translation *t)
{
	struct sources *s = calloc(1, sizeof(*s));
	if (!s) {
		translate_note(t, 0, "out of memory");
		return;
	}
	s->t = t;
	for (size_t i = 0; i < t->p->n; i++) {
		struct pipeline_item *item = &t->p->items[i];
		if (item->section != PIPELINE_INPUT || strcmp(item->name, "file") != 0)
			continue;
		bool path = item->key && strcmp(item->key, "path") == 0;
		item->used = item->used || !item->key || path;
		if (!item->key)
			note_position(t, item->plugin);
		else if (path)
			take_braces(s, item);
	}
	for (size_t i = 0; i < s->n; i++)
		choose(s, i);
	translate_conditions(t, s->choices, s->n);
	add_fbl(s);
	for (size_t i = 0; i < s->n; i++)
		print_source(s, i);
	if (s->n == 0)
		translate_note(t, 0, "no file input with a path: there is no source yet");
	free(s);
}
