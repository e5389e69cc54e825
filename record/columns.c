#include "record/columns.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "record/json.h"

/*
 * The columns that PowerMTA documents (User's Guide, "Accounting"), and the header fields that
 * Octeth reads, in the spelling that receivers expect.  PowerMTA takes names without regard to case
 * and writes them as the configuration has them.
 */
static const char spellings[] =
        " timeLogged timeQueued timeFirstAttempt timeImprinted totalSecondsQueued orig rcpt "
        "orcpt bounceCat dsnAction dsnStatus dsnDiag dsnMta dsnReportingMta srcType srcMta "
        "dlvType dlvSourceIp dlvDestinationIp dlvEsmtpAvailable dlvSize dlvTlsProtocol "
        "dlvTlsCipher vmta vmtaPool jobId envId queue userString rcvSmtpUser rcvSourceIp "
        "rcvDestinationIp repSourceIp feedbackType format userAgent reportingMta "
        "reportedDomain header_X-FBLId header_To header_Return-Path header_From "
        "header_Subject header_X-job header_X-HmXmrOriginalRecipient arf_Original-Rcpt-To ";

/* Gives a known name its spelling, in place. */
static void spell(char *name)
{
	size_t len = strlen(name);
	if (len == 0 || strchr(name, ' '))
		return;
	for (const char *p = spellings; (p = strcasestr(p + 1, name));) {
		if (p[-1] == ' ' && p[len] == ' ')
			memcpy(name, p, len);
	}
}

size_t columns_find(const struct columns *c, const char *name)
{
	size_t i = 0;
	while (i < c->n && strcmp(c->names[i], name) != 0)
		i++;
	return i;
}

struct columns *columns_free(struct columns *c)
{
	if (c) {
		free(c->names);
		free(c->keys);
		free(c->text);
		free(c->keys_text);
		free(c);
	}
	return NULL;
}

static void columns_cleanup(struct columns **c)
{
	*c = columns_free(*c);
}

static bool taken(const struct columns *c, const char *name)
{
	static const char *const ours[] = {"eventId", "bounceType", "bounceRule", "bounceAction",
	                                   "bounceWhy"};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return true;
	for (size_t i = 0; i < c->n; i++)
		if (strcasecmp(name, c->names[i]) == 0)
			return true;
	return false;
}

static struct slice without_blanks(struct slice cell)
{
	while (cell.len > 0 && (cell.text[0] == ' ' || cell.text[0] == '\t')) {
		cell.text++;
		cell.len--;
	}
	while (cell.len > 0 && (cell.text[cell.len - 1] == ' ' || cell.text[cell.len - 1] == '\t'))
		cell.len--;
	return cell;
}

/* Adds one name at the end of c->text and makes it unique.  columns_new() allocated the room. */
static char *add_name(struct columns *c, char *at, struct slice cell)
{
	size_t bad;
	cell = without_blanks(cell);
	size_t len = utf8_repair(cell.text, cell.len, at, &bad);
	spell(at);
	for (unsigned i = 2; taken(c, at); i++)
		(void)snprintf(at + len, 8, "_%u", i);
	c->names[c->n++] = at;
	return at + strlen(at) + 1;
}

static int make_keys(struct columns *c)
{
	size_t room = 0;
	for (size_t i = 0; i < c->n; i++)
		room += JSON_KEY_SIZE(strlen(c->names[i]));
	c->keys = calloc(c->n, sizeof(*c->keys));
	char *at = c->keys_text = malloc(room);
	if (!c->keys || !at)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		c->keys[i] = (struct slice){at, json_key(c->names[i], at)};
		at += c->keys[i].len;
	}
	return 0;
}

int columns_new(struct columns **ret, const struct slice *cells, size_t n, const char *type_field)
{
	if (n == 0 || n > COLUMNS_MAX)
		return n == 0 ? -EINVAL : -E2BIG;
	size_t room = strlen(type_field) + 1;
	for (size_t i = 1; i < n; i++)
		room += 3 * cells[i].len + 9;
	__attribute__((cleanup(columns_cleanup))) struct columns *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->names = calloc(n, sizeof(*c->names));
	c->text = malloc(room);
	if (!c->names || !c->text)
		return -ENOMEM;
	char *at = stpcpy(c->text, type_field) + 1;
	c->names[c->n++] = c->text;
	for (size_t i = 1; i < n; i++)
		at = add_name(c, at, cells[i]);
	if (make_keys(c) < 0)
		return -ENOMEM;
	c->to = columns_find(c, "header_To");
	c->hotmail_rcpt = columns_find(c, "header_X-HmXmrOriginalRecipient");
	c->arf_rcpt = columns_find(c, "arf_Original-Rcpt-To");
	c->return_path = columns_find(c, "header_Return-Path");
	c->orig = columns_find(c, "orig");
	c->rcpt = columns_find(c, "rcpt");
	c->diag = columns_find(c, "dsnDiag");
	c->status = columns_find(c, "dsnStatus");
	c->bounce_cat = columns_find(c, "bounceCat");
	c->mta = columns_find(c, "dsnMta");
	c->action = columns_find(c, "dsnAction");
	c->feedback = columns_find(c, "feedbackType");
	*ret = STEAL(c);
	return 0;
}

/* Takes the next field of "a, b,c" from *text, without blanks.  Returns false at the end. */
static bool next_field(const char **text, struct slice *ret)
{
	const char *p = *text + strspn(*text, " \t,");
	size_t len = strcspn(p, ",");
	if (len == 0)
		return false;
	*text = p + len;
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	*ret = (struct slice){p, len};
	return true;
}

static bool known(const struct slice *cells, size_t n, struct slice field)
{
	for (size_t i = 0; i < n; i++) {
		if (cells[i].len == field.len &&
		    strncasecmp(cells[i].text, field.text, field.len) == 0)
			return true;
	}
	return false;
}

int columns_union(struct columns **ret, const struct strlist *record_fields, const char *type_field)
{
	scope_free struct slice *cells = calloc(COLUMNS_MAX, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	size_t n = 0;
	cells[n++] = slice_of("type");
	for (size_t i = 0; i < record_fields->n; i++) {
		const char *text = record_fields->v[i];
		text += strcspn(text, " \t"); /* the record type */
		struct slice field;
		if (!next_field(&text, &field))
			return -EINVAL;
		do {
			if (known(cells, n, field))
				continue;
			if (n == COLUMNS_MAX)
				return -E2BIG;
			cells[n++] = field;
		} while (next_field(&text, &field));
	}
	return columns_new(ret, cells, n, type_field);
}
