#include "base/json_writer.h"

#include <inttypes.h>

#include "base/utf8.h"

#define PIECE_SIZE 8 /* \u00XX and a NUL */

/* Takes a character from text and writes its form in a JSON string.  Returns that form's length. */
static size_t take_piece(struct slice *text, char ret[PIECE_SIZE])
{
	const unsigned char c = (unsigned char)*text->text;
	size_t n = utf8_sequence(text->text, text->len), used = n;
	if (n == 0) {
		used = utf8_subpart(text->text, text->len);
		n = 3;
		memcpy(ret, "\xef\xbf\xbd", n);
	} else if (c < 0x20 || c == 0x7f) {
		n = (size_t)snprintf(ret, PIECE_SIZE, "\\u%04x", c);
	} else if (c == '"' || c == '\\') {
		ret[0] = '\\';
		ret[1] = (char)c;
		n = 2;
	} else {
		memcpy(ret, text->text, n);
	}
	text->text += used;
	text->len -= used;
	return n;
}

void json_escape(struct slice text, char *ret, size_t size)
{
	char piece[PIECE_SIZE];
	size_t n, out = 0;
	for (; text.len > 0; out += n) {
		n = take_piece(&text, piece);
		if (out + n >= size)
			break;
		memcpy(ret + out, piece, n);
	}
	if (size > 0)
		ret[out] = '\0';
}

static void put_string(FILE *out, struct slice text)
{
	char piece[PIECE_SIZE];
	(void)putc('"', out);
	while (text.len > 0) {
		size_t n = take_piece(&text, piece);
		(void)fwrite(piece, 1, n, out);
	}
	(void)putc('"', out);
}

/* Writes the text before a value: a comma, a line end, a key. */
static void begin(struct json_writer *w, const char *name)
{
	if (w->comma)
		(void)putc(',', w->out);
	if (w->line)
		(void)putc('\n', w->out);
	w->line = false;
	w->comma = true;
	if (name) {
		put_string(w->out, slice_of(name));
		(void)putc(':', w->out);
	}
}

void json_open(struct json_writer *w, const char *name, char bracket)
{
	begin(w, name);
	(void)putc(bracket, w->out);
	w->comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
	if (w->line)
		(void)putc('\n', w->out);
	(void)putc(bracket, w->out);
	w->line = false;
	w->comma = true;
}

void json_line(struct json_writer *w)
{
	w->line = true;
}

void json_text(struct json_writer *w, const char *name, struct slice text)
{
	begin(w, name);
	put_string(w->out, text);
}

void json_string(struct json_writer *w, const char *name, const char *text)
{
	json_text(w, name, slice_of(text));
}

void json_count(struct json_writer *w, const char *name, uint64_t n)
{
	begin(w, name);
	(void)fprintf(w->out, "%" PRIu64, n);
}

void json_number(struct json_writer *w, const char *name, int64_t n)
{
	begin(w, name);
	(void)fprintf(w->out, "%" PRId64, n);
}

void json_decimal(struct json_writer *w, const char *name, double n, int digits)
{
	begin(w, name);
	(void)fprintf(w->out, "%.*f", digits, n);
}

void json_bool(struct json_writer *w, const char *name, bool yes)
{
	begin(w, name);
	(void)fputs(yes ? "true" : "false", w->out);
}

void json_null(struct json_writer *w, const char *name)
{
	begin(w, name);
	(void)fputs("null", w->out);
}
