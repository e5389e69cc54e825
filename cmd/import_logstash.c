#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/shell.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "logstash/install.h"
#include "logstash/translate.h"

struct import {
	const char *pipeline;
	const char *conf;   /* the path for which the configuration is made */
	const char *output; /* the file to write, or NULL: standard output */
	bool replace;
};

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
static int check(const char *text)
{
	size_t len = strlen(text);
	char path[64];
	struct conf *conf = NULL;
	unsigned mistakes = 0;
	scope_close int fd = memfd_create("pmta-shipper.conf", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		return cli_failed("check the configuration: no memory for it");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = conf_load_to_check(&conf, path, on_mistake, &mistakes);
	(void)conf_free(conf);
	return rc < 0 ? 1 : 0;
}

static void print_notes(FILE *out, const char *notes)
{
	for (const char *p = notes; *p;) {
		char clean[2048];
		size_t len = strcspn(p, "\n");
		utf8_printable(p, len, clean, sizeof(clean));
		(void)fprintf(out, "#  - %s\n", clean);
		(void)fprintf(stderr, "pmta-shipper: %s\n", clean);
		p += len + (p[len] == '\n');
	}
}

/* The file begins with its origin and the digest of what follows. */
static char *whole_file(const struct import *im, const char *conf, const char *notes)
{
	char clean[4096], digest[INSTALL_DIGEST_SIZE];
	struct text t;
	FILE *f = text_begin(&t);
	if (f && *notes)
		(void)fprintf(f, "#\n# To check:\n");
	if (f)
		print_notes(f, notes);
	if (f)
		(void)fprintf(f, "#\n# All keys: pmta-shipper.conf(5).\n\n%s", conf);
	scope_free char *rest = text_end(&t);
	if (!rest)
		return NULL;
	install_digest(rest, digest);
	utf8_printable(im->pipeline, strlen(im->pipeline), clean, sizeof(clean));
	f = text_begin(&t);
	if (f)
		(void)fprintf(f, "# pmta-shipper: made from the Logstash pipeline %s\n%s%s", clean,
		              digest, rest);
	return text_end(&t);
}

/* The commands that remain, in their order. */
static void print_next(const char *conf, const char *positions)
{
	scope_free char *file = shell_quoted(conf);
	const bool other = strcmp(conf, CONF_DEFAULT_PATH) != 0;
	const char *c = other ? " -c " : "", *path = other && file ? file : "";
	(void)printf("next:\n"
	             "  pmta-shipper check%s%s\n"
	             "  pmta-shipper run --dry-run%s%s   # reads and counts beside Logstash\n"
	             "  systemctl stop logstash\n",
	             c, path, c, path);
	const char *before = "";
	for (const char *p = positions; *p;) {
		size_t len = strcspn(p, "\n") + 1; /* inputs may have one position file */
		if (strncmp(before, p, len) != 0)
			(void)printf("  pmta-shipper import-sincedb --dry-run%s%s %.*s"
			             "  pmta-shipper import-sincedb%s%s %.*s",
			             c, path, (int)len, p, c, path, (int)len, p);
		before = p;
		p += len;
	}
	(void)printf("  systemctl disable logstash\n"
	             "  systemctl restart pmta-shipper\n");
}

static int write_file(const struct import *im, const char *text, const char *positions)
{
	enum install_result result;
	unsigned mistakes = 0;
	struct err err = {0};
	char file[4096];
	if (install_conf(im->output, text, im->replace, on_mistake, &mistakes, &result, &err) < 0)
		return cli_failed(err.text);
	utf8_printable(im->output, strlen(im->output), file, sizeof(file));
	if (result == INSTALL_MISTAKES || result == INSTALL_EDITED) {
		(void)fprintf(stderr,
		              "pmta-shipper: %s is unchanged%s; the new configuration is %s.new: "
		              "%s, then rename it\n",
		              file, result == INSTALL_EDITED ? ", because it was edited" : "", file,
		              result == INSTALL_EDITED
		                      ? "use --replace, or compare the two"
		                      : "correct it, try 'pmta-shipper check -c' with it");
		return 1;
	}
	(void)printf("%s: written and checked%s%s%s\n", file,
	             result == INSTALL_REPLACED ? "; the former one is " : "",
	             result == INSTALL_REPLACED ? file : "",
	             result == INSTALL_REPLACED ? ".old" : "");
	print_next(im->output, positions);
	return 0;
}

static int finish(const struct import *im, const char *conf, const char *notes,
                  const char *positions)
{
	scope_free char *text = whole_file(im, conf, notes);
	if (!text)
		return cli_failed("out of memory");
	if (im->output)
		return write_file(im, text, positions);
	(void)fputs(text, stdout);
	return check(text);
}

static int import(const struct import *im)
{
	char signature[PATH_MAX], token[PATH_MAX];
	struct pipeline p;
	struct err err = {0};
	struct text out, remarks, places;
	if (pipeline_load(&p, im->pipeline, &err) < 0) {
		pipeline_free(&p);
		return cli_failed(err.text);
	}
	beside(im->conf, "signature", signature, sizeof(signature));
	beside(im->conf, "token", token, sizeof(token));
	struct translation t = {.p = &p, .signature_file = signature, .token_file = token};
	t.out = text_begin(&out);
	t.notes = text_begin(&remarks);
	t.positions = text_begin(&places);
	if (t.out && t.notes && t.positions)
		translate(&t);
	scope_free char *conf = text_end(&out);
	scope_free char *notes = text_end(&remarks);
	scope_free char *positions = text_end(&places);
	pipeline_free(&p);
	return conf && notes && positions ? finish(im, conf, notes, positions)
	                                  : cli_failed("out of memory");
}

int cmd_import_logstash(int argc, char **argv)
{
	struct import im = {0};
	const char *path = NULL;
	const struct cli_option options[] = {
	        {"output", CLI_TEXT, &im.output, "FILE",
	         "write FILE.new, check it, then rename it to FILE"},
	        {"replace", CLI_FLAG, &im.replace, NULL,
	         "with --output: also if FILE was edited (kept as FILE.old)"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--output FILE [--replace]] PIPELINE",
	        .about = "Read a Logstash pipeline (a .conf, or the oempro.yml) and print it as a "
	                 "configuration.\nComments in it, and standard error, list the points to "
	                 "check.",
	        .examples =
	                "  pmta-shipper import-logstash /etc/logstash/conf.d/oempro.conf | less\n"
	                "  pmta-shipper import-logstash --output " CONF_DEFAULT_PATH
	                " /etc/logstash/conf.d/oempro.conf",
	        .options = options,
	        .config = &path,
	        .arguments = "which pipeline? give Logstash's file"};
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (argc - optind > 1)
		return cli_usage(argv[0], "one pipeline at a time");
	if (im.replace && !im.output)
		return cli_usage(argv[0], "--replace needs --output");
	im.pipeline = argv[optind];
	im.conf = path ? path : im.output ? im.output : CONF_DEFAULT_PATH;
	return import(&im);
}
