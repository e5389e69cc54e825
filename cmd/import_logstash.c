#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "logstash/translate.h"

/* Secrets are expected in the folder of the configuration. */
static void beside(const char *conf, const char *name, char *ret, size_t size)
{
	const char *slash = strrchr(conf, '/');
	(void)snprintf(ret, size, "%.*s%s", slash ? (int)(slash + 1 - conf) : 0, conf, name);
}

/* Reports a mistake in the generated text, without its place in a file that nobody can see. */
static void on_mistake(const struct file_mistake *m, void *arg)
{
	char clean[2048];
	(*(unsigned *)arg)++;
	utf8_printable(m->what, strlen(m->what), clean, sizeof(clean));
	(void)fprintf(stderr, "pmta-shipper: must still be fixed: %s\n", clean);
}

/* Checks the text as 'check' does, and reports its mistakes. */
static int check(const char *text, size_t len)
{
	char path[64];
	struct conf *conf = NULL;
	unsigned mistakes = 0;
	scope_close int fd = memfd_create("pmta-shipper.conf", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		return cli_failed("check the configuration: no memory for it");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = conf_load(&conf, path, on_mistake, &mistakes);
	(void)conf_free(conf);
	return rc < 0 ? 1 : 0;
}

static void print_notes(const char *notes)
{
	for (const char *p = notes; *p;) {
		char clean[2048];
		size_t len = strcspn(p, "\n");
		utf8_printable(p, len, clean, sizeof(clean));
		(void)printf("#  - %s\n", clean);
		(void)fprintf(stderr, "pmta-shipper: %s\n", clean);
		p += len + (p[len] == '\n');
	}
}

static int print(const char *file, const char *text, const char *notes)
{
	char clean[4096];
	utf8_printable(file, strlen(file), clean, sizeof(clean));
	(void)printf("# pmta-shipper: made from the Logstash pipeline %s\n", clean);
	if (*notes)
		(void)printf("#\n# To check:\n");
	print_notes(notes);
	(void)printf("#\n# All keys: pmta-shipper.conf(5).\n\n%s", text);
	return check(text, strlen(text));
}

static int import(const char *file, const char *conf)
{
	char signature[PATH_MAX], token[PATH_MAX];
	struct pipeline p;
	struct err err = {0};
	struct text out, remarks;
	if (pipeline_load(&p, file, &err) < 0) {
		pipeline_free(&p);
		return cli_failed(err.text);
	}
	beside(conf, "signature", signature, sizeof(signature));
	beside(conf, "token", token, sizeof(token));
	struct translation t = {.p = &p, .signature_file = signature, .token_file = token};
	t.out = text_begin(&out);
	t.notes = text_begin(&remarks);
	if (t.out && t.notes)
		translate(&t);
	scope_free char *text = text_end(&out);
	scope_free char *notes = text_end(&remarks);
	pipeline_free(&p);
	return text && notes ? print(file, text, notes) : cli_failed("out of memory");
}

int cmd_import_logstash(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	const struct cli_spec spec = {
	        .usage = "[-c FILE] PIPELINE",
	        .about = "Read a Logstash pipeline (a .conf, or the oempro.yml) and print it as a "
	                 "configuration.\nComments in it, and standard error, list the points to "
	                 "check.",
	        .examples = "  pmta-shipper import-logstash /etc/logstash/conf.d/oempro.conf "
	                    ">pmta-shipper.conf",
	        .config = &path,
	        .arguments = "which pipeline? give Logstash's file"};
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (argc - optind > 1)
		return cli_usage(argv[0], "one pipeline at a time");
	return import(argv[optind], path);
}
