/*
 * json_writer.h - writes JSON to a stream piece by piece: commas, keys, escapes.
 *
 *     struct json_writer w = {.out = stdout};
 *     json_open(&w, NULL, '{');
 *     json_text(&w, "name", slice_of(name));
 *     json_close(&w, '}');
 *
 * name is the key of a member, or NULL for an array element and for the outermost value.  Errors
 * are the stream's: see ferror(3).
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

struct json_writer {
	FILE *out;
	bool comma; /* the next value needs a comma before it */
	bool line;  /* the next value or bracket begins a new line */
};

void json_open(struct json_writer *w, const char *name, char bracket);
void json_close(struct json_writer *w, char bracket);

/* Begins a new line before the next value or bracket. */
void json_line(struct json_writer *w);

/* Takes any bytes: control characters become \u00XX, ill-formed parts of UTF-8 become U+FFFD. */
void json_text(struct json_writer *w, const char *name, struct slice text);
void json_string(struct json_writer *w, const char *name, const char *text);

void json_count(struct json_writer *w, const char *name, uint64_t n);
void json_number(struct json_writer *w, const char *name, int64_t n);
void json_decimal(struct json_writer *w, const char *name, double n, int digits);
void json_bool(struct json_writer *w, const char *name, bool yes);
void json_null(struct json_writer *w, const char *name);

/*
 * Copies the text that json_text() writes between the quotes into ret.  It is truncated to size at
 * a character's end and always NUL-terminated: for a line that is written in one call.
 */
void json_escape(struct slice text, char *ret, size_t size);

#endif
