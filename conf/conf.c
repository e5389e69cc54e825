/*
 * conf.c - the only file that includes libconfuse.
 *
 * scan.c has looked through the text before it comes here, so libconfuse 3.3 sees neither comments
 * nor unclosed strings nor anything else it would misread.  Every option is a list of strings for
 * it, whatever it is for us: so `url = { "a", "b" }` does not stop the parser, and all mistakes are
 * told in one go.  options.c says what the strings mean.
 */
#include "conf/conf.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/scope.h"
#include "conf/check.h"
#include "conf/mistakes.h"
#include "conf/options.h"
#include "conf/scan.h"

#define FILE_MAX (1024 * 1024)
#define NAME_LENGTH_MAX 64

struct load {
	struct conf *conf;
	struct scan scan;
	struct mistakes mistakes;
};

/* ---- libconfuse ---- */

/* libconfuse hands its error function no argument; one file is read at a time, by one thread. */
static struct mistakes *parse_mistakes;

static void on_parse_error(cfg_t *cfg, const char *fmt, va_list args)
{
	mistake_va(parse_mistakes, cfg->line > 0 ? (unsigned)cfg->line : 1, fmt, args);
}

static void add_option(cfg_opt_t *opts, size_t *n, const char *name)
{
	/* Two options of one name make libconfuse print to stderr. */
	for (size_t i = 0; i < *n; i++)
		if (strcmp(opts[i].name, name) == 0)
			return;
	opts[*n] = (cfg_opt_t)CFG_STR_LIST(name, NULL, CFGF_NONE);
	(*n)++;
}

static bool is_section(const char *name)
{
	return strcmp(name, "source") == 0 || strcmp(name, "endpoint") == 0;
}

/*
 * All options a section of that type can have, and every unknown one that the file gives such a
 * section: libconfuse stops at a name it does not know.  There is room for two sections and the
 * end mark after them; a key of a section's name would hide that section.
 */
static cfg_opt_t *make_options(const struct scan *scan, const char *type, size_t *ret_n)
{
	size_t max = scan->nkeys + 3;
	for (const struct option *o = options; o->key; o++)
		max++;
	cfg_opt_t *opts = calloc(max, sizeof(*opts));
	if (!opts)
		return NULL;
	size_t n = 0;
	for (const struct option *o = options; o->key; o++)
		if (strcmp(o->section, type) == 0)
			add_option(opts, &n, o->key);
	for (size_t i = 0; i < scan->nkeys; i++) {
		const struct scan_key *key = &scan->keys[i];
		bool hides = !*type && is_section(key->name);
		if (!hides && strcmp(scan->sections[key->section].type, type) == 0)
			add_option(opts, &n, key->name);
	}
	*ret_n = n;
	return opts;
}

static cfg_t *parse(const struct scan *scan, const char *text, struct mistakes *m)
{
	size_t n;
	size_t unused;
	scope_free cfg_opt_t *source = make_options(scan, "source", &unused);
	scope_free cfg_opt_t *endpoint = make_options(scan, "endpoint", &unused);
	scope_free cfg_opt_t *top = make_options(scan, "", &n);
	if (!source || !endpoint || !top) {
		m->no_memory = true;
		return NULL;
	}
	top[n] = (cfg_opt_t)CFG_SEC("source", source, CFGF_MULTI | CFGF_TITLE);
	top[n + 1] = (cfg_opt_t)CFG_SEC("endpoint", endpoint, CFGF_MULTI | CFGF_TITLE);
	cfg_t *cfg = cfg_init(top, CFGF_NONE);
	if (!cfg) {
		m->no_memory = true;
		return NULL;
	}
	parse_mistakes = m;
	(void)cfg_set_error_function(cfg, on_parse_error);
	size_t before = m->n;
	int r = cfg_parse_buf(cfg, text);
	parse_mistakes = NULL;
	if (r == CFG_SUCCESS)
		return cfg;
	if (m->n == before) /* it gives up without a word when there is no memory */
		m->no_memory = true;
	(void)cfg_free(cfg);
	return NULL;
}

/* Give one option of a section its value.  Defaults are already in place. */
static void read_option(struct load *l, const struct option *o, cfg_t *sec, void *base)
{
	const char *title = cfg_title(sec) ? cfg_title(sec) : "";
	if (!scan_has(&l->scan, o->section, title, o->key)) {
		if (o->required)
			mistake(&l->mistakes, scan_line(&l->scan, o->section, title, ""),
			        "%s '%s' has no '%s'", o->section, title, o->key);
		return;
	}
	struct strlist values = {0};
	cfg_opt_t *opt = cfg_getopt(sec, o->key);
	char why[512];
	int r = 0;
	for (unsigned i = 0; i < cfg_opt_size(opt) && r == 0; i++)
		r = strlist_add(&values, cfg_opt_getnstr(opt, i)) ? 0 : -ENOMEM;
	if (r == 0)
		r = option_set(o, base, &values, why, sizeof(why));
	if (r == -EINVAL)
		mistake(&l->mistakes, scan_line(&l->scan, o->section, title, o->key), "%s", why);
	else if (r < 0)
		l->mistakes.no_memory = true;
	strlist_clear(&values);
}

