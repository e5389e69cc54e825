/*
 * json.h - writes a record as the JSON object that is sent, and reads an answer's JSON.
 *
 * The object's members are strings: the columns in the header's order without empty values,
 * addresses filled in if requested, then the rules' members, then eventId.  Only json.c includes
 * cJSON, and the text is byte for byte what cJSON prints.
 */
#ifndef RECORD_JSON_H
#define RECORD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/record.h"

/*
 * Writes the record's object into ret and returns its length (no NUL after it), or -ENOSPC when
 * room is too small; JSON_SLACK bytes more than the text are always enough.  With fill, an f record
 * without orig or rcpt gets them from header_Return-Path and header_To.
 */
#define JSON_SLACK 8
ssize_t json_record(const struct record *rec, bool fill, char *ret, size_t room) MUST_CHECK;

/*
 * Writes the text before a member's value, ,"NAME":" with the name escaped, and returns its length.
 * ret has room for JSON_KEY_SIZE(strlen(name)).
 */
#define JSON_KEY_SIZE(len) (6 * (len) + 4 + JSON_SLACK)
size_t json_key(const char *name, char *ret);

/*
 * True if the JSON of an answer says that nothing was taken: an object with "Success" (in any case)
 * false, or a list of such objects only.  Text that is cut off may say it at its beginning.
 */
bool json_says_failed(const char *text, size_t len);

/* Returns ErrorCount of an answer such as {"Success":true,"ErrorCount":2}, or 0 if it has none. */
long json_error_count(const char *text, size_t len);

/* Returns the bare address of "Doe, John" <john@example.com>, empty when there is none. */
struct slice json_address(struct slice value);

#endif
