/*
 * Any record: json_record() gives the same text as cJSON prints of an object built the plain way,
 * or reports that there is no room.  Three bytes are the number of columns, the kind and the room;
 * then come the names, the cells and the members of the rules, each up to a NUL.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "tests/cjson.h"

#define COLUMNS 24
#define TEXT 4096

/* The next text, made valid as the reader does it.  at moves past the text and its NUL. */
static struct slice take_text(struct bytes *b, char **at)
{
	const char *from = (const char *)b->p;
	const char *nul = memchr(from, '\0', b->left);
	size_t bad, len = nul ? (size_t)(nul - from) : b->left;
	b->p += len + (nul != NULL);
	b->left -= len + (nul != NULL);
	struct slice ret = {*at, utf8_repair(from, len, *at, &bad)};
	*at += ret.len + 1;
	return ret;
}

/* Names as the table has them: the columns to be filled in have to be found. */
static struct slice take_name(struct bytes *b, char **at)
{
	static const char *const names[] = {"orig", "rcpt", "header_To", "header_Return-Path",
	                                    "arf_Original-Rcpt-To"};
	struct slice name = take_text(b, at);
	if (name.len == 1 && name.text[0] >= '1' && name.text[0] <= '5')
		return slice_of(names[name.text[0] - '1']);
	return name;
}

/* Addresses are pieces of the text, and one that is in a list twice counts once. */
static void check_addresses(struct slice text)
{
	struct slice found, address = fill_address(text);
	PROMISE(address.len == 0 ||
	        (address.text >= text.text && address.text + address.len <= text.text + text.len));
	size_t n = fill_recipients(text, &found);
	PROMISE((n == 0) == (found.len == 0) && n <= text.len);
	if (n == 1)
		PROMISE(fill_recipients(found, &address) == 1 && address.text == found.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[3 * TEXT + 64];
	struct slice cells[COLUMNS], type;
	struct record_extra extra[RECORD_EXTRA_MAX];
	struct columns *columns;
	struct bytes b = {data, size};
	char *at = text;
	if (size > TEXT)
		return 0;
	const size_t n = 1 + take_byte(&b) % COLUMNS;
	const unsigned kind = take_byte(&b), less_room = take_byte(&b);
	type = take_text(&b, &at);
	for (size_t i = 0; i < n; i++)
		cells[i] = take_name(&b, &at);
	if (columns_new(&columns, cells, n, type.text) < 0)
		abort();
	for (size_t i = 0; i < n; i++)
		cells[i] = take_text(&b, &at);
	for (size_t i = 0; i < RECORD_EXTRA_MAX; i++)
		extra[i] = (struct record_extra){"bounceRule", take_text(&b, &at).text};
	const struct record rec = {.type = kind & 1 ? RECORD_FEEDBACK : RECORD_BOUNCED,
	                           .columns = columns,
	                           .fields = cells,
	                           .nfields = n,
	                           .extra = extra,
	                           .nextra = kind >> 2 & 3};
	const char *why = cjson_differs(&rec, kind & 2, 0);
	if (!why && less_room > 0)
		why = cjson_differs(&rec, kind & 2, less_room);
	if (why)
		(void)fprintf(stderr, "%s\n", why);
	PROMISE(!why);
	(void)columns_free(columns);
	return 0;
}
