/*
 * Parses one rule from one line:
 *
 *     User unknown==>Hard                                 text, as Octeth writes it
 *     status=5.1.1 !/IB607/ ==> hard id=no-mailbox         conditions, all of which must hold
 *     /(account|mailbox) .{0,20}disabled/ ==> hard action=unconfirm-subscriber
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "rules/impl.h"

#define LITERAL_MAX 1000

static const char *const field_names[FIELDS] = {
        [FIELD_STATUS] = "status", [FIELD_CAT] = "cat",          [FIELD_DOMAIN] = "domain",
        [FIELD_MTA] = "mx",        [FIELD_ACTION] = "dsnaction", [FIELD_FEEDBACK] = "feedback"};

void condition_clear(struct condition *c)
{
	for (size_t i = 0; i < c->values.n; i++)
		free(c->values.v[i]);
	free(c->values.v);
	*c = (struct condition){0};
}

void rule_clear(struct rule *rule)
{
	for (size_t i = 0; i < rule->nconditions; i++)
		condition_clear(&rule->conditions[i]);
	for (size_t i = 0; i < rule->ntests; i++)
		test_clear(&rule->tests[i]);
	free(rule->conditions);
	free(rule->tests);
	free(rule->id);
	free(rule->source);
	*rule = (struct rule){0};
}

/* ---- conditions ---- */

/* Returns true if s begins with the name of a condition, such as "status=". */
static bool begins_condition(struct slice s, enum field *ret)
{
	for (int i = 0; i < FIELDS; i++) {
		size_t len = strlen(field_names[i]);
		if (s.len <= len + 1 || s.text[len] != '=' ||
		    isspace((unsigned char)s.text[len + 1]))
			continue;
		if (memcmp(s.text, field_names[i], len) != 0)
			continue;
		*ret = (enum field)i;
		return true;
	}
	return false;
}

/* Returns true for "5", "5.1" or "5.1.10". */
static bool is_status(const char *s)
{
	if (!*s || !strchr("245", *s))
		return false;
	for (s++; *s == '.';) {
		size_t n = strspn(++s, "0123456789");
		if (n == 0 || n > 3)
			return false;
		s += n;
	}
	return *s == '\0';
}