/* Text without a default becomes "", so that no string of a conf is ever NULL. */
static void set_default(struct load *l, const struct option *o, void *base)
{
	if (option_set_default(o, base) < 0)
		l->mistakes.no_memory = true;
	bool text = o->type == OPTION_TEXT || o->type == OPTION_PATH || o->type == OPTION_FILE;
	char **p = (char **)((char *)base + o->offset);
	if (!text || *p)
		return;
	*p = strdup("");
	if (!*p)
		l->mistakes.no_memory = true;
}

static void read_section(struct load *l, const char *type, cfg_t *sec, void *base)
{
	for (const struct option *o = options; o->key; o++) {
		if (strcmp(o->section, type) != 0)
			continue;
		set_default(l, o, base);
		read_option(l, o, sec, base);
	}
}

/* Names appear in logs, metrics and the store. */
static char *read_name(struct load *l, const char *type, const char *title)
{
	static const char good[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(title);
	if (len == 0 || len > NAME_LENGTH_MAX || strspn(title, good) != len)
		mistake(&l->mistakes, scan_line(&l->scan, type, title, ""),
		        "%s '%s': a name is 1 to %d letters, digits, dots, dashes and underscores",
		        type, title, NAME_LENGTH_MAX);
	char *name = strdup(title);
	if (!name)
		l->mistakes.no_memory = true;
	return name;
}

static void read_sources(struct load *l, cfg_t *cfg)
{
	struct conf *conf = l->conf;
	unsigned n = cfg_size(cfg, "source");
	conf->sources = calloc(n + 1, sizeof(*conf->sources));
	if (!conf->sources) {
		l->mistakes.no_memory = true;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sec = cfg_getnsec(cfg, "source", i);
		struct conf_source *s = &conf->sources[conf->nsources++];
		read_section(l, "source", sec, s);
		s->name = read_name(l, "source", cfg_title(sec));
	}
}

static void read_endpoints(struct load *l, cfg_t *cfg)
{
	struct conf *conf = l->conf;
	unsigned n = cfg_size(cfg, "endpoint");
	conf->endpoints = calloc(n + 1, sizeof(*conf->endpoints));
	if (!conf->endpoints) {
		l->mistakes.no_memory = true;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sec = cfg_getnsec(cfg, "endpoint", i);
		struct ship_conf *e = &conf->endpoints[conf->nendpoints++];
		read_section(l, "endpoint", sec, e);
		e->name = read_name(l, "endpoint", cfg_title(sec));
		if (!scan_has(&l->scan, "endpoint", cfg_title(sec), "in-flight"))
			e->in_flight = e->format == SHIP_OBJECT ? 16 : 4;
	}
}

static void read_top(struct load *l, cfg_t *cfg)
{
	struct conf *conf = l->conf;
	read_section(l, "", cfg, conf);
	conf->first_start_set = scan_has(&l->scan, "", "", "first-start");
	if (!conf->runtime_dir || *conf->runtime_dir || !conf->state_dir)
		return;
	free(conf->runtime_dir);
	conf->runtime_dir = strdup(conf->state_dir);
	if (!conf->runtime_dir)
		l->mistakes.no_memory = true;
}

static void load_text(struct load *l, char *text)
{
	if (scan_text(&l->scan, text, &l->mistakes) < 0) {
		l->mistakes.no_memory = true;
		return;
	}
	if (l->scan.unfit)
		return;
	cfg_t *cfg = parse(&l->scan, text, &l->mistakes);
	if (!cfg)
		return;
	/* Never seen: libconfuse agrees.  Should it not, keys must not be passed over in silence.
	 */
	if (l->scan.stopped)
		mistake(&l->mistakes, l->scan.stopped, "syntax error");
	read_top(l, cfg);
	read_sources(l, cfg);
	read_endpoints(l, cfg);
	(void)cfg_free(cfg);
	if (!l->mistakes.no_memory)
		check_conf(l->conf, &l->scan, &l->mistakes);
}

/* ---- the file ---- */

static int read_fd(int fd, char *text, size_t size, size_t *ret_len)
{
	size_t n = 0;
	while (n < size) {
		ssize_t got = read(fd, text + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*ret_len = n;
	return 0;
}

/* Read all of path into a string.  On failure says why. */
static int read_file(const char *path, char **ret, struct err *err)
{
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set(err, -errno, "cannot be opened: %s", strerror(errno));
	scope_free char *text = calloc(1, FILE_MAX + 1);
	if (!text)
		return err_set(err, -ENOMEM, "cannot be read: %s", strerror(ENOMEM));
	size_t len = 0;
	int r = read_fd(fd, text, FILE_MAX + 1, &len);
	if (r < 0)
		return err_set(err, r, "cannot be read: %s", strerror(-r));
	if (len > FILE_MAX)
		return err_set(err, -EFBIG, "is longer than 1 MiB: not a configuration file");
	if (strlen(text) != len)
		return err_set(err, -EINVAL, "has a NUL byte in it: not a configuration file");
	*ret = STEAL(text);
	return 0;
}

static void tell_file(const char *path, const char *what, conf_mistake_fn *fn, void *arg)
{
	char line[1024];
	(void)snprintf(line, sizeof(line), "%s: %s", path, what);
	fn(&(struct file_mistake){.line = line, .what = what}, arg);
}

enum purpose { TO_RUN, TO_CHECK, TO_LOOK };

static int load(struct conf **ret, const char *path, enum purpose purpose, conf_mistake_fn *fn,
                void *arg)
{
	struct load l = {.mistakes = {.path = path}};
	struct err err = {0};
	scope_free char *text = NULL;
	if (purpose !=
	    TO_RUN) /* only the service has one; what it is called does not matter here */
		(void)setenv("CREDENTIALS_DIRECTORY", "/run/credentials/pmta-shipper.service", 0);
	int r = read_file(path, &text, &err);
	if (r < 0) {
		tell_file(path, err.text, fn, arg);
		return r;
	}
	l.conf = calloc(1, sizeof(*l.conf));
	if (l.conf) {
		l.conf->only_look = purpose == TO_LOOK;
		l.conf->may_miss_credentials = purpose == TO_CHECK;
		l.conf->path = strdup(path);
	}
	if (l.conf && l.conf->path)
		load_text(&l, text);
	else
		l.mistakes.no_memory = true;
	if (l.mistakes.no_memory)
		tell_file(path, "not enough memory to read it", fn, arg);
	else
		mistakes_tell(&l.mistakes, fn, arg);
	r = l.mistakes.no_memory ? -ENOMEM : l.mistakes.n > 0 ? -EINVAL : 0;
	if (r == 0)
		*ret = STEAL(l.conf);
	(void)conf_free(l.conf);
	scan_clear(&l.scan);
	mistakes_clear(&l.mistakes);
	return r;
}

int conf_load(struct conf **ret, const char *path, conf_mistake_fn *fn, void *arg)
{
	return load(ret, path, TO_RUN, fn, arg);
}

int conf_load_to_look(struct conf **ret, const char *path, conf_mistake_fn *fn, void *arg)
{
	return load(ret, path, TO_LOOK, fn, arg);
}

int conf_load_to_check(struct conf **ret, const char *path, conf_mistake_fn *fn, void *arg)
{
	return load(ret, path, TO_CHECK, fn, arg);
}

/* ---- free, print, look up ---- */

static void clear_section(const char *type, void *base)
{
	for (const struct option *o = options; o->key; o++)
		if (strcmp(o->section, type) == 0)
			option_clear(o, base);
}

struct conf *conf_free(struct conf *conf)
{
	if (!conf)
		return NULL;
	for (size_t i = 0; i < conf->nsources; i++) {
		clear_section("source", &conf->sources[i]);
		free(conf->sources[i].name);
	}
	for (size_t i = 0; i < conf->nendpoints; i++) {
		clear_section("endpoint", &conf->endpoints[i]);
		free(conf->endpoints[i].name);
	}
	clear_section("", conf);
	free(conf->sources);
	free(conf->endpoints);
	free(conf->path);
	free(conf);
	return NULL;
}

static void print_section(const char *type, const char *name, const void *base, FILE *out)
{
	(void)fprintf(out, "\n%s %s {\n", type, name);
	for (const struct option *o = options; o->key; o++)
		if (strcmp(o->section, type) == 0)
			option_print(o, base, "\t", out);
	(void)fputs("}\n", out);
}

void conf_print(const struct conf *conf, FILE *out)
{
	for (const struct option *o = options; o->key; o++) {
		if (*o->section)
			continue;
		/* Whether the file itself says so matters: printed, it must not begin to. */
		bool said = strcmp(o->key, "first-start") != 0 || conf->first_start_set;
		option_print(o, conf, said ? "" : "# ", out);
	}
	for (size_t i = 0; i < conf->nsources; i++)
		print_section("source", conf->sources[i].name, &conf->sources[i], out);
	for (size_t i = 0; i < conf->nendpoints; i++)
		print_section("endpoint", conf->endpoints[i].name, &conf->endpoints[i], out);
}

void conf_digest(const struct conf *conf, char ret[HASH_HEX_SIZE])
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	(void)snprintf(ret, HASH_HEX_SIZE, "unknown");
	if (!f)
		return;
	conf_print(conf, f);
	if (fclose(f) == 0) {
		struct hash128 h = hash_bytes(text, len);
		hash_hex(&h, ret);
	}
	free(text);
}

const struct conf_source *conf_source_named(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->nsources; i++)
		if (strcmp(conf->sources[i].name, name) == 0)
			return &conf->sources[i];
	return NULL;
}
