/*
 * A recursive descent over the pattern.  Each level collects sets of literals; a run of plain
 * characters becomes a set of one, an alternation the union of the best set of each branch.
 *
 * Syntax that is ignored only weakens the result.  Syntax that could make it wrong (comments,
 * extended syntax, quoting, conditions, verbs, recursion, the pattern's own callouts) makes the
 * whole pattern "not understood".
 */
#include "rules/syntax.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/literals.h"
#include "rules/words.h"

#define DEPTH_MAX 40
#define NOT_UNDERSTOOD 1

static const char CALLOUT[] = "(?C)";

struct reading {
	const char *from, *p, *end;
	unsigned depth;
	struct syntax *out;
	size_t guarded_from; /* length of the pattern's part that is in out->guarded */
	bool whole;          /* flags outside brackets: the rest depends on them */
};

void syntax_clear(struct syntax *s)
{
	for (size_t i = 0; i < s->nsets; i++)
		literal_set_clear(&s->sets[i]);
	free(s->sets);
	free(s->guarded);
	*s = (struct syntax){0};
}

/* ---- repeats ---- */

enum repeat { ONCE, OPTIONAL, REPEATED };

/* Reads "{2}", "{2,}" or "{2,5}" at p; anything else is a plain brace. */
static bool braces(const char *p, const char *end, const char **ret_end, bool *ret_zero)
{
	const char *q = p + 1;
	bool zero = true, digits = false;
	for (; q < end && isdigit((unsigned char)*q); q++) {
		digits = true;
		zero = zero && *q == '0';
	}
	if (q < end && *q == ',')
		for (q++; q < end && isdigit((unsigned char)*q);)
			q++;
	if (!digits || q == end || *q != '}')
		return false;
	*ret_end = q + 1;
	*ret_zero = zero;
	return true;
}

/* Copies the pattern up to here, and adds a callout. */
static int guard(struct reading *r)
{
	size_t upto = (size_t)(r->p - r->from), more = upto - r->guarded_from;
	struct syntax *s = r->out;
	char *bigger = realloc(s->guarded, s->guarded_len + more + sizeof(CALLOUT));
	if (!bigger)
		return -ENOMEM;
	s->guarded = bigger;
	memcpy(bigger + s->guarded_len, r->from + r->guarded_from, more);
	s->guarded_len += more;
	memcpy(bigger + s->guarded_len, CALLOUT, sizeof(CALLOUT));
	s->guarded_len += sizeof(CALLOUT) - 1;
	r->guarded_from = upto;
	return 0;
}

/* Reads a quantifier, if there is one; *ret is its effect on the item before it. */
static int repeat(struct reading *r, enum repeat *ret)
{
	bool zero = false;
	*ret = ONCE;
	if (r->p == r->end || !strchr("*+?{", *r->p) || *r->p == '\0')
		return 0;
	if (*r->p == '{') {
		const char *after;
		if (!braces(r->p, r->end, &after, &zero)) {
			*ret = OPTIONAL; /* a later PCRE2 may read it as a quantifier */
			return 0;
		}
		r->p = after;
	} else {
		zero = *r->p != '+';
		r->p++;
	}
	if (r->p < r->end && (*r->p == '?' || *r->p == '+'))
		r->p++;
	*ret = zero ? OPTIONAL : REPEATED;
	r->out->repeats = true;
	return guard(r);
}

/* ---- atoms ---- */

/* Reads "[:alpha:]" in a class.  Returns the place after it, or NULL. */
static const char *class_name(const char *p, const char *end)
{
	if (p[1] != ':')
		return NULL;
	p += 2;
	if (p < end && *p == '^')
		p++;
	while (p < end && isalpha((unsigned char)*p))
		p++;
	return p + 1 < end && p[0] == ':' && p[1] == ']' ? p + 2 : NULL;
}

/* Finds the end of a class, and its only letter if it has only one. */
static int class_end(struct reading *r, char *ret_only)
{
	const char *p = r->p + 1;
	bool negated = p < r->end && *p == '^', simple = !negated;
	char only = '\0';
	if (negated)
		p++;
	for (bool first = true; p < r->end && (*p != ']' || first); first = false) {
		if (*p == '\\') {
			if (p + 1 == r->end || p[1] == 'Q' || p[1] == 'E')
				return NOT_UNDERSTOOD;
			p += 2;
			simple = false;
			continue;
		}
		if (*p == '[' && p + 1 < r->end && p[1] != '\0' && strchr(":.=", p[1])) {
			p = class_name(p, r->end);
			if (!p)
				return NOT_UNDERSTOOD;
			simple = false;
			continue;
		}
		simple = simple && *p != '-' && (!only || only == words_lower(*p));
		only = words_lower(*p++);
	}
	if (p == r->end)
		return NOT_UNDERSTOOD;
	r->p = p + 1;
	*ret_only = simple ? only : '\0';
	return 0;
}

