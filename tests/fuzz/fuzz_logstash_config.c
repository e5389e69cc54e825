/*
 * Any text as a Logstash pipeline, and its translation.
 *
 * Reading: brackets match, or the line where they do not is reported; a pipeline that was read,
 * printed and read again is the same; text around the sections changes nothing.  Translating: the
 * syntax of the configuration is right, and our own reader complains about values only; each path
 * is in it or in a note; no secret is in either.  The secret is the word hush.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "logstash/translate.h"

#define ITEMS_MAX 20000
#define AROUND "- pipeline.id: x\n  config.string: |\n"
#define AROUND_LINES 2

static char path[64]; /* of the last file that was written */

static int make_file(const char *text, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd;
}

static int parse(struct pipeline *p, const char *text, struct err *err)
{
	*err = (struct err){0};
	int rc = pipeline_parse(p, "f", text, err);
	PROMISE(rc <= 0 && err->code == rc && (rc == 0 || err->text[0]));
	return rc;
}

/* ---- reading ---- */

static void check_items(const struct pipeline *p)
{
	PROMISE(p->n <= p->room && p->room <= ITEMS_MAX);
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i], *before = item - 1;
		PROMISE(item->section <= PIPELINE_OUTPUT);
		PROMISE(item->name && item->sub && item->value);
		if (item->key) { /* it belongs to the current plugin */
			PROMISE(i > 0 && item->plugin == before->plugin);
			PROMISE(item->section == before->section);
			PROMISE(strcmp(item->name, before->name) == 0);
		} else {
			PROMISE(item->plugin == (i > 0 ? before->plugin + 1 : 0));
		}
		const char *value = item->key ? pipeline_value(p, item->plugin, item->key, NULL)
		                              : "";
		PROMISE(value);
	}
}

static void check_same(const struct pipeline *a, const struct pipeline *b)
{
	PROMISE(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct pipeline_item *x = &a->items[i], *y = &b->items[i];
		PROMISE(x->section == y->section && x->plugin == y->plugin);
		PROMISE(strcmp(x->name, y->name) == 0 && !x->key == !y->key);
		PROMISE(!x->key || strcmp(x->key, y->key) == 0);
		PROMISE(strcmp(x->sub, y->sub) == 0 && strcmp(x->value, y->value) == 0);
	}
}

/* A backslash before a quote cannot be printed, and a default would be filled in once more. */
static bool can_be_written(const struct pipeline *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (strchr(item->name, '\\') || strchr(item->sub, '\\') ||
		    strchr(item->value, '\\') || (item->key && strchr(item->key, '\\')) ||
		    strstr(item->value, "${"))
			return false;
	}
	return true;
}

static void put_text(FILE *out, const char *text)
{
	(void)putc('"', out);
	for (; *text; text++)
		(void)fprintf(out, "%s%c", *text == '"' ? "\\" : "", *text);
	(void)putc('"', out);
}

static void put_item(FILE *out, const struct pipeline_item *item)
{
	static const char *const sections[] = {"input", "filter", "output"};
	if (!item->key) {
		(void)fprintf(out, "%s} }\n%s {\n", item->plugin > 0 ? "" : "#",
		              sections[item->section]);
		put_text(out, item->name);
		(void)fprintf(out, " {\n");
		return;
	}
	put_text(out, item->key);
	(void)fprintf(out, " => %s", *item->sub ? "{ " : "[");
	if (*item->sub) {
		put_text(out, item->sub);
		(void)fprintf(out, " => ");
	}
	put_text(out, item->value);
	(void)fprintf(out, "%s\n", *item->sub ? " }" : "]");
}

static void check_written(const struct pipeline *p)
{
	struct pipeline again;
	struct err err;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		abort();
	for (size_t i = 0; i < p->n; i++)
		put_item(out, &p->items[i]);
	(void)fprintf(out, "%s", p->n > 0 ? "} }\n" : "input {}");
	(void)fclose(out);
	PROMISE(parse(&again, text, &err) == 0);
	check_same(p, &again);
	pipeline_free(&again);
	free(text);
}

/* If a file begins with a section and nothing hides brackets, they are counted. */
static bool brackets_match(const char *text)
{
	static const char *const names[] = {"input", "filter", "output"};
	char open[64];
	size_t n = 0;
	if (strpbrk(text, "#~\\"))
		return true;
	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(names[i]);
		if (strncmp(text, names[i], len) == 0 &&
		    text[len + strspn(text + len, " \t\r\n")] == '{')
			n = len;
	}
	if (n == 0)
		return true;
	const char *p = strchr(text, '{');
	n = 0;
	do {
		if (*p == '"' || *p == '\'')
			p = strchr(p + 1, *p); /* it was read, so there is one */
		else if (*p == '{' || *p == '[')
			open[n++] = *p;
		else if ((*p == '}' || *p == ']') && open[--n] != (*p == '}' ? '{' : '['))
			return false;
	} while (*++p && n > 0 && n < sizeof(open));
	return n == 0 || n == sizeof(open);
}

