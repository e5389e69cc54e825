/*
 * cJSON reads each character of a string twice and would print the same keys for each record.  So
 * the keys are printed once, when the columns are made; a value is copied up to the first byte that
 * must be escaped, and cJSON prints the rest.
 */
#include "record/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"
#include "record/columns.h"

/* The text being written; at is NULL after something did not fit. */
struct out {
	char *at, *end;
};

static bool must_escape(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

typedef unsigned char block __attribute__((vector_size(16)));

/*
 * Copies two words of eight bytes, which may overlap.  Returns false, and the copy is useless, when
 * one of their bytes must be escaped.
 */
static bool copy_words(char *to, const char *text, size_t second)
{
	uint64_t words[2];
	block b;
	memcpy(&words[0], text, 8);
	memcpy(&words[1], text + second, 8);
	memcpy(to, &words[0], 8);
	memcpy(to + second, &words[1], 8);
	memcpy(&b, words, sizeof(b));
	b = (block)(b < 0x20) | (block)(b == '"') | (block)(b == '\\');
	memcpy(words, &b, sizeof(b));
	return (words[0] | words[1]) == 0;
}

/* Copies the bytes before the first one that must be escaped.  Returns their number. */
static size_t copy_plain(char *to, const char *text, size_t len)
{
	size_t n = 0;
	while (len - n >= 16 && copy_words(to + n, text + n, 8))
		n += 16;
	size_t left = len - n;
	if (left >= 8 && left < 16 && copy_words(to + n, text + n, left - 8))
		return len;
	if (left < 8 && len >= 16 && copy_words(to + len - 16, text + len - 16, 8))
		return len;
	for (; n < len && !must_escape(text[n]); n++)
		to[n] = text[n];
	return n;
}

/* Prints text with its quotes through cJSON.  Returns the length, or 0 when there is no room. */
static size_t print(const char *text, char *ret, size_t room)
{
	cJSON node = {.type = cJSON_String | cJSON_IsReference,
	              .valuestring = (char *)text}; /* printing does not write */
	if (!cJSON_PrintPreallocated(&node, ret, room < INT_MAX ? (int)room : INT_MAX, false))
		return 0;
	return strlen(ret);
}

size_t json_key(const char *name, char *ret)
{
	ret[0] = ',';
	size_t n = 1 + print(name, ret + 1, JSON_KEY_SIZE(strlen(name)) - 1);
	memcpy(ret + n, ":\"", 2);
	return n + 2;
}

/* Prints the rest of a value; cJSON's opening quote overwrites the byte before, which is restored.
 */
static void put_escaped(struct out *o, const char *text)
{
	char *at = o->at - 1, before = *at;
	size_t n = print(text, at, (size_t)(o->end - at));
	*at = before;
	o->at = n > 0 ? at + n : NULL;
}

/* Writes a member.  key is as json_key() makes it; value is NUL-terminated. */
static void put(struct out *o, struct slice key, struct slice value)
{
	if (!o->at || (size_t)(o->end - o->at) < key.len + value.len + 1) {
		o->at = NULL;
		return;
	}
	memcpy(o->at, key.text, key.len);
	o->at += key.len;
	size_t n = copy_plain(o->at, value.text, value.len);
	o->at += n;
	if (n < value.len)
		put_escaped(o, value.text + n);
	else
		*o->at++ = '"';
}

/* Writes an address that was filled in; it is a piece of a field. */
static int put_address(struct out *o, const char *key, struct slice address)
{
	if (address.len == 0)
		return 0;
	scope_free char *copy = strndup(address.text, address.len);
	if (!copy)
		return -ENOMEM;
	put(o, slice_of(key), (struct slice){copy, address.len});
	return 0;
}

/* Writes a member that the rules add; its name needs no escape. */
static void put_extra(struct out *o, const struct record_extra *extra)
{
	char key[64];
	int n = snprintf(key, sizeof(key), ",\"%s\":\"", extra->name);
	put(o, (struct slice){key, (size_t)n}, slice_of(extra->value));
}

ssize_t json_record(const struct record *rec, const struct fill *fill, char *ret, size_t room)
{
	const struct columns *c = rec->columns;
	struct out o = {ret, ret + room};
	char id[HASH_HEX_SIZE];
	const struct filled filled = fill_addresses(fill, rec);
	size_t replaced = filled.orig.len > 0 ? c->orig : rec->nfields;
	for (size_t i = 0; i < rec->nfields; i++) {
		if (rec->fields[i].len > 0 && i != replaced)
			put(&o, c->keys[i], rec->fields[i]);
	}
	if (put_address(&o, ",\"orig\":\"", filled.orig) < 0 ||
	    put_address(&o, ",\"rcpt\":\"", filled.rcpt) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < rec->nextra; i++)
		put_extra(&o, &rec->extra[i]);
	hash_hex(&rec->mark.id, id);
	put(&o, slice_of(",\"eventId\":\""), (struct slice){id, sizeof(id) - 1});
	if (!o.at || o.at == o.end)
		return -ENOSPC;
	ret[0] = '{'; /* replaces the first member's comma */
	*o.at++ = '}';
	return o.at - ret;
}

/* For an answer that was truncated and is not valid JSON: returns the number after the name. */
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

/* "false" as APIs write it.  A missing member is not false. */
static bool is_false(const cJSON *v)
{
	if (cJSON_IsString(v))
		return strcasecmp(v->valuestring, "false") == 0 || strcmp(v->valuestring, "0") == 0;
	return cJSON_IsFalse(v) || (cJSON_IsNumber(v) && v->valueint == 0);
}

static bool object_failed(const cJSON *o)
{
	return cJSON_IsObject(o) && is_false(cJSON_GetObjectItem(o, "Success"));
}

/* For an answer that was cut off.  Only top-level members count. */
static bool failed_of_text(const char *text, size_t len)
{
	static const char name[] = "\"success\"";
	int depth = 0;
	const char *end = text + len;
	for (const char *p = text; p < end; p++) {
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		if (*p != '"')
			continue;
		const char *begun = p;
		for (p++; p < end && *p != '"'; p++)
			p += *p == '\\';
		if (depth != 1 || (size_t)(end - begun) < sizeof(name) ||
		    strncasecmp(begun, name, sizeof(name) - 1) != 0)
			continue;
		const char *value = p + 1;
		while (value < end && (isspace((unsigned char)*value) || *value == ':'))
			value++;
		return end - value >= 5 && strncasecmp(value, "false", 5) == 0;
	}
	return false;
}

static bool answer_failed(const cJSON *answer)
{
	const cJSON *one;
	if (!cJSON_IsArray(answer))
		return object_failed(answer);
	cJSON_ArrayForEach(one, answer)
	{
		if (!object_failed(one))
			return false;
	}
	return answer->child;
}

static long error_count(const cJSON *answer)
{
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(answer, "ErrorCount");
	if (cJSON_IsNumber(count))
		return count->valueint; /* clamped */
	return cJSON_IsString(count) ? strtol(count->valuestring, NULL, 10) : 0;
}

bool json_answer_failed(const char *text, size_t len, size_t *ret_events)
{
	cJSON *answer = cJSON_ParseWithLength(text, len);
	bool failed = answer ? answer_failed(answer) : failed_of_text(text, len);
	long events = answer ? error_count(answer) : error_count_of_text(text, len);
	cJSON_Delete(answer);
	*ret_events = failed || events < 0 ? 0 : (size_t)events;
	return failed;
}
