#include "pmta/config.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "conf/options.h"

struct parse {
	struct pmta_config *c;
	const struct pmta_files *files;
	const char *stack[PMTA_DEPTH_MAX]; /* files being read, to detect an include loop */
	size_t depth;
	size_t open[PMTA_BLOCKS_MAX]; /* blocks not closed yet */
	size_t nopen;
	size_t included;
	const char *file;
	unsigned line;
	bool no_memory;
};

/* ---- mistakes ---- */

ERR_PRINTF(3, 4)
static void wrong(struct parse *p, unsigned line, const char *fmt, ...)
{
	struct pmta_config *c = p->c;
	if (c->nmistakes == PMTA_MISTAKES_MAX)
		return;
	struct pmta_mistake *m = reallocarray(c->mistakes, c->nmistakes + 1, sizeof(*m));
	if (!m) {
		p->no_memory = true;
		return;
	}
	c->mistakes = m;
	m += c->nmistakes;
	*m = (struct pmta_mistake){p->file, line, NULL};
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&m->text, fmt, args) < 0)
		p->no_memory = true;
	else
		c->nmistakes++;
	va_end(args);
}

/* ---- nodes ---- */

static size_t add_node(struct parse *p, const char *name, const char *value, bool block)
{
	struct pmta_config *c = p->c;
	if (c->nnodes == c->nodes_room) {
		size_t room = c->nodes_room ? 2 * c->nodes_room : 64;
		struct pmta_node *v = reallocarray(c->nodes, room, sizeof(*v));
		if (!v) {
			p->no_memory = true;
			return 0;
		}
		c->nodes = v;
		c->nodes_room = room;
	}
	struct pmta_node n = {.name = strdup(name),
	                      .value = strdup(value),
	                      .file = p->file,
	                      .line = p->line,
	                      .block = block,
	                      .parent = p->nopen > 0 ? p->open[p->nopen - 1] : 0};
	if (!n.name || !n.value) {
		free(n.name);
		free(n.value);
		p->no_memory = true;
		return 0;
	}
	for (char *s = n.name; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	c->nodes[c->nnodes] = n;
	return c->nnodes++;
}

/* ---- lines ---- */

static char *trim(char *text)
{
	text += strspn(text, " \t\r\f\v");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\f\v", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* '#' begins a comment anywhere in a line, but not within quotes. */
static void cut_comment(char *line)
{
	bool quoted = false;
	for (char *s = line; *s; s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == '#' && !quoted) {
			*s = '\0';
			return;
		}
	}
}

static char *unquote(char *text)
{
	size_t len = strlen(text);
	if (len < 2 || text[0] != '"' || text[len - 1] != '"')
		return text;
	text[len - 1] = '\0';
	return text + 1;
}

/* Splits "name value" in place.  Returns the value. */
static char *split_name(char *text)
{
	size_t len = strcspn(text, " \t");
	char *value = text[len] ? trim(text + len + 1) : text + len;
	text[len] = '\0';
	return unquote(value);
}

static void open_block(struct parse *p, char *text)
{
	size_t len = strlen(text);
	if (len > 0 && text[len - 1] == '>')
		text[len - 1] = '\0';
	else
		wrong(p, p->line, "'>' is missing");
	text = trim(text);
	char *value = split_name(text);
	if (p->nopen == PMTA_BLOCKS_MAX) {
		wrong(p, p->line, "<%s> is nested in too many other blocks", text);
		return;
	}
	size_t node = add_node(p, text, value, true);
	if (node > 0)
		p->open[p->nopen++] = node;
}

/* floor: blocks that the including files have opened cannot be closed here. */
static void close_block(struct parse *p, char *text, size_t floor)
{
	text[strcspn(text, ">")] = '\0';
	text = trim(text);
	size_t i = p->nopen;
	while (i > floor && strcasecmp(p->c->nodes[p->open[i - 1]].name, text) != 0)
		i--;
	if (i == floor) {
		wrong(p, p->line, "</%s> without <%s>", text, text);
		return;
	}
	for (size_t j = p->nopen; j-- > i;)
		wrong(p, p->c->nodes[p->open[j]].line, "<%s> is not closed",
		      p->c->nodes[p->open[j]].name);
	p->nopen = i - 1;
}

static void include(struct parse *p, const char *pattern);

static void take_line(struct parse *p, char *line, size_t floor)
{
	cut_comment(line);
	line = trim(line);
	if (!*line)
		return;
	if (p->c->nnodes >= PMTA_NODES_MAX)
		return;
	if (line[0] == '<' && line[1] == '/') {
		close_block(p, line + 2, floor);
		return;
	}
	if (line[0] == '<') {
		open_block(p, line + 1);
		return;
	}
	const char *value = split_name(line);
	if (strcasecmp(line, "include") == 0)
		include(p, value);
	else
		(void)add_node(p, line, value, false);
}

static void take_text(struct parse *p, char *text, size_t len)
{
	size_t floor = p->nopen;
	char *end = text + len;
	text += utf8_bom(text, len);
	for (p->line = 1; text < end && !p->no_memory; p->line++) {
		char *next = memchr(text, '\n', (size_t)(end - text));
		next = next ? next : end;
		*next = '\0'; /* also at the end, where the text has a NUL */
		take_line(p, text, floor);
		text = next + 1;
	}
	for (; p->nopen > floor; p->nopen--)
		wrong(p, p->c->nodes[p->open[p->nopen - 1]].line, "<%s> is not closed",
		      p->c->nodes[p->open[p->nopen - 1]].name);
	if (p->c->nnodes >= PMTA_NODES_MAX)
		wrong(p, p->line, "more than %d directives: the rest was not read", PMTA_NODES_MAX);
}

/* ---- files ---- */

/* Returns the list's copy of the name, which outlives every node. */
static const char *keep_name(struct parse *p, const char *path)
{
	struct strlist *files = &p->c->files;
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->v[i], path) == 0)
			return files->v[i];
	if (!strlist_add(files, path)) {
		p->no_memory = true;
		return NULL;
	}
	return files->v[files->n - 1];
}