/* Reads an escape.  *ret_plain is the character, if it stands for itself. */
static int escape(struct reading *r, char *ret_plain)
{
	if (r->p + 1 == r->end)
		return NOT_UNDERSTOOD;
	char c = r->p[1];
	r->p += 2;
	if (!isalnum((unsigned char)c)) {
		*ret_plain = c;
		return 0;
	}
	if (!strchr("dDsSwWhHvVRNbBAzZtnrfae", c))
		return NOT_UNDERSTOOD;
	r->out->start = r->out->start || c == 'A';
	*ret_plain = '\0';
	return 0;
}

enum group { GROUP_CONTENT, GROUP_LOOK, GROUP_FLAGS };

/* Reads the name of "(?<name>" and similar groups; p is after "(?", then after the name. */
static bool named(struct reading *r, char close)
{
	const char *end = memchr(r->p, close, (size_t)(r->end - r->p));
	if (!end)
		return false;
	r->p = end + 1;
	return true;
}

/* Reads the flags of "(?i)" or "(?s-m:"; p is after "(?". */
static int flags(struct reading *r, enum group *ret)
{
	while (r->p < r->end && strchr("imsU-", *r->p))
		r->p++;
	if (r->p == r->end || (*r->p != ')' && *r->p != ':'))
		return NOT_UNDERSTOOD;
	*ret = *r->p++ == ')' ? GROUP_FLAGS : GROUP_CONTENT;
	return 0;
}

/* Gets the kind of group that begins here, and moves p after its opening. */
static int group_kind(struct reading *r, enum group *ret)
{
	r->p++;
	*ret = GROUP_CONTENT;
	if (r->p == r->end || *r->p != '?')
		return r->p < r->end && *r->p == '*' ? NOT_UNDERSTOOD : 0;
	r->p++;
	if (r->p == r->end)
		return NOT_UNDERSTOOD;
	char c = *r->p, next = r->p + 1 < r->end ? r->p[1] : '\0';
	if (c == ':' || c == '>' || c == '|') {
		r->p++;
		return 0;
	}
	if (c == '=' || c == '!' || (c == '<' && (next == '=' || next == '!'))) {
		r->p += c == '<' ? 2 : 1;
		r->out->start = true;
		*ret = GROUP_LOOK;
		return 0;
	}
	if (c == '<' || (c == 'P' && next == '<'))
		return named(r, '>') ? 0 : NOT_UNDERSTOOD;
	if (c == '\'') {
		r->p++;
		return named(r, '\'') ? 0 : NOT_UNDERSTOOD;
	}
	return flags(r, ret);
}

static int alternation(struct reading *r, struct level *ret);

/* Reads a group and its quantifier; adds its sets to the level. */
static int group(struct reading *r, struct level *l)
{
	enum group kind = GROUP_CONTENT;
	enum repeat times;
	int rc = level_run_end(l);
	l->only_run = false;
	if (rc == 0)
		rc = group_kind(r, &kind);
	r->whole = r->whole || (rc == 0 && kind == GROUP_FLAGS && r->depth == 1);
	if (rc != 0 || kind == GROUP_FLAGS)
		return rc;
	struct level *inner = calloc(1, sizeof(*inner));
	if (!inner)
		return -ENOMEM;
	rc = alternation(r, inner);
	if (rc == 0 && (r->p == r->end || *r->p != ')'))
		rc = NOT_UNDERSTOOD;
	if (rc == 0) {
		r->p++;
		rc = repeat(r, &times);
	}
	if (rc == 0 && kind == GROUP_CONTENT && times != OPTIONAL)
		for (size_t i = 0; i < inner->n; i++)
			level_add(l, &inner->sets[i]);
	else
		level_clear(inner);
	free(inner);
	return rc;
}

/* Reads one plain character and its quantifier. */
static int plain(struct reading *r, struct level *l, char c)
{
	enum repeat times;
	int rc = repeat(r, &times);
	if (rc != 0)
		return rc;
	if (times == ONCE)
		return level_run_add(l, c);
	l->only_run = false;
	if (times == REPEATED)
		rc = level_run_add(l, c);
	return rc == 0 ? level_run_end(l) : rc;
}

/* Reads the quantifier of an item that is not a literal. */
static int other(struct reading *r, struct level *l)
{
	enum repeat times;
	int rc = level_run_end(l);
	l->only_run = false;
	return rc == 0 ? repeat(r, &times) : rc;
}

