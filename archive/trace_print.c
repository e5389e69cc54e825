#include "archive/trace_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/mask.h"
#include "base/scope.h"
#include "base/utf8.h"

static const char *value_of(const struct trace_row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++) {
		if (strcmp(row->names[i], name) == 0)
			return row->values[i];
	}
	return "";
}

/* Returns a copy, masked unless raw; the caller frees it.  NULL when out of memory. */
static char *masked(const char *text, bool raw)
{
	size_t len = strlen(text);
	char *ret = malloc(3 * len + 4);
	if (!ret)
		return NULL;
	if (raw)
		memcpy(ret, text, len);
	else
		len = mask_addresses(text, len, ret);
	ret[len] = '\0';
	return ret;
}

/* ---- text ---- */

/* Prints before and then text without control characters; nothing if text is empty. */
static int put(const char *before, const char *text, bool raw)
{
	char *shown = masked(text, raw);
	size_t size = shown ? 4 * strlen(shown) + 1 : 0;
	char *clean = shown ? malloc(size) : NULL;
	if (clean && text[0]) {
		utf8_printable(shown, strlen(shown), clean, size);
		(void)printf("%s%s", before, clean);
	}
	int rc = clean ? 0 : -ENOMEM;
	free(clean);
	free(shown);
	return rc;
}

static const char *or_other(const char *a, const char *b)
{
	return a[0] ? a : b;
}

static int print_text(const struct trace_row *row, bool raw)
{
	char id[HASH_HEX_SIZE];
	int rc = 0; /* any failure is -ENOMEM */
	hash_hex(&row->id, id);
	if (row->is_record) {
		/* The type is the first column, whatever type-field calls it. */
		rc |= put("", or_other(value_of(row, "timeLogged"), "(no time)"), true);
		rc |= put("  ", row->n > 0 ? row->values[0] : "", true);
		rc |= put("  rcpt ", or_other(value_of(row, "rcpt"), value_of(row, "header_To")),
		          raw);
		rc |= put("  orig ",
		          or_other(value_of(row, "orig"), value_of(row, "header_Return-Path")),
		          raw);
		rc |= put("\n    ", value_of(row, "bounceCat"), true);
		rc |= put("\n    ", value_of(row, "dsnStatus"), raw);
		rc |= put("\n    ", value_of(row, "dsnDiag"), raw);
		rc |= put("\n    ", value_of(row, "bounceType"), true);
		rc |= put(" by rule ", value_of(row, "bounceRule"), true);
	} else {
		rc |= put("row: ", row->n > 0 ? row->values[0] : "", raw);
	}
	rc |= put("\n    ", row->path, true);
	(void)printf(":%" PRIu64 "  eventId %s\n    %s", row->offset, id, fate_words(row->fate));
	if (row->source && row->fate == FATE_ACKNOWLEDGED)
		(void)printf(" (endpoint %s)", row->source->endpoint_name);
	if (row->dead != 0)
		(void)printf("; dead letter %" PRId64, row->dead);
	rc |= put(": ", row->reason, raw);
	(void)putchar('\n');
	return rc;
}

/* ---- JSON ---- */

static int member(struct json_writer *w, const char *name, const char *value, bool raw)
{
	scope_free char *shown = masked(value, raw);
	if (!shown)
		return -ENOMEM;
	json_string(w, name, shown);
	return 0;
}

static int print_json(const struct trace_row *row, bool raw)
{
	struct json_writer w = {.out = stdout};
	char id[HASH_HEX_SIZE];
	int rc = 0;
	hash_hex(&row->id, id);
	json_open(&w, NULL, '{');
	json_string(&w, "eventId", id);
	json_string(&w, "source", row->source ? row->source->name : "");
	json_string(&w, "endpoint", row->source ? row->source->endpoint_name : "");
	json_string(&w, "file", row->path);
	json_count(&w, "offset", row->offset);
	json_string(&w, "fate", fate_name(row->fate));
	json_number(&w, "deadLetter", row->dead);
	rc |= member(&w, "reason", row->reason, raw);
	json_bool(&w, "isRecord", row->is_record);
	json_open(&w, "record", '{');
	for (size_t i = 0; i < row->n; i++)
		rc |= member(&w, row->names[i], row->values[i], raw);
	json_close(&w, '}');
	json_close(&w, '}');
	(void)putchar('\n');
	return rc;
}

int trace_print(const struct trace_row *row, bool raw, bool json)
{
	return json ? print_json(row, raw) : print_text(row, raw);
}
