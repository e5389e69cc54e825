/*
 * cJSON would allocate a node a field.  Its structs are public, so the nodes of a record are one
 * array that is linked anew for each record and only lent to cJSON for printing: all its strings
 * are references, and nothing is allocated or freed on the way.
 */
#include "ship/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "record/columns.h"

/* Nodes beside the columns: the object, orig, rcpt, eventId, and what the rules said. */
#define EXTRA (4 + RECORD_EXTRA_MAX)

struct json {
	bool fill;
	cJSON nodes[COLUMNS_MAX + EXTRA];
	size_t n;
	char event_id[HASH_HEX_SIZE];
	char *filled[2];
};

int json_new(struct json **ret, bool fill)
{
	struct json *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->fill = fill;
	*ret = j;
	return 0;
}

struct json *json_free(struct json *j)
{
	if (j) {
		free(j->filled[0]);
		free(j->filled[1]);
		free(j);
	}
	return NULL;
}

static void add(struct json *j, const char *name, const char *value)
{
	cJSON *node = &j->nodes[j->n];
	node->type = cJSON_String | cJSON_IsReference | cJSON_StringIsConst;
	node->string = (char *)name;       /* printing does not write */
	node->valuestring = (char *)value; /* likewise */
	node->next = NULL;
	if (j->n > 1)
		node[-1].next = node;
	j->n++;
}

struct slice json_address(struct slice value)
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

/* Give a missing address from a header field, which is NUL-terminated text of the record. */
static int fill(struct json *j, const struct record *rec, size_t column, size_t header,
                const char *name, char **keep)
{
	if (header >= rec->nfields || (column < rec->nfields && rec->fields[column].len > 0))
		return 0;
	struct slice address = json_address(rec->fields[header]);
	if (address.len == 0)
		return 0;
	free(*keep);
	*keep = strndup(address.text, address.len);
	if (!*keep)
		return -ENOMEM;
	add(j, name, *keep);
	return 0;
}

ssize_t json_record(struct json *j, const struct record *rec, char *ret, size_t room)
{
	const struct columns *c = rec->columns;
	j->n = 1;
	for (size_t i = 0; i < rec->nfields; i++) {
		if (rec->fields[i].len > 0)
			add(j, c->names[i], rec->fields[i].text);
	}
	if (j->fill && rec->type == RECORD_FEEDBACK &&
	    (fill(j, rec, c->orig, c->return_path, "orig", &j->filled[0]) < 0 ||
	     fill(j, rec, c->rcpt, c->to, "rcpt", &j->filled[1]) < 0))
		return -ENOMEM;
	for (size_t i = 0; i < rec->nextra && i < RECORD_EXTRA_MAX; i++)
		add(j, rec->extra[i].name, rec->extra[i].value);
	hash_hex(&rec->mark.id, j->event_id);
	add(j, "eventId", j->event_id);
	j->nodes[0].type = cJSON_Object;
	j->nodes[0].child = &j->nodes[1];
	if (!cJSON_PrintPreallocated(&j->nodes[0], ret, room < INT_MAX ? (int)room : INT_MAX, 0))
		return -ENOSPC;
	return (ssize_t)strlen(ret);
}

/* For an answer that was cut and therefore is no JSON: the number behind the name. */
static long error_count_of_text(const char *text, size_t len)
{
	static const char name[] = "\"ErrorCount\"";
	const char *p = memmem(text, len, name, sizeof(name) - 1);
	const char *end = text + len;
	if (!p)
		return 0;
	p += sizeof(name) - 1;
	while (p < end && (isspace((unsigned char)*p) || *p == ':' || *p == '"'))
		p++;
	long n = 0;
	for (; p < end && isdigit((unsigned char)*p) && n < 1000000; p++)
		n = n * 10 + (*p - '0');
	return n;
}

long json_error_count(const char *text, size_t len)
{
	cJSON *answer = cJSON_ParseWithLength(text, len);
	if (!answer)
		return error_count_of_text(text, len);
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(answer, "ErrorCount");
	long n = 0;
	if (cJSON_IsNumber(count))
		n = count->valueint; /* clamped */
	else if (cJSON_IsString(count))
		n = strtol(count->valuestring, NULL, 10);
	cJSON_Delete(answer);
	return n > 0 ? n : 0;
}
