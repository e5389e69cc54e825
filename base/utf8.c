#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

typedef unsigned char block __attribute__((vector_size(16)));

bool utf8_plain(const char *text, size_t len)
{
	block bad = {0};
	unsigned rest = 0;
	uint64_t halves[2];
	for (; len >= sizeof(bad); text += sizeof(bad), len -= sizeof(bad)) {
		block b;
		memcpy(&b, text, sizeof(b));
		bad |= b | (block)(b == 0);
	}
	for (; len > 0; text++, len--)
		rest |= ((unsigned char)*text - 1U) | (unsigned char)*text;
	memcpy(halves, &bad, sizeof(halves));
	return ((halves[0] | halves[1] | (rest & 0x80)) & UINT64_C(0x8080808080808080)) == 0;
}

/* Returns true if the second byte is allowed after this lead byte (RFC 3629, section 4). */
static bool second_ok(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

static size_t wanted(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

/* Counts the bytes at text that start a sequence; *ret_whole is true if it is complete. */
static size_t subpart(const unsigned char *text, size_t len, bool *ret_whole)
{
	size_t want = wanted(text[0]);
	size_t n = 1;
	*ret_whole = want == 1;
	if (want < 2)
		return 1;
	while (n < want && n < len) {
		bool ok = n == 1 ? second_ok(text[0], text[1]) : (text[n] & 0xc0) == 0x80;
		if (!ok)
			return n;
		n++;
	}
	*ret_whole = n == want;
	return n;
}

size_t utf8_sequence(const char *text, size_t len)
{
	bool whole;
	size_t n = subpart((const unsigned char *)text, len, &whole);
	return whole ? n : 0;
}

size_t utf8_subpart(const char *text, size_t len)
{
	bool whole;
	return subpart((const unsigned char *)text, len, &whole);
}

/* Counts the ASCII bytes that text begins with; may miss a few (less than eight) at the end. */
static size_t ascii(const char *text, size_t len)
{
	const uint64_t tops = UINT64_C(0x8080808080808080);
	size_t n = 0;
	for (; len - n >= 8; n += 8) {
		uint64_t word;
		memcpy(&word, text + n, 8);
		if (word & tops)
			break;
	}
	return n;
}

size_t utf8_bom(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

size_t utf8_boms(const char *text, size_t len)
{
	size_t marks = 0, mark;
	while ((mark = utf8_bom(text + marks, len - marks)) > 0)
		marks += mark;
	return marks;
}

bool utf8_valid(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = ascii(text, len);
		if (n == 0)
			n = utf8_sequence(text, len);
		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

size_t utf8_repair(const char *text, size_t len, char *ret, size_t *ret_bad)
{
	size_t out = 0;
	*ret_bad = 0;
	while (len > 0) {
		bool whole = true;
		size_t n = ascii(text, len);
		if (n == 0)
			n = subpart((const unsigned char *)text, len, &whole);
		if (whole) {
			memcpy(ret + out, text, n);
			out += n;
		} else {
			memcpy(ret + out, "\xef\xbf\xbd", 3);
			out += 3;
			(*ret_bad)++;
		}
		text += n;
		len -= n;
	}
	ret[out] = '\0';
	return out;
}

/*
 * Characters without a shape of their own that change how the text around them is shown: the
 * controls of writing direction (a name can be displayed backwards), other format characters,
 * invisible fillers, and line separators.  Sorted.
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
        {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f}, {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f},   {0x2800, 0x2800}, {0x3164, 0x3164},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
};

/* Returns the character of a well-formed sequence of n bytes. */
static uint32_t character(const unsigned char *text, size_t n)
{
	uint32_t c = n == 1 ? text[0] : text[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (text[i] & 0x3fU);
	return c;
}

/* Returns true if a person who sees the text would not see this character as what it is. */
static bool is_hidden(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return true;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]) && c >= hidden[i].first; i++) {
		if (c <= hidden[i].last)
			return true;
	}
	return false;
}

void utf8_printable(const char *text, size_t len, char *ret, size_t size)
{
	size_t out = 0;
	while (len > 0) {
		size_t n = utf8_sequence(text, len);
		bool escape = n == 0 || is_hidden(character((const unsigned char *)text, n));
		n = n == 0 ? 1 : n;
		size_t add = escape ? 4 * n : n;
		if (out + add + 1 > size)
			break;
		for (size_t i = 0; escape && i < n; i++) {
			static const char digits[] = "0123456789abcdef";
			const unsigned char c = (unsigned char)text[i];
			memcpy(ret + out + 4 * i,
			       (char[]){'\\', 'x', digits[c >> 4], digits[c & 15]}, 4);
		}
		if (!escape)
			memcpy(ret + out, text, n);
		out += add;
		text += n;
		len -= n;
	}
	if (size > 0)
		ret[out] = '\0';
}
