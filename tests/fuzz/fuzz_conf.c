/* Any text as a configuration: no crash; what a valid one prints is valid and prints the same. */
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"

static void on_mistake(const struct file_mistake *m, void *arg)
{
	PROMISE(!strchr(m->line, '\n') && !strchr(m->line, '\033'));
	(*(unsigned *)arg)++;
}

/* Loads text through a file.  Returns NULL if it is wrong, which must have been reported. */
static struct conf *load(const char *text, size_t len)
{
	char path[64];
	struct conf *conf = NULL;
	unsigned mistakes = 0;
	int fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = conf_load(&conf, path, on_mistake, &mistakes);
	PROMISE((rc == 0) == (conf != NULL) && (rc == 0) == (mistakes == 0));
	(void)close(fd);
	return conf;
}

static char *printed(const struct conf *conf, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);
	if (!f)
		abort();
	conf_print(conf, f);
	(void)fclose(f);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = load((const char *)data, size);
	if (!conf)
		return 0;
	size_t len, again_len;
	char *text = printed(conf, &len);
	struct conf *again = load(text, len);
	PROMISE(again);
	char *again_text = printed(again, &again_len);
	PROMISE(len == again_len && memcmp(text, again_text, len) == 0);
	free(text);
	free(again_text);
	(void)conf_free(again);
	(void)conf_free(conf);
	return 0;
}
