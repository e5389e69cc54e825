/*
 * cjson.h - a record's object, built and printed the plain way by cJSON, to which json_record() is
 * compared.
 */
#ifndef TESTS_CJSON_H
#define TESTS_CJSON_H

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/columns.h"
#include "record/json.h"

static void cjson_add(cJSON *object, const char *name, struct slice value)
{
	char *copy = strndup(value.text, value.len);
	if (!copy || !cJSON_AddStringToObject(object, name, copy))
		abort();
	free(copy);
}

/* The caller frees the result. */
static char *cjson_record(const struct record *rec, bool fill)
{
	char id[HASH_HEX_SIZE];
	cJSON *object = cJSON_CreateObject();
	if (!object)
		abort();
	const struct fill how = {.on = fill};
	const struct filled filled = fill_addresses(&how, rec);
	size_t replaced = filled.orig.len > 0 ? rec->columns->orig : rec->nfields;
	for (size_t i = 0; i < rec->nfields; i++) {
		if (rec->fields[i].len > 0 && i != replaced)
			cjson_add(object, rec->columns->names[i], rec->fields[i]);
	}
	if (filled.orig.len > 0)
		cjson_add(object, "orig", filled.orig);
	if (filled.rcpt.len > 0)
		cjson_add(object, "rcpt", filled.rcpt);
	for (size_t i = 0; i < rec->nextra; i++)
		cjson_add(object, rec->extra[i].name, slice_of(rec->extra[i].value));
	hash_hex(&rec->mark.id, id);
	cjson_add(object, "eventId", slice_of(id));
	char *text = cJSON_PrintUnformatted(object);
	if (!text)
		abort();
	cJSON_Delete(object);
	return text;
}

/* The difference from json_record() with less_room bytes less than the safe size, or NULL. */
static const char *cjson_differs(const struct record *rec, bool fill, size_t less_room)
{
	char *want = cjson_record(rec, fill);
	size_t len = strlen(want), most = len + JSON_SLACK;
	size_t room = less_room < most ? most - less_room : 0;
	char *got = malloc(room + 1);
	if (!got)
		abort();
	const struct fill how = {.on = fill};
	ssize_t n = json_record(rec, &how, got, room);
	const char *why = NULL;
	if (n == -ENOSPC)
		why = less_room > 0 ? NULL : "no room where there is enough";
	else if (n < 0)
		why = "an error";
	else if ((size_t)n > room)
		why = "more than there is room for";
	else if ((size_t)n != len || memcmp(got, want, len) != 0)
		why = "another text";
	free(got);
	free(want);
	return why;
}

#endif