static int add_value(struct parse *p, struct condition *c, struct slice value)
{
	if (c->values.n == VALUES_MAX)
		return parse_mistake(p, "more than %d values in one condition", VALUES_MAX);
	if (value.len == 0 || value.len > NAME_LEN_MAX)
		return parse_mistake(p, "'%s=' needs values of 1 to %d characters",
		                     field_names[c->field], NAME_LEN_MAX);
	char **bigger = realloc(c->values.v, (c->values.n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	c->values.v = bigger;
	char *copy = strndup(value.text, value.len);
	if (!copy)
		return -ENOMEM;
	c->values.v[c->values.n++] = copy;
	if (c->field == FIELD_STATUS && !is_status(copy))
		return parse_mistake(p, "'status=%s' is not an enhanced status (5.1.1, 5.1 or 5)",
		                     copy);
	return 0;
}

static int read_condition(struct parse *p, struct condition *c, struct slice *text)
{
	size_t at = strlen(field_names[c->field]) + 1, len = words_first_len(*text);
	const char *from = text->text + at, *end = text->text + len;
	int rc = 0;
	for (;;) {
		const char *comma = memchr(from, ',', (size_t)(end - from));
		const char *to = comma ? comma : end;
		rc = add_value(p, c, (struct slice){from, (size_t)(to - from)});
		if (rc < 0 || !comma)
			break;
		from = comma + 1;
	}
	*text = words_trim((struct slice){text->text + len, text->len - len});
	return rc;
}

static int add_condition(struct parse *p, struct slice *text, enum field field,
                         struct condition **v, size_t *n)
{
	if (*n == CONDITIONS_MAX)
		return parse_mistake(p, "more than %d conditions", CONDITIONS_MAX);
	struct condition *bigger = realloc(*v, (*n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	*v = bigger;
	bigger[*n] = (struct condition){.field = field};
	return read_condition(p, &bigger[(*n)++], text);
}

int line_conditions(struct parse *p, struct slice *text, struct condition **ret, size_t *ret_n)
{
	enum field field;
	int rc = 0;
	while (rc == 0 && begins_condition(*text, &field))
		rc = add_condition(p, text, field, ret, ret_n);
	return rc;
}

/* ---- texts and regular expressions ---- */

static struct test *add_test(struct rule *rule)
{
	struct test *bigger = realloc(rule->tests, (rule->ntests + 1) * sizeof(*bigger));
	if (!bigger)
		return NULL;
	rule->tests = bigger;
	bigger[rule->ntests] = (struct test){0};
	return &bigger[rule->ntests++];
}

/* Returns the end of "/.../" at text: the second slash without a backslash before it, or NULL. */
static const char *regex_end(struct slice text)
{
	const char *end = text.text + text.len;
	for (const char *p = text.text + 1; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '/')
			return p;
	}
	return NULL;
}

static bool read_flags(const char **p, const char *end, struct regex_flags *ret)
{
	for (; *p < end && **p != ' ' && **p != '\t'; (*p)++) {
		if (**p == 's')
			ret->dotall = true;
		else if (**p == 'm')
			ret->multiline = true;
		else if (**p != 'i') /* case is always ignored */
			return false;
	}
	return true;
}

/* Parses "/.../" or "!/.../" at the start of *text, and moves *text after it. */
static int read_regex(struct parse *p, struct rule *rule, struct slice *text)
{
	bool negate = *text->text == '!';
	struct slice rest = {text->text + negate, text->len - negate};
	struct regex_flags flags = {0};
	if (rule->ntests == CONDITIONS_MAX)
		return parse_mistake(p, "more than %d regular expressions", CONDITIONS_MAX);
	const char *close = regex_end(rest), *end = rest.text + rest.len;
	if (!close)
		return parse_mistake(p, "the regular expression has no closing '/' (write '/' in "
		                        "it as '\\/')");
	const struct slice pattern = {rest.text + 1, (size_t)(close - rest.text - 1)};
	const char *after = close + 1;
	if (!read_flags(&after, end, &flags))
		return parse_mistake(p,
		                     "unknown flag '%c' after a regular expression (i, s or m; "
		                     "write '/' in it as '\\/'; put a text that begins with '/' "
		                     "into a file for 'include octeth')",
		                     *after);
	if (pattern.len == 0)
		return parse_mistake(p, "an empty regular expression matches everything");
	struct test *t = add_test(rule);
	if (!t)
		return -ENOMEM;
	t->negate = negate;
	*text = words_trim((struct slice){after, (size_t)(end - after)});
	return test_regex(p, t, pattern, &flags);
}

/* ---- the part after "==>" ---- */

static bool is_id(struct slice s)
{
	if (s.len == 0 || s.len > RULES_ID_MAX ||
	    (s.len >= 8 && memcmp(s.text, "builtin:", 8) == 0))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.text[i]) && !strchr("._:-", s.text[i]))
			return false;
	return true;
}

static bool option(struct slice word, const char *name, struct slice *ret)
{
	size_t len = strlen(name);
	if (word.len < len || memcmp(word.text, name, len) != 0)
		return false;
	*ret = (struct slice){word.text + len, word.len - len};
	return true;
}

static int read_option(struct parse *p, struct rule *rule, struct slice word)
{
	struct slice value;
	if (option(word, "id=", &value)) {
		if (rule->id)
			return parse_mistake(p, "'id=' is given twice");
		if (!is_id(value))
			return parse_mistake(p,
			                     "'id=%.*s' must be 1 to %d letters, digits, '.', '_', "
			                     "':' or '-', and not begin with 'builtin:'",
			                     (int)value.len, value.text, RULES_ID_MAX);
		rule->id = strndup(value.text, value.len);
		return rule->id ? 0 : -ENOMEM;
	}
	if (option(word, "action=", &value)) {
		if (rule->action)
			return parse_mistake(p, "'action=' is given twice");
		rule->action = action_named(value);
		return rule->action ? 0
		                    : parse_mistake(p,
		                                    "unknown action '%.*s' (%s, %s, ...; see "
		                                    "pmta-shipper.rules(5))",
		                                    (int)value.len, value.text, actions[0].name,
		                                    actions[1].name);
	}
	return parse_mistake(p, "'%.*s' is neither 'id=' nor 'action='", (int)word.len, word.text);
}

static int read_verdict(struct parse *p, struct rule *rule, struct slice rest)
{
	rest = words_trim(rest);
	size_t len = words_first_len(rest);
	if (!rules_verdict_named((struct slice){rest.text, len}, &rule->verdict))
		return parse_mistake(
		        p, "unknown verdict '%.*s' (hard, soft, block, ignore or unknown)",
		        (int)len, rest.text);
	int rc = 0;
	for (;;) {
		rest = words_trim((struct slice){rest.text + len, rest.len - len});
		len = words_first_len(rest);
		if (len == 0 || rc < 0)
			return rc;
		rc = read_option(p, rule, (struct slice){rest.text, len});
	}
}

/* ---- a whole rule ---- */

static int default_id(struct parse *p, struct rule *rule)
{
	char name[RULES_ID_MAX], id[RULES_ID_MAX + 16];
	const char *file = p->rules->files[p->file].name;
	if (rule->id)
		return 0;
	utf8_printable(file, strlen(file), name, sizeof(name));
	(void)snprintf(id, sizeof(id), "%s:%u", name, p->line);
	rule->id = strdup(id);
	return rule->id ? 0 : -ENOMEM;
}

static int keep(struct parse *p, struct rule *rule)
{
	struct rules *r = p->rules;
	if (r->n == RULES_MAX)
		return parse_mistake(p, "more than %d rules", RULES_MAX);
	if ((r->n & (r->n - 1)) == 0) {
		struct rule *bigger = realloc(r->v, (r->n ? 2 * r->n : 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		r->v = bigger;
	}
	r->v[r->n++] = *rule;
	*rule = (struct rule){0};
	return 0;
}

/* A condition on a column that f records do not have would never hold. */
static int check_feedback(struct parse *p, struct rule *rule)
{
	bool other = rule->ntests > 0;
	for (size_t i = 0; i < rule->nconditions; i++) {
		enum field f = rule->conditions[i].field;
		rule->feedback = rule->feedback || f == FIELD_FEEDBACK;
		other = other || (f != FIELD_FEEDBACK && f != FIELD_DOMAIN);
	}
	if (rule->feedback && other)
		return parse_mistake(p, "a complaint has neither text nor status: only 'domain=' "
		                        "can be combined with 'feedback='");
	return 0;
}

static int finish(struct parse *p, struct rule *rule, struct slice source, struct slice tail)
{
	rule->file = p->file;
	rule->line = p->line;
	int rc = read_verdict(p, rule, tail);
	if (rc == 0)
		rc = check_feedback(p, rule);
	if (rc == 0)
		rc = default_id(p, rule);
	if (rc == 0) {
		rule->source = strndup(source.text, source.len);
		rc = rule->source ? keep(p, rule) : -ENOMEM;
	}
	return rc;
}

static int literal_rule(struct parse *p, struct slice literal, struct slice tail)
{
	struct rule rule = {.octeth = true};
	if (literal.len == 0)
		return parse_mistake(p, "an empty text would match everything");
	if (literal.len > LITERAL_MAX)
		return parse_mistake(p, "a text of more than %d characters", LITERAL_MAX);
	struct test *t = add_test(&rule);
	int rc = t ? test_text(t, literal) : -ENOMEM;
	if (rc == 0)
		rc = finish(p, &rule, literal, tail);
	rule_clear(&rule);
	return rc;
}

int line_octeth(struct parse *p, struct slice text, size_t at)
{
	enum rules_verdict v;
	const struct slice tail = {text.text + at + 3, text.len - at - 3};
	if (!rules_verdict_named(words_trim(tail), &v) || (v != RULES_HARD && v != RULES_SOFT))
		return parse_mistake(p, "the verdict after the last '==>' must be Hard or Soft");
	return literal_rule(p, (struct slice){text.text, at}, tail);
}

static bool begins_regex(struct slice s)
{
	return s.len > 0 && (*s.text == '/' || (s.len > 1 && s.text[0] == '!' && s.text[1] == '/'));
}

int line_rule(struct parse *p, struct slice text, size_t at)
{
	const struct slice tail = {text.text + at + 3, text.len - at - 3};
	struct slice head = {text.text, at};
	struct rule rule = {0};
	enum field field;
	int rc = 0;
	if (!begins_regex(text) && !begins_condition(text, &field)) {
		/* "text==>Hard" is exact to the byte; in "text ==> hard" blanks are layout. */
		bool spaced = tail.len > 0 && (*tail.text == ' ' || *tail.text == '\t');
		return literal_rule(p, spaced ? words_trim(head) : head, tail);
	}
	head = words_trim(head);
	const struct slice source = head;
	while (rc == 0 && head.len > 0) {
		if (begins_regex(head))
			rc = read_regex(p, &rule, &head);
		else if (begins_condition(head, &field))
			rc = line_conditions(p, &head, &rule.conditions, &rule.nconditions);
		else
			rc = parse_mistake(p,
			                   "'%.*s' is not a condition (status=, cat=, domain=, "
			                   "mx=, dsnaction=, feedback=, /re/ or !/re/)",
			                   (int)words_first_len(head), head.text);
	}
	if (rc == 0)
		rc = finish(p, &rule, source, tail);
	rule_clear(&rule);
	return rc;
}
