/* Implements rig.h: configuration files, and loading them. */
#include "tests/unit/conf/rig.h"

char dir[] = "/tmp/test_conf.XXXXXX";

/* ---- the files the fixtures name ---- */

static const struct {
	const char *name, *text;
	mode_t mode;
} files[] = {
        {"secret", "s3cret\r\n", 0640}, {"open", "s3cret\n", 0644},    {"empty", "", 0600},
        {"newline", "\n", 0600},        {"two-lines", "a\nb\n", 0600}, {"control", "a\tb\n", 0600},
};

void write_file(const char *name, const char *text, size_t len, mode_t mode)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(files[i].name, files[i].text, strlen(files[i].text), files[i].mode);
	char text[5000];
	memset(text, 'x', sizeof(text));
	write_file("long", text, sizeof(text), 0600);
	(void)setenv("CONF_TEST_DIR", dir, 1);
	(void)unsetenv("CONF_TEST_UNSET");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	char path[256];
	static const char *const others[] = {"long", "conf"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		(void)unlink(path);
	}
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, others[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

/* ---- loading, with the reported mistakes ---- */

static void collect(const struct file_mistake *m, void *arg)
{
	FILE *reported = arg;
	(void)fprintf(reported, "%s\n", m->line);
}

int load(struct conf **ret, const char *path, char **ret_reported)
{
	size_t size;
	FILE *reported = open_memstream(ret_reported, &size);
	assert_non_null(reported);
	int r = conf_load(ret, path, collect, reported);
	(void)fclose(reported);
	return r;
}

struct conf *load_good(const char *path)
{
	struct conf *conf = NULL;
	scope_free char *reported = NULL;
	int r = load(&conf, path, &reported);
	assert_string_equal(reported, "");
	assert_int_equal(r, 0);
	assert_non_null(conf);
	return conf;
}

/* The configuration in text. */
struct conf *load_text(const char *text)
{
	char path[256];
	write_file("conf", text, strlen(text), 0600);
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	return load_good(path);
}

char *print(const struct conf *conf)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);
	assert_non_null(out);
	conf_print(conf, out);
	(void)fclose(out);
	return ret;
}

char *read_all(const char *path)
{
	char *ret = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	assert_true(getdelim(&ret, &size, '\0', in) >= 0);
	(void)fclose(in);
	return ret;
}
