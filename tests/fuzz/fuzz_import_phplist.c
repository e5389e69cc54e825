/*
 * Any text as a dump of phpList's rules.  Every output line is a rule or a comment.  All of the
 * output loads as one file, with as many rules as were counted.  Each lost row is reported with its
 * line, as often as it is counted.  If the rows are easily counted here, too, each of them became a
 * rule or was reported as lost.
 */
#include "tests/fuzz/fuzz.h"

#include "rules/rules.h"
#include "ruletool/import_phplist.h"

#define NAME "dump"
#define LOST "not carried over: "

struct output {
	char *out, *notes;
	size_t out_len, notes_len;
};

static void import(struct rules_import *im, struct slice text, struct output *ret)
{
	*im = (struct rules_import){.name = NAME};
	im->out = open_memstream(&ret->out, &ret->out_len);
	im->notes = open_memstream(&ret->notes, &ret->notes_len);
	if (!im->out || !im->notes)
		abort();
	PROMISE(rules_import_phplist(im, text) == 0);
	(void)fclose(im->out);
	(void)fclose(im->notes);
}

static void free_output(struct output *o)
{
	free(o->out);
	free(o->notes);
}

static size_t count(struct slice text, char c)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.text[i] == c;
	return n;
}

static void no_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", m->line);
}

/* The output has rules, and comments of two lines each. */
static void check_out(const struct rules_import *im, const struct output *o)
{
	size_t rules = 0, comments = 0;
	for (const char *p = o->out; p < o->out + o->out_len;) {
		size_t len = strcspn(p, "\n");
		PROMISE(p[len] == '\n' && (*p == '#' || *p == '/'));
		rules += *p == '/';
		comments += *p == '#';
		p += len + 1;
	}
	PROMISE(rules == im->rules && comments % 2 == 0 && comments / 2 <= im->lost);
	struct rules *r = NULL;
	const struct slice all = {o->out, o->out_len};
	PROMISE(rules_load_text(&r, "made", all, no_mistake, NULL) == 0);
	PROMISE(rules_number(r) == rules);
	(void)rules_free(r);
}

static void check_notes(const struct rules_import *im, const struct output *o, struct slice text)
{
	size_t lost = 0;
	for (const char *p = o->notes; p < o->notes + o->notes_len;) {
		unsigned line = 0;
		int used = 0;
		PROMISE(sscanf(p, NAME ":%u: %n", &line, &used) == 1 && used > 0);
		PROMISE(line >= 1 && line <= 1 + count(text, '\n'));
		lost += strncmp(p + used, LOST, strlen(LOST)) == 0;
		for (; *p != '\n'; p++)
			PROMISE((unsigned char)*p >= ' ' && *p != 0x7f);
		p++;
	}
	PROMISE(lost == im->lost);
}

/* The rows of a table without quotes: lines that are neither blank nor comments. */
static size_t rows_in(struct slice text)
{
	size_t n = 0;
	for (const char *p = text.text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		n += *p != '\n' && *p != '#';
	return n;
}

static void check_rows(const struct rules_import *im, struct slice text)
{
	size_t became = im->rules + im->lost;
	if (strcasestr(text.text, "insert into")) {
		PROMISE(became > 0);
		return;
	}
	if (strpbrk(text.text, "\"\r\xef"))
		return;
	size_t rows = rows_in(text);
	PROMISE(became == rows || became + 1 == rows); /* one may be the heading */
}

static bool has_no_end(const struct output *o)
{
	return strstr(o->notes, LOST "a quote is not closed") ||
	       strstr(o->notes, LOST "the row has no end");
}

/* A row after the text is a rule or lost, too, unless a missing end was reported. */
static void check_behind(const struct rules_import *im, struct slice text)
{
	static const char row[] = "\nx,deleteuser,9\n",
	                  sql[] = "\nINSERT INTO x VALUES (1,'x',2,'y',3)";
	struct output o = {0};
	struct rules_import more;
	char *copy = malloc(text.len + sizeof(sql) + sizeof(row));
	if (!copy)
		return;
	memcpy(copy, text.text, text.len);
	const char *more_text = strcasestr(text.text, "insert into") ? sql : row;
	memcpy(copy + text.len, more_text, strlen(more_text) + 1);
	import(&more, slice_of(copy), &o);
	PROMISE(more.rules + more.lost > im->rules + im->lost || has_no_end(&o));
	free_output(&o);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output o = {0};
	struct rules_import im;
	char *copy = malloc(size + 1); /* of the exact size */
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	const struct slice text = {copy, strlen(copy)};
	import(&im, text, &o);
	check_out(&im, &o);
	check_notes(&im, &o, text);
	check_rows(&im, text);
	if (size % 4 == 0 && !has_no_end(&o)) /* trying each rule takes time */
		check_behind(&im, text);
	free_output(&o);
	free(copy);
	return 0;
}
