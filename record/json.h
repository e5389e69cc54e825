/*
 * json.h - a record as the JSON object that goes over the wire, and such an object read again.
 *
 * An object of strings: the columns in the header's order, empty values left out, addresses filled
 * in where asked for, then what the rules said, then eventId.  Only json.c includes cJSON, and the
 * text is byte for byte what cJSON prints.
 */
#ifndef RECORD_JSON_H
#define RECORD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/record.h"

/*
 * Write the record's object into ret and return its length (no NUL after it), or -ENOSPC when room
 * is too small; JSON_SLACK bytes more than the text are always enough.  fill: give f records
 * without orig or rcpt those of header_Return-Path and header_To.
 */
#define JSON_SLACK 8
ssize_t json_record(const struct record *rec, bool fill, char *ret, size_t room) MUST_CHECK;

/*
 * Write what stands before a member's value, that is ,"NAME":" with the name escaped, and return
 * its length.  ret has room for JSON_KEY_SIZE(strlen(name)).
 */
#define JSON_KEY_SIZE(len) (6 * (len) + 4 + JSON_SLACK)
size_t json_key(const char *name, char *ret);

/*
 * True if the JSON of an answer says that nothing was taken: an object with "Success" (in any case)
 * false, or a list of such objects only.  Text that is cut off may say it at its beginning.
 */
bool json_says_failed(const char *text, size_t len);

/* ErrorCount of an answer such as {"Success":true,"ErrorCount":2}; 0 when it says no such thing. */
long json_error_count(const char *text, size_t len);

/* The bare address of "Doe, John" <john@example.com>; empty when there is none. */
struct slice json_address(struct slice value);

#endif
