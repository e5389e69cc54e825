#include "record/fill.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "record/columns.h"

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && strncasecmp(a.text, b.text, a.len) == 0;
}

struct slice fill_address(struct slice value)
{
	const char *end = value.text + value.len;
	const char *from = value.text;
	bool quoted = false;
	for (const char *p = value.text; p < end; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p == '<' && !quoted) {
			const char *close = memchr(p, '>', (size_t)(end - p));
			return close ? (struct slice){p + 1, (size_t)(close - p - 1)} : SLICE_EMPTY;
		}
	}
	while (from < end && isspace((unsigned char)*from))
		from++;
	const char *to = from;
	while (to < end && !isspace((unsigned char)*to) && *to != ',' && *to != ';')
		to++;
	if (!memchr(from, '@', (size_t)(to - from)))
		to = from;
	return (struct slice){from, (size_t)(to - from)};
}

/* Takes the next element of an address list (RFC 5322, 3.4) from *list. */
static struct slice next_element(struct slice *list)
{
	size_t n = 0;
	bool quoted = false, angle = false;
	for (; n < list->len; n++) {
		char c = list->text[n];
		quoted = c == '"' ? !quoted : quoted;
		angle = quoted ? angle : c == '<' || (angle && c != '>');
		if ((c == ',' || c == ';') && !quoted && !angle)
			break;
	}
	struct slice element = {list->text, n};
	n += n < list->len;
	*list = (struct slice){list->text + n, list->len - n};
	return element;
}

/* True if the local part stands for somebody whom the provider does not name. */
static bool masked(struct slice local)
{
	static const char *const words[] = {"redacted", "anonymous", "masked", "hidden", "xxx"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);
		if (local.len >= len && strncasecmp(local.text, words[i], len) == 0)
			return true;
	}
	return local.len == 0 || memchr(local.text, '*', local.len);
}

/* True if there is a local part that names somebody, an @, and a domain. */
static bool whole(struct slice address)
{
	const char *at = memrchr(address.text, '@', address.len);
	if (!at)
		return false;
	const char *end = address.text + address.len;
	for (const char *p = at + 1; p < end; p++) {
		if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p) || *p == '*')
			return false;
	}
	return at + 1 < end && !masked((struct slice){address.text, (size_t)(at - address.text)});
}

size_t fill_recipients(struct slice list, struct slice *ret)
{
	size_t n = 0;
	*ret = SLICE_EMPTY;
	while (list.len > 0) {
		struct slice address = fill_address(next_element(&list));
		if (!whole(address) || (n > 0 && same(address, *ret)))
			continue;
		if (n++ == 0)
			*ret = address;
	}
	return n;
}

static struct slice field(const struct record *rec, size_t column)
{
	return column < rec->nfields ? rec->fields[column] : SLICE_EMPTY;
}

static struct slice recipient(const struct record *rec)
{
	const struct columns *c = rec->columns;
	const size_t columns[] = {c->hotmail_rcpt, c->arf_rcpt, c->to};
	struct slice found = SLICE_EMPTY;
	size_t n = 0;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]) && n == 0; i++)
		n = fill_recipients(field(rec, columns[i]), &found);
	return n == 1 ? found : SLICE_EMPTY; /* which of several complained is not known */
}

struct slice fill_complainer(const struct record *rec)
{
	struct slice found;
	return fill_recipients(field(rec, rec->columns->rcpt), &found) == 1 ? found
	                                                                    : recipient(rec);
}

/* True if the address is where reports go, and not the sender of a mail. */
static bool reported_to(const struct fill *fill, struct slice address, struct slice rcpt)
{
	const char *at = memrchr(address.text, '@', address.len);
	if (!at)
		return false;
	struct slice domain = {at, (size_t)(address.text + address.len - at)};
	for (size_t i = 0; i < fill->reported_to.n; i++) {
		struct slice one = slice_of(fill->reported_to.v[i]);
		if (same(one, address) || same(one, domain))
			return true;
	}
	return same(address, rcpt);
}

struct filled fill_addresses(const struct fill *fill, const struct record *rec)
{
	struct filled ret = {SLICE_EMPTY, SLICE_EMPTY};
	const struct columns *c = rec->columns;
	if (!fill->on || rec->type != RECORD_FEEDBACK)
		return ret;
	struct slice orig = field(rec, c->orig), rcpt = field(rec, c->rcpt);
	if (orig.len == 0 || reported_to(fill, fill_address(orig), fill_address(rcpt)))
		ret.orig = fill_address(field(rec, c->return_path));
	if (rcpt.len == 0)
		ret.rcpt = recipient(rec);
	return ret;
}
