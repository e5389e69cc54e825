/* Parses the lines of one file, as described in pmta-shipper.rules(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/impl.h"

#define LINE_MAX_LEN 16384

/* Finds the last occurrence of what ("==>" or "->"). */
static bool arrow(struct slice s, const char *what, size_t *ret)
{
	size_t len = strlen(what);
	for (size_t i = s.len >= len ? s.len - len + 1 : 0; i-- > 0;) {
		if (memcmp(s.text + i, what, len) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

/* Returns the word at the start of *s, and moves *s after it. */
static struct slice next_word(struct slice *s)
{
	*s = words_trim(*s);
	size_t n = words_first_len(*s);
	struct slice word = {s->text, n};
	*s = words_trim((struct slice){s->text + n, s->len - n});
	return word;
}

/* ---- settings ---- */

static int set(struct parse *p, struct setting *s, int value)
{
	if (s->line && s->value != value)
		return parse_mistake(p, "contradicts line %u of \"%s\"", s->line,
		                     p->rules->files[s->file].path);
	if (!s->line)
		*s = (struct setting){p->file, p->line, value};
	return 0;
}

static int set_map(struct parse *p, struct slice value)
{
	enum rules_verdict from, to;
	const char *eq = memchr(value.text, '=', value.len);
	size_t len = eq ? (size_t)(eq - value.text) : 0;
	if (!eq || !rules_verdict_named((struct slice){value.text, len}, &from) ||
	    !rules_verdict_named((struct slice){eq + 1, value.len - len - 1}, &to))
		return parse_mistake(p, "'%%map' takes two verdicts, such as block=soft");
	return set(p, &p->rules->map[from], (int)to);
}

/* Sets one of two words; its index is the value. */
static int set_choice(struct parse *p, struct setting *s, struct slice value, const char *name,
                      const char *no, const char *yes)
{
	if (words_equal(value, no))
		return set(p, s, 0);
	if (words_equal(value, yes))
		return set(p, s, 1);
	return parse_mistake(p, "'%%%s' takes %s or %s", name, no, yes);
}

static int take_setting(struct parse *p, struct slice line)
{
	struct slice rest = {line.text + 1, line.len - 1};
	struct slice name = next_word(&rest), value = next_word(&rest);
	struct setting own = {0};
	int rc;
	if (rest.len > 0)
		return parse_mistake(p, "too many words after '%%%.*s'", (int)name.len, name.text);
	if (words_equal(name, "map"))
		return set_map(p, value);
	if (words_equal(name, "unmatched"))
		return set_choice(p, &p->rules->unmatched, value, "unmatched", "builtin",
		                  "unknown");
	if (words_equal(name, "why"))
		return set_choice(p, &p->rules->why, value, "why", "off", "on");
	if (!words_equal(name, "tests"))
		return parse_mistake(p,
		                     "unknown setting '%%%.*s' (%%map, %%unmatched, %%why or "
		                     "%%tests)",
		                     (int)name.len, name.text);
	rc = set_choice(p, &own, value, "tests", "all", "own");
	p->rules->files[p->file].own_tests = own.value != 0;
	return rc;
}

/* ---- self-tests ---- */

static int keep_test(struct parse *p, struct self_test *t, struct slice text)
{
	struct rules *r = p->rules;
	t->text = strndup(text.text, text.len);
	if (!t->text)
		return -ENOMEM;
	if ((r->nself_tests & (r->nself_tests - 1)) == 0) {
		size_t room = r->nself_tests ? 2 * r->nself_tests : 1;
		struct self_test *bigger = realloc(r->self_tests, room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		r->self_tests = bigger;
	}
	r->self_tests[r->nself_tests++] = *t;
	*t = (struct self_test){0};
	return 0;
}

void self_test_clear(struct self_test *t)
{
	for (size_t i = 0; i < t->ngiven; i++)
		condition_clear(&t->given[i]);
	free(t->given);
	free(t->text);
	*t = (struct self_test){0};
}

static int take_test(struct parse *p, struct slice line)
{
	struct self_test t = {.file = p->file, .line = p->line};
	size_t at;
	t.not = line.len > 1 && line.text[1] == '!';
	line = (struct slice){line.text + 1 + t.not, line.len - 1 - t.not };
	if (!arrow(line, "->", &at))
		return parse_mistake(p,
		                     "a self-test is '? TEXT -> verdict' or '?! TEXT -> verdict'");
	struct slice word = words_trim((struct slice){line.text + at + 2, line.len - at - 2});
	struct slice text = words_trim((struct slice){line.text, at});
	if (!rules_verdict_named(word, &t.verdict))
		return parse_mistake(
		        p, "unknown verdict '%.*s' (hard, soft, block, ignore or unknown)",
		        (int)word.len, word.text);
	int rc = line_conditions(p, &text, &t.given, &t.ngiven);
	if (rc == 0)
		rc = keep_test(p, &t, text);
	self_test_clear(&t);
	return rc;
}

/* ---- lines ---- */

static int take_include(struct parse *p, struct slice line)
{
	(void)next_word(&line);
	struct slice kind = next_word(&line);
	if (!words_equal(kind, "octeth") || line.len == 0)
		return parse_mistake(p, "an include is 'include octeth FILE'");
	if (!p->may_include)
		return parse_mistake(p, "include is not possible here");
	return p->include(p, line);
}

static int take_line(struct parse *p, struct slice line)
{
	size_t at;
	line = words_trim(line);
	if (line.len == 0 || *line.text == '#')
		return 0;
	if (*line.text == '%')
		return take_setting(p, line);
	if (*line.text == '?')
		return take_test(p, line);
	if (arrow(line, "==>", &at))
		return line_rule(p, line, at);
	if (line.len > 8 && memcmp(line.text, "include ", 8) == 0)
		return take_include(p, line);
	return parse_mistake(p, "not a rule ('TEXT==>Hard', '/RE/ ==> hard', 'status=5.1.1 ==> "
	                        "hard'), setting, self-test, include or comment");
}

/* Octeth's own format: only patterns, and every character of them counts. */
static int take_octeth_line(struct parse *p, struct slice line)
{
	size_t at;
	if (words_trim(line).len == 0)
		return 0;
	if (!arrow(line, "==>", &at))
		return parse_mistake(p, "no '==>' (a line is TEXT==>Hard or TEXT==>Soft)");
	return line_octeth(p, line, at);
}

/* Parses all lines; a mistake in one does not hide the next. */
static int each_line(struct parse *p, struct slice text,
                     int (*take)(struct parse *p, struct slice line))
{
	const char *at = text.text + utf8_bom(text.text, text.len), *end = text.text + text.len;
	int rc = 0;
	for (p->line = 1; at < end && rc != -ENOMEM; p->line++) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		struct slice line = {at, (size_t)((nl ? nl : end) - at)};
		at = nl ? nl + 1 : end;
		if (line.len > 0 && line.text[line.len - 1] == '\r')
			line.len--;
		if (line.len > LINE_MAX_LEN)
			rc = parse_mistake(p, "a line of more than %d characters", LINE_MAX_LEN);
		else if (memchr(line.text, '\0', line.len))
			rc = parse_mistake(p, "a NUL character");
		else
			rc = take(p, line);
	}
	return rc == -ENOMEM ? rc : 0;
}

int parse_text(struct parse *p, struct slice text)
{
	return each_line(p, text, take_line);
}

int parse_octeth(struct parse *p, struct slice text)
{
	return each_line(p, text, take_octeth_line);
}
