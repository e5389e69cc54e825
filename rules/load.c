/*
 * Loads files in the order of their names and runs the self-tests: all or nothing.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "rules/impl.h"

#define FILES_MAX 256

struct rules *rules_free(struct rules *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		rule_clear(&r->v[i]);
	for (size_t i = 0; i < r->nself_tests; i++)
		self_test_clear(&r->self_tests[i]);
	for (size_t i = 0; i < r->nfiles; i++)
		free(r->files[i].path);
	for (size_t i = 0; r->triggers && i < r->nliterals; i++)
		free(r->triggers[i].rules);
	free(r->v);
	free(r->self_tests);
	free(r->files);
	free(r->literals);
	free(r->triggers);
	free(r->always);
	free(r->candidates);
	free(r->globs);
	free(r->builtin_hits);
	(void)prefilter_free(r->prefilter);
	hits_clear(&r->hits);
	(void)matcher_free(r->matcher);
	(void)matcher_free(r->spare);
	(void)memo_free(r->memo);
	free(r);
	return NULL;
}

/* ---- one file ---- */

/* Reports a mistake about a file as a whole.  Always returns rc. */
static int tell(struct parse *p, const char *path, const char *why, int rc)
{
	char name[512], line[768];
	utf8_printable(path, strlen(path), name, sizeof(name));
	(void)snprintf(line, sizeof(line), "%s: %s", name, why);
	p->failed = true;
	p->mistake(&(struct file_mistake){.line = line, .what = why}, p->arg);
	return rc;
}