static size_t count(const char *text, char c)
{
	size_t n = 0;
	for (; *text; text++)
		n += *text == c;
	return n;
}

/* The line that is reported, or 0. */
static unsigned line_of(const struct err *err)
{
	unsigned line = 0;
	const char *place = strstr(err->text, "\":");
	return place && sscanf(place, "\":%u: ", &line) == 1 ? line : 0;
}

static const char *words_of(const struct err *err)
{
	return strrchr(err->text, '"') + 1 + strcspn(strrchr(err->text, '"') + 1, " ");
}

/* The mistake is in the reported line: without the lines after it, the report is the same. */
static void check_refused(const char *text, const struct err *err)
{
	struct pipeline p;
	struct err again;
	unsigned line = line_of(err);
	if (err->code == -E2BIG || strstr(err->text, "is a list of pipelines") ||
	    strstr(err->text, "is not a Logstash pipeline"))
		return;
	PROMISE(err->code == -EINVAL && line >= 1 && line <= 1 + count(text, '\n'));
	const char *end = text;
	for (unsigned n = 1; n < line; n++)
		end += strcspn(end, "\n") + 1;
	end += strcspn(end, "\n");
	char *copy = strndup(text, (size_t)(end - text));
	PROMISE(copy && parse(&p, copy, &again) == -EINVAL);
	PROMISE(strcmp(words_of(err), words_of(&again)) == 0 && line_of(&again) == line);
	pipeline_free(&p);
	free(copy);
}

static void check_around(const struct pipeline *p, const char *text, int rc, const struct err *err)
{
	struct pipeline again;
	struct err other;
	char *more = NULL;
	if (asprintf(&more, "%s%s", AROUND, text) < 0)
		abort();
	PROMISE(parse(&again, more, &other) == rc);
	if (rc < 0) {
		PROMISE(strcmp(words_of(err), words_of(&other)) == 0);
		PROMISE(line_of(&other) == line_of(err) + (line_of(err) ? AROUND_LINES : 0));
	} else {
		check_same(p, &again);
		PROMISE(p->nbranches == again.nbranches && p->nplugins == again.nplugins);
	}
	pipeline_free(&again);
	free(more);
}

/* ---- translating ---- */

static bool has(const char *text, const char *fmt, ...) ERR_PRINTF(2, 3);
static bool has(const char *text, const char *fmt, ...)
{
	char *wanted = NULL;
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&wanted, fmt, args) < 0)
		abort();
	va_end(args);
	bool ret = strstr(text, wanted);
	free(wanted);
	return ret;
}

static void check_notes(const char *notes)
{
	size_t len = strlen(notes);
	PROMISE(len == 0 || notes[len - 1] == '\n');
	for (const char *p = notes; *p; p++)
		PROMISE((unsigned char)*p >= ' ' || (*p == '\n' && p > notes && p[-1] != '\n'));
}

/* A plain path such as "/var/log/pmta/bounces.csv", without patterns or references. */
static bool is_plain_path(const char *value)
{
	const char *slash = strrchr(value, '/');
	size_t name = slash ? strspn(slash + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
	return *value == '/' && strlen(value) < 300 && !strstr(value, "//") && name > 0 &&
	       !strpbrk(value, "*?[]{}$%\\\"'") && slash[1 + name] == '.' &&
	       strspn(slash + 2 + name, "abcdefghijklmnopqrstuvwxyz") == strlen(slash + 2 + name) &&
	       slash[2 + name];
}

static void check_paths(const struct pipeline *p, const char *text, const char *notes)
{
	if (strstr(notes, "more than 32 paths"))
		return;
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (item->section != PIPELINE_INPUT || strcmp(item->name, "file") != 0 ||
		    !item->key || strcmp(item->key, "path") != 0 || !is_plain_path(item->value))
			continue;
		bool printable = true;
		for (const char *c = item->value; *c; c++)
			printable = printable && (unsigned char)*c >= ' ' && *c != 0x7f;
		if (!printable)
			continue;
		int folder = (int)(strrchr(item->value, '/') + 1 - item->value);
		PROMISE(has(text, "\tacct-file = \"%s\"\n", item->value) ||
		        has(text, "\tmove-to = \"%.*s\"\n", folder, item->value) ||
		        has(notes, "%s", item->value));
	}
}

