/*
 * json_writer.h - JSON for programs, printed as it comes: commas, keys, escapes.
 *
 *     struct json_writer w = {.out = stdout};
 *     json_open(&w, NULL, '{');
 *     json_text(&w, "name", slice_of(name));
 *     json_close(&w, '}');
 *
 * name is the key of a member; NULL for an element of an array and for the outermost value.  Errors
 * are those of the stream.
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
	bool comma; /* something stands before what comes next */
	bool line;  /* what comes next begins a line */
};

void json_open(struct json_writer *w, const char *name, char bracket);
void json_close(struct json_writer *w, char bracket);

/* Begin a new line before what comes next, be it a value or a bracket. */
void json_line(struct json_writer *w);

/* Any bytes: control characters become \u00XX, ill-formed parts of UTF-8 U+FFFD. */
void json_text(struct json_writer *w, const char *name, struct slice text);
void json_string(struct json_writer *w, const char *name, const char *text);

void json_count(struct json_writer *w, const char *name, uint64_t n);
void json_number(struct json_writer *w, const char *name, int64_t n);
void json_decimal(struct json_writer *w, const char *name, double n, int digits);
void json_bool(struct json_writer *w, const char *name, bool yes);
void json_null(struct json_writer *w, const char *name);

/*
 * Copy what stands between the quotes of json_text() into ret, cut to size but in no character,
 * always NUL-terminated: for a line that is written at once.
 */
void json_escape(struct slice text, char *ret, size_t size);

#endif
