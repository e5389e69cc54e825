/*
 * Any text as PowerMTA's configuration, which may include itself and its own pieces: no crash, the
 * bounds hold, the block of every node comes before the node, and comparing ends.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "conf/conf.h"
#include "conf/options.h"
#include "pmta/verify.h"

/* The input is divided at form feeds into files 0, 1, 2...; "include 1" names the second. */
struct input {
	const char *text;
	size_t len;
};

static bool piece(const struct input *in, const char *path, struct slice *ret)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *p = in->text, *end = in->text + in->len;
	if (name[0] < '0' || name[0] > '9' || name[1])
		return false;
	for (int i = 0; i < name[0] - '0'; i++) {
		p = memchr(p, '\f', (size_t)(end - p));
		if (!p)
			return false;
		p++;
	}
	const char *next = memchr(p, '\f', (size_t)(end - p));
	*ret = (struct slice){p, (size_t)((next ? next : end) - p)};
	return true;
}

static int list(const char *pattern, struct strlist *ret, void *arg)
{
	char name[2] = "0";
	struct slice s;
	if (!strchr(pattern, '*'))
		return piece(arg, pattern, &s) && !strlist_add(ret, pattern) ? -ENOMEM : 0;
	for (; name[0] <= '9'; name[0]++)
		if (piece(arg, name, &s) && !strlist_add(ret, name))
			return -ENOMEM;
	return 0;
}

static int text(const char *path, char **ret, size_t *ret_len, void *arg)
{
	struct slice s;
	if (!piece(arg, path, &s))
		return -ENOENT;
	char *copy = malloc(s.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, s.text, s.len);
	copy[s.len] = '\0';
	*ret = copy;
	*ret_len = s.len;
	return 0;
}

static void on_finding(const struct finding *f, void *arg)
{
	PROMISE(f->what && f->text && !(f->fix && strchr(f->fix, '\n')));
	(*(unsigned *)arg)++;
}

static void on_domain(const char *domain, const struct pmta_node *where, void *arg)
{
	(void)arg;
	PROMISE(*domain && !strpbrk(domain, "/*\\@") && where->file);
}

static void no_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	(void)m;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf *conf;
	struct input in = {(const char *)data, size};
	const struct pmta_files files = {list, text, &in};
	struct pmta_config *c;
	struct err err = {0};
	unsigned findings = 0;
	if (!conf && conf_load_to_look(&conf, "conf/pmta-shipper.conf", no_mistake, NULL) < 0)
		abort();
	PROMISE(pmta_config_read(&c, "0", &files, &err) == 0);
	PROMISE(c->nnodes <= PMTA_NODES_MAX && c->nmistakes <= PMTA_MISTAKES_MAX);
	for (size_t i = 1; i < c->nnodes; i++) {
		const struct pmta_node *n = &c->nodes[i];
		PROMISE(n->parent < i && c->nodes[n->parent].block && n->line > 0);
		PROMISE(!strpbrk(n->name, " \t\n") && !strchr(n->value, '\n'));
	}
	for (size_t i = 0; i < c->nmistakes; i++)
		PROMISE(c->mistakes[i].line > 0 && c->mistakes[i].text);
	const struct verify v = {.conf = conf, .pmta = c, .to = {on_finding, &findings}};
	verify_pmta(&v);
	PROMISE(findings > 0);
	(void)verify_domains(c, "bounce-processor", on_domain, NULL);
	(void)pmta_config_free(c);
	return 0;
}