static bool is_secret(const struct pipeline_item *item)
{
	static const char *const headers[] = {"X-Octeth-Signature", "Authorization", "X-Api-Key",
	                                      "Cookie"};
	if (strcmp(item->key, "password") == 0 || strcmp(item->key, "add_field") == 0)
		return true;
	if (strcmp(item->key, "proxy") == 0)
		return strcmp(item->sub, "password") == 0;
	if (strcmp(item->key, "url") == 0) {
		const char *host = strstr(item->value, "://");
		const char *at = host ? memrchr(host, '@', 3 + strcspn(host + 3, "/?#")) : NULL;
		return at && !strstr(at, "hush") && strstr(item->value, "hush") > host;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (strcmp(item->key, "headers") == 0 && strcasecmp(item->sub, headers[i]) == 0)
			return true;
	return false;
}

static void check_secret(const struct pipeline *p, const char *text, const char *notes)
{
	for (size_t i = 0; i < p->nbranches; i++)
		if (strstr(p->branches[i].condition, "hush"))
			return;
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (strstr(item->name, "hush") || strstr(item->sub, "hush") ||
		    (item->key && strstr(item->key, "hush")))
			return;
		if (item->key && strstr(item->value, "hush") && !is_secret(item))
			return;
	}
	PROMISE(!strstr(text, "hush") && !strstr(notes, "hush"));
}

/* A mistake about a value, or about something missing in the pipeline, not about syntax. */
static void on_mistake(const struct file_mistake *m, void *arg)
{
	static const char *const kinds[] = {"there is no source (", "sources '",
	                                    "is longer than 1 MiB"};
	const char *text = m->what;
	PROMISE(!strchr(m->line, '\n'));
	const char *key = text + strspn(text, "'abcdefghijklmnopqrstuvwxyz-");
	bool good = *text == '\'' && strncmp(key, " is given twice", 15) != 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		good = good || strncmp(text, kinds[i], strlen(kinds[i])) == 0;
	if (!good)
		(void)fprintf(stderr, "%s\n", m->line);
	PROMISE(good);
	(*(unsigned *)arg)++;
}

/* The URLs that are carried over unchanged. */
static void check_urls(const struct pipeline *p, const struct conf *conf)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (item->key || item->section != PIPELINE_OUTPUT ||
		    strcmp(item->name, "http") != 0)
			continue;
		const char *url = pipeline_value(p, item->plugin, "url", "");
		PROMISE(n < conf->nendpoints);
		const char *made = conf->endpoints[n++].url;
		if (!strpbrk(url, "@?{") && strlen(url) < 2000)
			PROMISE(strcmp(url, made) == 0);
		PROMISE(!strchr(made, '@') || strchr(url, '@'));
	}
	PROMISE(conf->nendpoints == (n ? n : 1));
}

static void check_conf(const struct pipeline *p, const char *text)
{
	struct conf *conf = NULL;
	unsigned mistakes = 0;
	int fd = make_file(text, strlen(text));
	int rc = conf_load_to_look(&conf, path, on_mistake, &mistakes);
	(void)close(fd);
	PROMISE((rc == 0) == (mistakes == 0) && (rc == 0) == (conf != NULL));
	if (!conf)
		return;
	size_t sources = 0;
	for (const char *s = text; (s = strstr(s, "\nsource ")); s++)
		sources++;
	PROMISE(conf->nsources == sources);
	check_urls(p, conf);
	(void)conf_free(conf);
}

static void check_translation(struct pipeline *p)
{
	char *text = NULL, *notes = NULL, *positions = NULL;
	size_t text_len = 0, notes_len = 0, positions_len = 0;
	struct translation t = {
	        .p = p, .signature_file = "/nowhere/signature", .token_file = "/nowhere/token"};
	t.out = open_memstream(&text, &text_len);
	t.notes = open_memstream(&notes, &notes_len);
	t.positions = open_memstream(&positions, &positions_len);
	if (!t.out || !t.notes || !t.positions)
		abort();
	translate(&t);
	(void)fclose(t.out);
	(void)fclose(t.notes);
	(void)fclose(t.positions);
	check_notes(notes);
	check_notes(positions);
	for (size_t i = 0; i < p->n; i++)
		PROMISE(p->items[i].used);
	check_paths(p, text, notes);
	check_secret(p, text, notes);
	check_conf(p, text);
	free(text);
	free(notes);
	free(positions);
}

/* NULs after a text are not silently ignored. */
static void check_file(const char *text, size_t len)
{
	struct pipeline p;
	struct err err = {0};
	int fd = make_file(text, len);
	PROMISE(pipeline_load(&p, path, &err) == -EILSEQ && strstr(err.text, path));
	pipeline_free(&p);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipeline p;
	struct err err;
	char *text = malloc(size + 1); /* of the exact size */
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (strlen(text) < size) {
		check_file(text, size);
		free(text);
		return 0;
	}
	int rc = parse(&p, text, &err);
	check_items(&p);
	check_around(&p, text, rc, &err);
	if (rc == 0) {
		PROMISE(brackets_match(text));
		if (can_be_written(&p))
			check_written(&p);
		check_translation(&p);
	} else {
		check_refused(text, &err);
	}
	pipeline_free(&p);
	free(text);
	return 0;
}
