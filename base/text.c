/*
 * open_memstream() would do but for one defect: when memory runs out, glibc truncates the text, and
 * neither ferror() nor fclose() reports it.
 */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

#define ROOM_AT_FIRST 256

static bool grow(struct text *t, size_t more)
{
	size_t room = t->room > 0 ? t->room : ROOM_AT_FIRST;
	while (room < t->len + more + 1)
		room *= 2;
	char *p = room > t->room ? realloc(t->text, room) : t->text;
	if (!p)
		return false;
	t->text = p;
	t->room = room;
	return true;
}

static ssize_t on_write(void *cookie, const char *data, size_t len)
{
	struct text *t = cookie;
	t->cut = t->cut || !grow(t, len);
	if (t->cut)
		return 0;
	memcpy(t->text + t->len, data, len);
	t->len += len;
	return (ssize_t)len;
}

FILE *text_begin(struct text *t)
{
	*t = (struct text){0};
	t->f = fopencookie(t, "w", (cookie_io_functions_t){.write = on_write});
	return t->f;
}

char *text_end(struct text *t)
{
	if (!t->f)
		return NULL;
	bool whole = fclose(STEAL(t->f)) == 0 && !t->cut && grow(t, 0);
	scope_free char *text = STEAL(t->text);
	if (!whole)
		return NULL;
	text[t->len] = '\0';
	return STEAL(text);
}

int text_hash(struct text *t, struct hash128 *ret)
{
	scope_free char *text = text_end(t);
	if (!text)
		return -ENOMEM;
	*ret = hash_bytes(text, t->len);
	return 0;
}