static const char *why_unread(int rc)
{
	if (rc == -EINVAL)
		return "not a file";
	if (rc == -EISDIR)
		return "a folder";
	return rc == -EFBIG ? "too large for a configuration file" : strerror(-rc);
}

/* Reads one file in place of the current line.  Returns 0, or a negative errno if unreadable. */
static int take_file(struct parse *p, const char *path)
{
	scope_free char *text = NULL;
	size_t len = 0;
	int rc = p->files->text(path, &text, &len, p->files->arg);
	if (rc < 0)
		return rc;
	const char *name = keep_name(p, path);
	if (!name)
		return -ENOMEM;
	const char *file = p->file;
	unsigned line = p->line;
	p->stack[p->depth++] = name;
	p->file = name;
	take_text(p, text, len);
	p->depth--;
	p->file = file;
	p->line = line;
	return 0;
}

static bool in_itself(const struct parse *p, const char *path)
{
	for (size_t i = 0; i < p->depth; i++)
		if (strcmp(p->stack[i], path) == 0)
			return true;
	return false;
}

static void include_one(struct parse *p, const char *path)
{
	if (p->included >= PMTA_FILES_MAX) {
		if (p->included++ == PMTA_FILES_MAX) /* once */
			wrong(p, p->line, "more than %d files are included: not read",
			      PMTA_FILES_MAX);
		return;
	}
	p->included++;
	if (in_itself(p, path)) {
		wrong(p, p->line, "'%s' includes itself: not read", path);
	} else if (p->depth == PMTA_DEPTH_MAX) {
		wrong(p, p->line, "include '%s': more than %d files deep: not read", path,
		      PMTA_DEPTH_MAX);
	} else {
		int rc = take_file(p, path);
		if (rc == -ENOMEM)
			p->no_memory = true;
		else if (rc < 0)
			wrong(p, p->line, "cannot read the included file '%s': %s", path,
			      why_unread(rc));
	}
}