static int atom(struct reading *r, struct level *l)
{
	char c = *r->p, same = '\0';
	int rc = 0;
	switch (c) {
	case '\\':
		rc = escape(r, &same);
		break;
	case '[':
		rc = class_end(r, &same);
		break;
	case '(':
		return group(r, l);
	case '^':
		r->out->start = true;
		/* fall through */
	case '.':
	case '$':
	case '{':
		r->p++;
		break;
	case '*':
	case '+':
	case '?':
		return NOT_UNDERSTOOD;
	default:
		r->p++;
		same = c;
	}
	if (rc != 0)
		return rc;
	return same ? plain(r, l, same) : other(r, l);
}

/* Reads up to "|", ")" or the end. */
static int sequence(struct reading *r, struct level *ret)
{
	*ret = (struct level){.only_run = true};
	int rc = 0;
	while (rc == 0 && r->p < r->end && *r->p != '|' && *r->p != ')')
		rc = atom(r, ret);
	bool empty = ret->n == 0 && ret->nrun == 0;
	if (empty)
		ret->only_run = false;
	return rc == 0 ? level_run_end(ret) : rc;
}

/* Reads branches up to ")" or the end. */
static int branches(struct reading *r, struct level *ret, struct level *branch)
{
	struct literal_set all = {0};
	int rc = sequence(r, ret);
	if (rc != 0 || r->p == r->end || *r->p != '|')
		return rc;
	bool only = ret->only_run, united = level_unite(&all, ret);
	level_clear(ret);
	while (rc == 0 && r->p < r->end && *r->p == '|') {
		if (r->depth == 1 && r->out->nbars < SYNTAX_LITERALS_MAX)
			r->out->bars[r->out->nbars++] = (size_t)(r->p - r->from);
		r->p++;
		rc = sequence(r, branch);
		only = only && branch->only_run;
		united = rc == 0 && united && level_unite(&all, branch);
		level_clear(branch);
	}
	ret->only_run = only && united;
	if (united)
		level_add(ret, &all);
	literal_set_clear(&all);
	return rc;
}

static int alternation(struct reading *r, struct level *ret)
{
	if (++r->depth > DEPTH_MAX)
		return NOT_UNDERSTOOD;
	struct level *branch = calloc(1, sizeof(*branch));
	if (!branch)
		return -ENOMEM;
	int rc = branches(r, ret, branch);
	level_clear(branch);
	free(branch);
	r->depth--;
	return rc;
}

/* Copies the rest of the pattern after the last callout. */
static int finish_guarded(struct reading *r)
{
	struct syntax *s = r->out;
	if (!s->guarded)
		return 0;
	size_t more = (size_t)(r->end - r->from) - r->guarded_from;
	char *bigger = realloc(s->guarded, s->guarded_len + more + 1);
	if (!bigger)
		return -ENOMEM;
	s->guarded = bigger;
	memcpy(bigger + s->guarded_len, r->from + r->guarded_from, more);
	s->guarded_len += more;
	return 0;
}

static int keep_sets(struct syntax *s, struct level *l)
{
	if (l->n == 0)
		return 0;
	s->sets = calloc(l->n, sizeof(*s->sets));
	if (!s->sets)
		return -ENOMEM;
	for (s->nsets = 0; s->nsets < l->n; s->nsets++) {
		s->sets[s->nsets] = l->sets[s->nsets];
		l->sets[s->nsets] = (struct literal_set){0};
	}
	return 0;
}

int syntax_read(struct syntax *ret, struct slice regex)
{
	*ret = (struct syntax){0};
	struct reading r = {
	        .from = regex.text, .p = regex.text, .end = regex.text + regex.len, .out = ret};
	struct level *top = calloc(1, sizeof(*top));
	if (!top)
		return -ENOMEM;
	int rc = memchr(regex.text, '\0', regex.len) ? NOT_UNDERSTOOD : alternation(&r, top);
	if (rc == 0 && r.p < r.end)
		rc = NOT_UNDERSTOOD; /* one bracket too many */
	if (rc == 0)
		rc = finish_guarded(&r);
	if (rc == 0) {
		ret->plain = top->only_run && top->n == 1;
		rc = keep_sets(ret, top);
	}
	level_clear(top);
	free(top);
	if (rc == 0) {
		ret->understood = true;
		if (r.whole || ret->nbars == SYNTAX_LITERALS_MAX)
			ret->nbars = 0;
		return 0;
	}
	syntax_clear(ret);
	ret->start = ret->repeats = true;
	return rc == NOT_UNDERSTOOD ? 0 : rc;
}
