#include "record/event_id.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"

#define EVENT_VERSION 1

size_t event_trim(const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\n') {
		len--;
		if (len > 0 && line[len - 1] == '\r')
			len--;
	}
	return len;
}

bool event_is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	}
	return true;
}

static size_t blanks(const char *p, const char *end)
{
	const char *from = p;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return (size_t)(p - from);
}

bool event_is_header(const char *line, size_t len)
{
	const char *end = line + len, *p = line + utf8_boms(line, len);
	bool quoted = p < end && *p == '"';
	p += quoted;
	p += blanks(p, end);
	if (end - p < 4 || strncasecmp(p, "type", 4) != 0)
		return false;
	p += 4 + blanks(p + 4, end);
	if (quoted && (p == end || *p++ != '"'))
		return false;
	return p == end || *p == ',';
}

static unsigned char *put_number(unsigned char *p, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		*p++ = (unsigned char)(n >> (8 * i));
	return p;
}

static unsigned char *put_line(unsigned char *p, const char *line, size_t len)
{
	if (len > EVENT_LINE_MAX)
		len = EVENT_LINE_MAX;
	p = put_number(p, len);
	if (len > 0)
		memcpy(p, line, len);
	return p + len;
}

void event_salt_make(struct event_salt *ret, const char *header, size_t header_len,
                     const char *first, size_t first_len)
{
	unsigned char bytes[1 + 8 + EVENT_LINE_MAX + 8 + EVENT_LINE_MAX], *p = bytes;
	*p++ = EVENT_VERSION;
	p = put_line(p, header, header_len);
	p = put_line(p, first, first_len);
	ret->len = (size_t)(p - bytes);
	ret->hash = hash_bytes(bytes, ret->len);
	hash_begin(&ret->begun, bytes, ret->len);
}

struct hash128 event_id(const struct event_salt *salt, uint64_t offset, const char *row, size_t len)
{
	len = event_trim(row, len);
	unsigned char numbers[24];
	put_number(put_number(put_number(numbers, 8), offset), len);
	if (salt->len > 0)
		return hash_end(&salt->begun, numbers, sizeof(numbers), row, len);
	struct hash_begun nothing; /* a header that is skipped may come before the salt is known */
	hash_begin(&nothing, "", 0);
	return hash_end(&nothing, numbers, sizeof(numbers), row, len);
}
