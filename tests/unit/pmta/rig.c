#include "tests/unit/pmta/rig.h"

#include "base/text.h"

static char *out;

static void put(const char *name, const char *text, char *ret_path)
{
	(void)snprintf(ret_path, PATH_MAX, "%s/%s", temp_dir, name);
	FILE *f = fopen(ret_path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void print_paste(FILE *f, const char *lines)
{
	for (; *lines; lines += strcspn(lines, "\n") + 1)
		(void)fprintf(f, "    %.*s\n", (int)strcspn(lines, "\n"), lines);
}

static void take(const struct finding *f, void *arg)
{
	size_t len = strlen(temp_dir) + 1;
	bool ours = strncmp(f->what, temp_dir, len - 1) == 0;
	(void)fprintf(arg, "%s%s %s: %s%s%s\n", finding_level_name(f->level),
	              f->unchecked ? "?" : "", f->what + (ours ? len : 0), f->text,
	              f->fix ? " -> " : "", f->fix ? f->fix : "");
	print_paste(arg, f->paste ? f->paste : "");
}

static void mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("our configuration: %s", m->line);
}

const char *rig_verify(const char *ours, const char *theirs)
{
	char conf_path[PATH_MAX], pmta_path[PATH_MAX];
	struct conf *conf = NULL;
	struct pmta_config *pmta = NULL;
	struct err err = {0};
	struct text t;
	FILE *f = text_begin(&t);
	put("conf", ours, conf_path);
	put("config", theirs, pmta_path);
	assert_non_null(f);
	assert_int_equal(conf_load_to_look(&conf, conf_path, mistake, NULL), 0);
	assert_int_equal(pmta_config_read(&pmta, pmta_path, NULL, &err), 0);
	const struct verify v = {.conf = conf,
	                         .pmta = pmta,
	                         .reader = {.user = "shipper", .group = "pmta"},
	                         .to = {take, f}};
	verify_pmta(&v);
	(void)pmta_config_free(pmta);
	(void)conf_free(conf);
	free(out);
	out = text_end(&t);
	assert_non_null(out);
	return out;
}

const char *rig_verify_block(const char *inside, const char *more)
{
	char theirs[16384];
	bool records = strncmp(inside, "records ", 8) == 0;
	char lines[8192];
	(void)snprintf(lines, sizeof(lines), "%s%s", records ? "" : "records b, rb\n", inside);
	int n = snprintf(theirs, sizeof(theirs), RIG_BLOCK, lines);
	(void)snprintf(theirs + n, sizeof(theirs) - (size_t)n, "%s", more);
	return rig_verify(RIG_OURS, theirs);
}

void rig_done(void)
{
	free(out);
	out = NULL;
}
