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
#include "record/fill.h"
#include "record/record.h"

/*
 * Writes the record's object into ret and returns its length (no NUL after it), or -ENOSPC when
 * room is too small; JSON_SLACK bytes more than the text are always enough.  Missing addresses of a
 * complaint are filled in: fill.h.
 */
#define JSON_SLACK 8
ssize_t json_record(const struct record *rec, const struct fill *fill, char *ret,
                    size_t room) MUST_CHECK;

/*
 * Writes the text before a member's value, ,"NAME":" with the name escaped, and returns its length.
 * ret has room for JSON_KEY_SIZE(strlen(name)).
 */
#define JSON_KEY_SIZE(len) (6 * (len) + 4 + JSON_SLACK)
size_t json_key(const char *name, char *ret);

/*
 * Returns true if the JSON of an answer reports that nothing was taken: an object whose "Success"
 * (in any case) is false, or a list of such objects only.  Otherwise *ret_events is the number of
 * events that failed, its ErrorCount, or 0.  Text that is cut off may report both.
 */
bool json_answer_failed(const char *text, size_t len, size_t *ret_events);

#endif