static void include(struct parse *p, const char *pattern)
{
	scope_free char *beside = NULL;
	struct strlist found = {0};
	const char *slash = strrchr(p->file, '/');
	if (!*pattern) {
		wrong(p, p->line, "include without a file name");
		return;
	}
	if (*pattern != '/' && slash) {
		if (asprintf(&beside, "%.*s/%s", (int)(slash - p->file), p->file, pattern) < 0) {
			beside = NULL;
			p->no_memory = true;
			return;
		}
		pattern = beside;
	}
	int rc = p->files->list(pattern, &found, p->files->arg);
	if (rc == -ENOMEM)
		p->no_memory = true;
	else if (rc < 0)
		wrong(p, p->line, "cannot list the included files '%s': %s", pattern,
		      strerror(-rc));
	/* A plain name that does not exist must be reported; a pattern may match nothing. */
	else if (found.n == 0 && !strpbrk(pattern, "*?["))
		include_one(p, pattern);
	for (size_t i = 0; i < found.n && !p->no_memory; i++)
		include_one(p, found.v[i]);
	strlist_clear(&found);
}

/* A folder that may not be listed is not one without files. */
static int ends_glob(const char *path, int error)
{
	(void)path;
	return error == EACCES;
}

static int list_on_disk(const char *pattern, struct strlist *ret, void *arg)
{
	glob_t g;
	bool ok = true;
	(void)arg;
	int rc = glob(pattern, 0, ends_glob, &g);
	if (rc != 0)
		return rc == GLOB_NOSPACE ? -ENOMEM : rc == GLOB_ABORTED ? -EACCES : 0;
	for (size_t i = 0; ok && i < g.gl_pathc; i++)
		ok = strlist_add(ret, g.gl_pathv[i]);
	globfree(&g);
	return ok ? 0 : -ENOMEM;
}

static int text_on_disk(const char *path, char **ret, size_t *ret_len, void *arg)
{
	(void)arg;
	int rc = file_read(path, PMTA_FILE_BYTES_MAX, ret, ret_len);
	if (rc > 0) {
		free(STEAL(*ret));
		rc = -EFBIG;
	}
	return rc;
}

int pmta_config_read(struct pmta_config **ret, const char *path, const struct pmta_files *files,
                     struct err *err)
{
	static const struct pmta_files on_disk = {list_on_disk, text_on_disk, NULL};
	struct pmta_config *c = calloc(1, sizeof(*c));
	struct parse p = {.c = c, .files = files ? files : &on_disk, .file = ""};
	if (!c)
		return err_set(err, -ENOMEM, "read \"%s\": out of memory", path);
	(void)add_node(&p, "", "", true); /* the whole file: so 0 can mean "no node" */
	int rc = p.no_memory ? -ENOMEM : take_file(&p, path);
	if (p.no_memory)
		rc = -ENOMEM;
	if (rc < 0) {
		(void)pmta_config_free(c);
		bool other = rc == -EINVAL || rc == -EISDIR || rc == -EFBIG;
		return err_set(err, rc, "read \"%s\": %s%s", path, why_unread(rc),
		               other ? "; give the path of PowerMTA's configuration, such "
		                       "as " PMTA_CONFIG_DEFAULT_PATH
		                     : "");
	}
	*ret = c;
	return 0;
}

struct pmta_config *pmta_config_free(struct pmta_config *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->nnodes; i++) {
		free(c->nodes[i].name);
		free(c->nodes[i].value);
	}
	for (size_t i = 0; i < c->nmistakes; i++)
		free(c->mistakes[i].text);
	free(c->nodes);
	free(c->mistakes);
	strlist_clear(&c->files);
	free(c);
	return NULL;
}

size_t pmta_next(const struct pmta_config *c, size_t parent, const char *name, size_t after)
{
	for (size_t i = after + 1; i < c->nnodes; i++) {
		const struct pmta_node *n = &c->nodes[i];
		if ((parent == PMTA_ANYWHERE || n->parent == parent) && strcmp(n->name, name) == 0)
			return i;
	}
	return 0;
}

const struct pmta_node *pmta_last(const struct pmta_config *c, size_t parent, const char *name)
{
	const struct pmta_node *ret = NULL;
	for (size_t i = 0; (i = pmta_next(c, parent, name, i)) > 0;)
		ret = &c->nodes[i];
	return ret;
}

void pmta_place(const struct pmta_node *n, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s:%u", n->file, n->line);
}

bool pmta_word(const char **p, struct slice *ret)
{
	const char *start = *p + strspn(*p, ", \t");
	size_t len = strcspn(start, ", \t");
	*ret = (struct slice){start, len};
	*p = start + len;
	return len > 0;
}
