#include "rules/text.h"

#include <ctype.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Returns the length of a status at p: "d.d.d", the first d 2, 4 or 5, the others up to 999. */
static size_t code_len(const char *p, const char *end)
{
	const char *from = p;
	if (end - p < 5 || (*p != '2' && *p != '4' && *p != '5') || p[1] != '.')
		return 0;
	p += 2;
	for (int part = 0; part < 2; part++) {
		const char *digits = p;
		while (p < end && is_digit(*p) && p - digits < 3)
			p++;
		if (p == digits)
			return 0;
		if (part == 0 && (p == end || *p++ != '.'))
			return 0;
	}
	/* Not the beginning of a longer number: 4.16.55.1 is an address. */
	if (p < end && (is_digit(*p) || (*p == '.' && p + 1 < end && is_digit(p[1]))))
		return 0;
	return (size_t)(p - from);
}

struct slice text_status(struct slice text)
{
	const char *end = text.text + text.len;
	for (const char *p = text.text; p < end; p++) {
		if (*p != '2' && *p != '4' && *p != '5')
			continue;
		if (p > text.text &&
		    (is_digit(p[-1]) || p[-1] == '.' || isalpha((unsigned char)p[-1])))
			continue;
		size_t len = code_len(p, end);
		if (len > 0)
			return (struct slice){p, len};
	}
	return SLICE_EMPTY;
}

struct slice text_status_of_field(struct slice field)
{
	const char *p = field.text, *end = p + field.len;
	while (p < end && is_blank(*p))
		p++;
	size_t len = code_len(p, end);
	return len ? (struct slice){p, len} : SLICE_EMPTY;
}

bool text_status_begins(struct slice status, const char *prefix)
{
	size_t len = strlen(prefix);
	if (status.len < len || memcmp(status.text, prefix, len) != 0)
		return false;
	return status.len == len || status.text[len] == '.';
}

/* Returns true if there is a reply code such as "550" at p, not part of a longer word. */
static bool is_reply(const char *p, const char *from, const char *end)
{
	if (end - p < 3 || (*p != '4' && *p != '5' && *p != '2') || p[1] < '0' || p[1] > '5' ||
	    !is_digit(p[2]))
		return false;
	if (p > from && (isalnum((unsigned char)p[-1]) || p[-1] == '.' || p[-1] == '-'))
		return false;
	return p + 3 == end || is_blank(p[3]) || p[3] == '-';
}

static const char *find_reply(struct slice text)
{
	const char *end = text.text + text.len;
	for (const char *p = text.text; p < end; p++)
		if (is_reply(p, text.text, end))
			return p;
	return NULL;
}

int text_reply_class(struct slice text)
{
	const char *p = find_reply(text);
	return p ? *p - '0' : 0;
}

/* Returns the length of the type that dsnDiag begins with (RFC 3464): "smtp;", "x-unix; ". */
static size_t kind_len(struct slice text)
{
	size_t i = 0;
	while (i < text.len && i < 16 &&
	       (isalnum((unsigned char)text.text[i]) || text.text[i] == '-'))
		i++;
	if (i == 0 || i == text.len || text.text[i] != ';')
		return 0;
	for (i++; i < text.len && is_blank(text.text[i]);)
		i++;
	return i;
}

struct fold {
	const char *p, *end;
	char reply[3];
	struct slice status; /* after the first reply code */
	bool several;        /* a "550-" was seen: the reply has several lines */
	char *out;
};

/* Returns the length of the status at p if it is the first line's status, else 0. */
static size_t same_status(const struct fold *f, const char *p)
{
	size_t n = f->status.len;
	if (n == 0 || (size_t)(f->end - p) < n || memcmp(p, f->status.text, n) != 0)
		return 0;
	if (p + n < f->end && !is_blank(p[n]))
		return 0;
	return n;
}

/* Returns the length of the start of a further line of the reply: "550-5.1.1 ", "550 ". */
static size_t line_begin(struct fold *f)
{
	const char *p = f->p;
	if (f->end - p < 4 || memcmp(p, f->reply, 3) != 0)
		return 0;
	bool continued = p[3] == '-';
	if (!continued && !is_blank(p[3]))
		return 0;
	size_t same = same_status(f, p + 4);
	if (!continued && same == 0 && !f->several)
		return 0;
	f->several = f->several || continued;
	p += 4 + same;
	while (p < f->end && is_blank(*p))
		p++;
	return (size_t)(p - f->p);
}

/* Copies the first reply code: its "-" becomes a blank, and the status after it is kept. */
static void take_first(struct fold *f, const char *reply)
{
	memcpy(f->reply, reply, 3);
	while (f->p < reply)
		*f->out++ = is_blank(*f->p) ? ' ' : *f->p, f->p++;
	memcpy(f->out, reply, 3);
	f->out += 3;
	f->p += 3;
	if (f->p == f->end)
		return;
	f->several = *f->p == '-';
	*f->out++ = ' ';
	f->p++;
	f->status = (struct slice){f->p, code_len(f->p, f->end)};
}

static void fold(struct text *t, struct fold *f)
{
	const char *reply = find_reply((struct slice){f->p, (size_t)(f->end - f->p)});
	char *from = f->out;
	if (reply)
		take_first(f, reply);
	bool blank = false;
	while (f->p < f->end) {
		size_t skip = reply && blank ? line_begin(f) : 0;
		f->p += skip;
		if (skip > 0 || f->p == f->end)
			continue;
		blank = is_blank(*f->p);
		*f->out++ = blank ? ' ' : *f->p;
		f->p++;
	}
	t->folded = (struct slice){from, (size_t)(f->out - from)};
}

void text_fold(struct text *ret, struct slice diag)
{
	size_t len = diag.len < RULES_TEXT_MAX ? diag.len : RULES_TEXT_MAX;
	ret->raw = (struct slice){diag.text, len};
	size_t kind = kind_len(ret->raw);
	struct fold f = {.p = diag.text + kind, .end = diag.text + len, .out = ret->buf};
	fold(ret, &f);
	ret->suffix = ret->folded.len == len - kind &&
	              memcmp(ret->folded.text, diag.text + kind, len - kind) == 0;
}
