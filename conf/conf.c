#include "conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/scope.h"
#include "base/text.h"
#include "conf/check.h"
#include "conf/mistakes.h"
#include "conf/options.h"
#include "conf/parse.h"

#define FILE_MAX (1024 * 1024)
#define NAME_LENGTH_MAX 64

struct load {
	struct conf *conf;
	struct parsed parsed;
	struct mistakes mistakes;
};

/* ---- sections ---- */

/* Gives one option of a section its value.  Defaults are already set. */
static void read_option(struct load *l, const struct option *o, const struct parsed_section *sec,
                        void *base)
{
	const struct parsed_key *key = parsed_key(sec, o->key);
	if (!key) {
		if (o->required)
			mistake(&l->mistakes, sec->line, "%s '%s' has no '%s'", sec->type,
			        sec->title, o->key);
		return;
	}
	char why[512];
	int r = option_set(o, base, &key->values, why, sizeof(why));
	if (r == -EINVAL)
		mistake(&l->mistakes, key->line, "%s", why);
	else if (r < 0)
		l->mistakes.no_memory = true;
}

/* A text without a default becomes "", so that no string of a conf is ever NULL. */
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

static void read_section(struct load *l, const struct parsed_section *sec, void *base)
{
	for (const struct option *o = options; o->key; o++) {
		if (strcmp(o->section, sec->type) != 0)
			continue;
		set_default(l, o, base);
		read_option(l, o, sec, base);
	}
}

/* Names appear in logs, metrics and the store. */
static char *read_name(struct load *l, const struct parsed_section *sec)
{
	static const char good[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(sec->title);
	if (len == 0 || len > NAME_LENGTH_MAX || strspn(sec->title, good) != len)
		mistake(&l->mistakes, sec->line,
		        "%s '%s': a name is 1 to %d letters, digits, dots, dashes and underscores",
		        sec->type, sec->title, NAME_LENGTH_MAX);
	char *name = strdup(sec->title);
	if (!name)
		l->mistakes.no_memory = true;
	return name;
}

static void read_source(struct load *l, const struct parsed_section *sec)
{
	struct conf_source *s = &l->conf->sources[l->conf->nsources++];
	read_section(l, sec, s);
	s->name = read_name(l, sec);
}

static void read_endpoint(struct load *l, const struct parsed_section *sec)
{
	struct ship_conf *e = &l->conf->endpoints[l->conf->nendpoints++];
	read_section(l, sec, e);
	e->name = read_name(l, sec);
	if (!parsed_key(sec, "in-flight"))
		e->in_flight = e->format == SHIP_OBJECT ? 16 : 4;
}

static void read_top(struct load *l, const struct parsed_section *top)
{
	struct conf *conf = l->conf;
	read_section(l, top, conf);
	conf->first_start_set = parsed_key(top, "first-start");
	if (!conf->runtime_dir || *conf->runtime_dir || !conf->state_dir)
		return;
	free(conf->runtime_dir);
	conf->runtime_dir = strdup(conf->state_dir);
	if (!conf->runtime_dir)
		l->mistakes.no_memory = true;
}

static void read_parsed(struct load *l)
{
	const struct parsed *p = &l->parsed;
	l->conf->sources = calloc(p->nsections, sizeof(*l->conf->sources));
	l->conf->endpoints = calloc(p->nsections, sizeof(*l->conf->endpoints));
	if (!l->conf->sources || !l->conf->endpoints) {
		l->mistakes.no_memory = true;
		return;
	}
	read_top(l, &p->sections[0]);
	for (size_t i = 1; i < p->nsections; i++) {
		const struct parsed_section *sec = &p->sections[i];
		if (parsed_section(p, sec->type, sec->title) != sec)
			continue; /* another one of this name follows; the mistake is reported */
		if (strcmp(sec->type, "source") == 0)
			read_source(l, sec);
		else if (strcmp(sec->type, "endpoint") == 0)
			read_endpoint(l, sec);
	}
}

static void load_text(struct load *l, const char *text)
{
	parsed_read(&l->parsed, text, &l->mistakes);
	if (l->parsed.broken || l->mistakes.no_memory)
		return;
	read_parsed(l);
	if (!l->mistakes.no_memory)
		check_conf(l->conf, &l->parsed, &l->mistakes);
}

/* ---- the file ---- */

/* Reads all of path into a string.  On failure err has the reason. */
static int read_file(const char *path, char **ret, struct err *err)
{
	scope_free char *text = NULL;
	size_t len;
	scope_close int fd = file_open_stream(path);
	if (fd < 0)
		return err_set(err, fd, "cannot be opened: %s", file_error(fd));
	int r = file_read_fd(fd, FILE_MAX, &text, &len);
	if (r < 0)
		return err_set(err, r, "cannot be read: %s", strerror(-r));
	if (r > 0)
		return err_set(err, -EFBIG, "is longer than 1 MiB: not a configuration file");
	if (strlen(text) != len)
		return err_set(err, -EINVAL, "contains a NUL byte: not a configuration file");
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
	/* Only the service has a credentials directory; its name does not matter here. */
	if (purpose != TO_RUN)
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
	parsed_clear(&l.parsed);
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
		/* first-start counts only if the file sets it: otherwise print it as a comment. */
		bool set = strcmp(o->key, "first-start") != 0 || conf->first_start_set;
		option_print(o, conf, set ? "" : "# ", out);
	}
	for (size_t i = 0; i < conf->nsources; i++)
		print_section("source", conf->sources[i].name, &conf->sources[i], out);
	for (size_t i = 0; i < conf->nendpoints; i++)
		print_section("endpoint", conf->endpoints[i].name, &conf->endpoints[i], out);
}

void conf_digest(const struct conf *conf, char ret[HASH_HEX_SIZE])
{
	struct text t;
	struct hash128 h;
	FILE *f = text_begin(&t);
	if (f)
		conf_print(conf, f);
	if (text_hash(&t, &h) == 0)
		hash_hex(&h, ret);
	else
		(void)snprintf(ret, HASH_HEX_SIZE, "unknown");
}

const struct conf_source *conf_source_named(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->nsources; i++)
		if (strcmp(conf->sources[i].name, name) == 0)
			return &conf->sources[i];
	return NULL;
}
