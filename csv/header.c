#include "csv/header.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "record/event_id.h"

#define NAMES_ENOUGH 3 /* as cells of one row they are no accident */

static struct slice trimmed(struct slice cell, const char *what)
{
	while (cell.len > 0 && cell.text[0] != '\0' && strchr(what, cell.text[0])) {
		cell.text++;
		cell.len--;
	}
	while (cell.len > 0 && cell.text[cell.len - 1] != '\0' &&
	       strchr(what, cell.text[cell.len - 1]))
		cell.len--;
	return cell;
}

static bool is_word(struct slice cell, const char *word)
{
	return cell.len == strlen(word) && strncasecmp(cell.text, word, cell.len) == 0;
}

bool header_is_type(struct slice cell)
{
	return is_word(trimmed(cell, " \t"), "type");
}

/* Returns true if the letters of the cell, without all other bytes, are "type". */
static bool was_type(struct slice cell)
{
	char letters[5];
	size_t n = 0;
	for (size_t i = 0; i < cell.len && n < sizeof(letters); i++) {
		if (isalnum((unsigned char)cell.text[i]))
			letters[n++] = cell.text[i];
	}
	return is_word((struct slice){letters, n}, "type");
}

static bool is_known(struct slice cell)
{
	static const char *const names[] = {"timeLogged",  "timeQueued", "orig",      "rcpt",
	                                    "bounceCat",   "dsnStatus",  "dsnAction", "dsnDiag",
	                                    "dsnMta",      "jobId",      "vmta",      "format",
	                                    "feedbackType"};
	cell = trimmed(cell, " \t\"");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_word(cell, names[i]))
			return true;
	}
	return false;
}

static bool is_text(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)line[i]) &&
		    (line[i] == '\0' || !strchr("\t\r\n", line[i])))
			return false;
	}
	return utf8_valid(line, len);
}

enum header_look header_look(const char *line, size_t len)
{
	struct slice first = {line, 0};
	size_t known = 0, at = 0;
	for (bool begun = false; at <= len; begun = true) {
		const char *comma = memchr(line + at, ',', len - at);
		struct slice cell = {line + at, comma ? (size_t)(comma - line) - at : len - at};
		if (!begun)
			first = cell;
		known += is_known(cell);
		at += cell.len + 1;
	}
	if (!was_type(first) && known < NAMES_ENOUGH)
		return HEADER_NONE;
	bool good = header_is_type(trimmed(first, " \t\"")) && is_text(line, len);
	return good ? HEADER_GOOD : HEADER_DAMAGED;
}

int header_borrow(struct slice header, void *arg)
{
	char **ret = arg;
	size_t len = event_trim(header.text, header.len);
	if (*ret || len == 0 || header_look(header.text, len) != HEADER_GOOD)
		return 0;
	*ret = malloc(len + 2);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, header.text, len);
	memcpy(*ret + len, "\n", 2);
	return 0;
}
