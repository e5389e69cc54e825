/* A pipeline's file, and access to what was read from it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/scope.h"
#include "logstash/config.h"

#define TEXT_MAX (1 << 20)

static int read_text(const char *path, char **ret, struct err *err)
{
	scope_free char *text = NULL;
	size_t len;
	scope_close int fd = file_open_stream(path);
	if (fd < 0)
		return err_set(err, fd, "open \"%s\": %s", path, file_error(fd));
	int rc = file_read_fd(fd, TEXT_MAX, &text, &len);
	if (rc > 0)
		rc = -E2BIG;
	if (rc == 0 && memchr(text, '\0', len))
		rc = -EILSEQ;
	if (rc < 0)
		return err_set(err, rc, "read \"%s\": %s", path, strerror(-rc));
	*ret = STEAL(text);
	return 0;
}

int pipeline_load(struct pipeline *p, const char *path, struct err *err)
{
	scope_free char *text = NULL;
	*p = (struct pipeline){0};
	int rc = read_text(path, &text, err);
	return rc == 0 ? pipeline_parse(p, path, text, err) : rc;
}

void pipeline_free(struct pipeline *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free((char *)p->items[i].name);
		free((char *)p->items[i].key);
		free((char *)p->items[i].sub);
		free((char *)p->items[i].value);
	}
	for (size_t i = 0; i < p->nbranches; i++)
		free((char *)p->branches[i].condition);
	free(p->branches);
	free(p->items);
	*p = (struct pipeline){0};
}

const char *pipeline_value(const struct pipeline *p, unsigned plugin, const char *key,
                           const char *fallback)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (item->plugin == plugin && item->key && strcmp(item->key, key) == 0)
			return item->value;
	}
	return fallback;
}