/* The digest is one chain over all files with their names, so it also depends on their order. */
static void digest(struct rules *r, struct slice text)
{
	const struct rules_file *f = &r->files[r->nfiles - 1];
	char all[2 * HASH_HEX_SIZE + NAME_MAX];
	struct hash128 h = hash_bytes(text.text, text.len);
	size_t len = strlen(r->digest);
	memcpy(all, r->digest, len);
	hash_hex(&h, all + len);
	len += HASH_HEX_SIZE;
	(void)snprintf(all + len, sizeof(all) - len, "%s", f->name);
	h = hash_bytes(all, len + strlen(all + len));
	hash_hex(&h, r->digest);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int add_file(struct rules *r, const char *path, int owner)
{
	struct rules_file *bigger = realloc(r->files, (r->nfiles + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	r->files = bigger;
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	bigger[r->nfiles] = (struct rules_file){
	        .path = copy,
	        .name = base_name(copy),
	        .owner = owner < 0 ? (unsigned)r->nfiles : (unsigned)owner,
	};
	r->nfiles++;
	return 0;
}

static const char *why_unread(int rc)
{
	if (rc == -EINVAL || rc == -EISDIR)
		return "not a file";
	if (rc == -EFBIG)
		return "larger than 4 MiB: not a rules file";
	return rc == -E2BIG ? "more than 256 rules files" : strerror(-rc);
}

/* Parses one file in its format; afterwards p has the place in the including file again. */
static int take_file(struct parse *p, const char *path, bool octeth)
{
	const struct parse outer = *p;
	size_t len = 0;
	scope_free char *text = NULL;
	int rc = p->rules->nfiles == FILES_MAX ? -E2BIG
	                                       : file_read(path, RULES_FILE_MAX, &text, &len);
	if (rc > 0)
		rc = -EFBIG;
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0 && octeth)
		return parse_mistake(p, "cannot read \"%s\": %s", path, why_unread(rc));
	if (rc < 0)
		return tell(p, path, why_unread(rc), -EINVAL);
	rc = add_file(p->rules, path, octeth ? (int)outer.file : -1);
	if (rc < 0)
		return rc;
	digest(p->rules, (struct slice){text, len});
	p->file = (unsigned)p->rules->nfiles - 1;
	rc = octeth ? parse_octeth(p, (struct slice){text, len})
	            : parse_text(p, (struct slice){text, len});
	p->file = outer.file;
	p->line = outer.line;
	return rc;
}

/* "include octeth FILE": a relative name is relative to the including file. */
static int include(struct parse *p, struct slice name)
{
	char path[4096];
	const char *from = p->rules->files[p->file].path;
	const char *slash = strrchr(from, '/');
	int n = *name.text == '/' || !slash
	                ? snprintf(path, sizeof(path), "%.*s", (int)name.len, name.text)
	                : snprintf(path, sizeof(path), "%.*s/%.*s", (int)(slash - from), from,
	                           (int)name.len, name.text);
	if (n < 0 || (size_t)n >= sizeof(path))
		return parse_mistake(p, "the name of the file is too long");
	return take_file(p, path, true);
}

/* ---- self-tests ---- */

static void fields_of(const struct self_test *t, struct rules_fields *ret)
{
	*ret = rules_fields_of(slice_of(t->text));
	struct slice *const to[FIELDS] = {
	        [FIELD_STATUS] = &ret->status, [FIELD_CAT] = &ret->cat,
	        [FIELD_DOMAIN] = &ret->domain, [FIELD_MTA] = &ret->mta,
	        [FIELD_ACTION] = &ret->action, [FIELD_FEEDBACK] = &ret->feedback_type};
	for (size_t i = 0; i < t->ngiven; i++) {
		*to[t->given[i].field] = slice_of(t->given[i].values.v[0]);
		ret->feedback = ret->feedback || t->given[i].field == FIELD_FEEDBACK;
	}
}

static int run_test(struct parse *p, const struct self_test *t)
{
	struct rules *r = p->rules;
	struct rules_fields f;
	struct rules_result got;
	fields_of(t, &f);
	int only = r->files[t->file].own_tests ? (int)r->files[t->file].owner : -1;
	int rc = rules_judge_own(r, &f, only, &got);
	if (rc < 0 || (got.unmapped == t->verdict) != t->not )
		return rc;
	p->file = t->file;
	p->line = t->line;
	const char *rule = got.silent ? "no rule" : got.id;
	if (t->not )
		return parse_mistake(p, "self-test: must not be %s, but is by \"%s\": %.300s",
		                     rules_verdict_name(t->verdict), rule, t->text);
	return parse_mistake(p, "self-test: must be %s, but \"%s\" gives %s: %.300s",
	                     rules_verdict_name(t->verdict), rule, rules_verdict_name(got.unmapped),
	                     t->text);
}

static int run_tests(struct parse *p)
{
	int rc = 0;
	for (size_t i = 0; rc != -ENOMEM && i < p->rules->nself_tests; i++)
		rc = run_test(p, &p->rules->self_tests[i]);
	return rc == -ENOMEM ? rc : 0;
}

/* ---- all of them ---- */

static int by_name(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int rc = strcmp(base_name(x), base_name(y));
	return rc != 0 ? rc : strcmp(x, y);
}

/* A folder that does not exist has no rules; one that cannot be read might have some. */
static int on_glob_error(const char *path, int code)
{
	(void)path;
	return code != ENOENT && code != ENOTDIR;
}

static int find_files(struct parse *p, const struct strlist *patterns, glob_t *found)
{
	for (size_t i = 0; i < patterns->n; i++) {
		const char *pattern = patterns->v[i];
		bool plain = strpbrk(pattern, "*?[") == NULL;
		int flags = (i > 0 ? GLOB_APPEND : 0) | (plain ? GLOB_NOCHECK : 0);
		int rc = glob(pattern, flags, on_glob_error, found);
		if (rc == GLOB_NOSPACE)
			return -ENOMEM;
		if (rc != 0 && rc != GLOB_NOMATCH)
			return tell(p, pattern, "the folder cannot be read", -EINVAL);
	}
	if (found->gl_pathc > 1)
		qsort(found->gl_pathv, found->gl_pathc, sizeof(*found->gl_pathv), by_name);
	return 0;
}

static int take_files(struct parse *p, const struct strlist *patterns)
{
	glob_t found = {0};
	int rc = patterns->n > 0 ? find_files(p, patterns, &found) : 0;
	for (size_t i = 0; rc != -ENOMEM && i < found.gl_pathc; i++) {
		if (i == 0 || strcmp(found.gl_pathv[i - 1], found.gl_pathv[i]) != 0)
			rc = take_file(p, found.gl_pathv[i], false);
	}
	globfree(&found);
	return rc;
}

/* Finishes a set whose rules are complete: compiles it and runs its self-tests. */
static int complete(struct parse *p, int rc)
{
	if (rc == 0 && !p->failed)
		rc = rules_compile(p->rules);
	if (rc == 0 && !p->failed)
		rc = run_tests(p);
	if (rc == -ENOMEM)
		return tell(p, "rules", "out of memory", rc);
	return p->failed ? -EINVAL : rc;
}

static int begin(struct parse *p, rules_mistake_fn *mistake, void *arg)
{
	*p = (struct parse){.rules = calloc(1, sizeof(*p->rules)),
	                    .include = include,
	                    .mistake = mistake,
	                    .arg = arg};
	return p->rules ? 0 : tell(p, "rules", "out of memory", -ENOMEM);
}

int rules_load(struct rules **ret, const struct strlist *patterns, rules_mistake_fn *mistake,
               void *arg)
{
	struct parse p;
	int rc = begin(&p, mistake, arg);
	if (rc < 0)
		return rc;
	p.may_include = true;
	rc = complete(&p, take_files(&p, patterns));
	if (rc < 0 || p.rules->nfiles == 0)
		p.rules = rules_free(p.rules);
	if (rc == 0)
		*ret = p.rules;
	return rc;
}

int rules_load_text(struct rules **ret, const char *name, struct slice text,
                    rules_mistake_fn *mistake, void *arg)
{
	struct parse p;
	int rc = begin(&p, mistake, arg);
	if (rc < 0)
		return rc;
	rc = add_file(p.rules, name, -1);
	if (rc == 0) {
		digest(p.rules, text);
		rc = parse_text(&p, text);
	}
	rc = complete(&p, rc);
	if (rc < 0)
		p.rules = rules_free(p.rules);
	else
		*ret = p.rules;
	return rc;
}
