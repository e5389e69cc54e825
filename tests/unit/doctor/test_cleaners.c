/*
 * test_cleaners.c - programs that delete or rename live accounting files, as tables.
 */
#include "tests/unit/temp.h"

#include "doctor/cleaners.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char found[4096];

static void take(const struct finding *f, void *arg)
{
	(void)arg;
	size_t n = strlen(found);
	(void)snprintf(found + n, sizeof(found) - n, "%s: %s\n", finding_level_name(f->level),
	               f->text);
}

static void make_folders(const char *path)
{
	char folder[PATH_MAX];
	(void)snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(folder, 0700);
		*slash = '/';
	}
}

/* The findings of a host with this one file. */
static const char *with(const char *name, const char *text)
{
	char path[PATH_MAX];
	struct conf_source source = {.name = (char *)"bounces",
	                             .acct_file = (char *)"/var/log/pmta/bounces.csv",
	                             .move_to = (char *)"/var/log/pmta/moved"};
	const struct conf conf = {.sources = &source, .nsources = 1};
	const struct teller to = {take, NULL};
	(void)snprintf(path, sizeof(path), "%s%s", temp_dir, name);
	make_folders(path);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
	found[0] = '\0';
	(void)cleaners_tell(temp_dir, &conf, &to);
	assert_int_equal(unlink(path), 0);
	return found;
}

static void test_lines_that_act_on_live_files(void **state)
{
	(void)state;
	static const struct {
		const char *file, *text, *part; /* NULL: no finding */
	} v[] = {
	        {"/etc/logrotate.d/pmta", "/var/log/pmta/*.csv {\n  daily\n}\n",
	         "logrotate.d/pmta:1 renames or deletes files in /var/log/pmta: PowerMTA goes on"},
	        {"/etc/logrotate.d/pmta", "\"/var/log/pmta/bounces*.csv\" /x/*.log{\n}\n",
	         "pmta:1"},
	        {"/etc/logrotate.d/pmta", "/var/log/pmta/*.log {\n}\n", NULL},
	        {"/etc/logrotate.d/pmta", "/var/log/pmta/moved/*.csv {\n}\n", NULL},
	        {"/etc/logrotate.d/pmta", "/var/log/pmta-accounting/*.csv {\n}\n", NULL},
	        {"/etc/logrotate.d/pmta", "# /var/log/pmta/*.csv\n", NULL},
	        {"/etc/cron.d/pmta", "0 4 * * * root find /var/log/pmta -mtime +7 -delete\n",
	         "cron.d/pmta:1 deletes files"},
	        {"/etc/cron.d/pmta",
	         "0 4 * * * root find /var/log/pmta/ -name '*.csv' -mtime +7 -delete\n", "deletes"},
	        {"/etc/cron.d/pmta", "0 4 * * * root find /var/log/pmta -name '*.log' -delete\n",
	         NULL},
	        {"/etc/cron.d/pmta", "\n0 4 * * * root mv /var/log/pmta/bounces-*.csv /srv\n",
	         "cron.d/pmta:2 renames files"},
	        {"/etc/cron.d/pmta", "0 4 * * * root gzip /var/log/pmta/bounces-*.csv\n", NULL},
	        {"/etc/cron.daily/pmta", "DIR=/var/log/pmta\nfind $DIR -mtime +9 -delete\n",
	         "cron.daily/pmta:1 deletes"},
	        {"/etc/tmpfiles.d/pmta.conf", "d /var/log/pmta 0750 pmta pmta 10d\n", "deletes"},
	        {"/etc/tmpfiles.d/pmta.conf", "d /var/log/pmta 0750 pmta pmta -\n", NULL},
	        {"/etc/tmpfiles.d/pmta.conf", "d /var/log/pmta 0750 pmta pmta\n", NULL},
	        {"/etc/tmpfiles.d/pmta.conf", "r /var/log/pmta/*.csv\n", "deletes"},
	};
	for (size_t i = 0; i < COUNT(v); i++) {
		const char *text = with(v[i].file, v[i].text);
		if (v[i].part ? !strstr(text, v[i].part) : *text != '\0')
			fail_msg("%s: %s", v[i].text, text);
	}
}

static void test_an_archiver_with_its_own_configuration(void **state)
{
	(void)state;
	static const char place[] = "/etc/pmta-log-archiver/config";
	static const struct {
		const char *text, *part;
	} v[] = {
	        {"LOG_DIR=\"/var/log/pmta\"\nLOG_PATTERN=\"*.csv\"\nRETENTION_DAYS=7\n",
	         "warning: pmta-log-archiver"},
	        {"LOG_DIR=/var/log/pmta/\nLOG_PATTERN='bounces-*.csv'\nRETENTION_DAYS=1\n",
	         "problem: pmta-log-archiver"},
	        {"LOG_DIR=/var/log/pmta\nLOG_PATTERN=*.csv\n", "after 7 days, delivered or not"},
	        {"LOG_DIR=/var/log/pmta/moved\nLOG_PATTERN=*.csv\n", "/var/log/pmta/moved/*.csv"},
	        {"LOG_DIR=/var/log/pmta\n", NULL}, /* its default pattern: oempro-*.csv */
	        {"LOG_DIR=/var/log/other\nLOG_PATTERN=*.csv\n", NULL},
	        {"#LOG_DIR=/var/log/pmta\nLOG_PATTERN=*.csv\n", NULL},
	};
	for (size_t i = 0; i < COUNT(v); i++) {
		const char *text = with(place, v[i].text);
		if (v[i].part ? !strstr(text, v[i].part) : *text != '\0')
			fail_msg("%s: %s", v[i].text, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lines_that_act_on_live_files),
	        cmocka_unit_test(test_an_archiver_with_its_own_configuration),
	};
	return cmocka_run_group_tests(tests, temp_setup, temp_teardown);
}
