/*
 * json.h - a record as the JSON object that goes over the wire.
 *
 * An object of strings: the columns in the header's order, empty values left out, addresses filled
 * in where asked for, then what the rules said, then eventId.  Only json.c includes cJSON.
 */
#ifndef SHIP_JSON_H
#define SHIP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/record.h"

struct json;

/* fill: give f records without orig or rcpt those of header_Return-Path and header_To. */
int json_new(struct json **ret, bool fill) MUST_CHECK;
struct json *json_free(struct json *j);

/*
 * Write the record's object into ret and return its length (no NUL counted), -ENOSPC when room is
 * too small (a little more than the text itself is needed), or -ENOMEM.
 */
ssize_t json_record(struct json *j, const struct record *rec, char *ret, size_t room) MUST_CHECK;

/* ErrorCount of an answer such as {"Success":true,"ErrorCount":2}; 0 when it says no such thing. */
long json_error_count(const char *text, size_t len);

/* The bare address of "Doe, John" <john@example.com>; empty when there is none. */
struct slice json_address(struct slice value);

#endif
