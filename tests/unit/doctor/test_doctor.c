/*
 * test_doctor.c - the parts of doctor that a system test cannot reach without changing the host:
 * DNS, systemd, other programs' configuration, and masking.
 */
#include "tests/unit/temp.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/finding.h"
#include "doctor/dns.h"
#include "doctor/other_programs.h"
#include "doctor/probe.h"
#include "doctor/unit.h"
#include "doctor/user.h"

/* ---- findings ---- */

struct seen {
	enum finding_level level;
	char what[128], text[512], advice[512];
	unsigned n;
};

static void see(const struct finding *f, void *arg)
{
	struct seen *s = arg;
	s->level = f->level;
	s->n++;
	(void)snprintf(s->what, sizeof(s->what), "%s", f->what);
	(void)snprintf(s->text, sizeof(s->text), "%s", f->text);
	(void)snprintf(s->advice, sizeof(s->advice), "%s", f->mend ? f->mend : "(none)");
}

static void test_advice_comes_after_the_first_line(void **state)
{
	(void)state;
	struct seen s = {0};
	const struct teller to = {see, &s};
	finding_tell(&to, FINDING_PROBLEM, "x", "bad %d\nline one\nline two", 7);
	assert_int_equal(s.level, FINDING_PROBLEM);
	assert_string_equal(s.text, "bad 7");
	assert_string_equal(s.advice, "line one line two");
	finding_tell(&to, FINDING_OK, "x", "good");
	assert_string_equal(s.text, "good");
	assert_string_equal(s.advice, "(none)");
	/* A line end in a quoted text does not begin the advice. */
	finding_tell(&to, FINDING_PROBLEM, "x", "\"%s\" is bad\nreplace '%s'", "a\nrm b", "c\nd");
	assert_string_equal(s.text, "\"a rm b\" is bad");
	assert_string_equal(s.advice, "replace 'c d'");
	finding_tell(&to, FINDING_OK, "x", "%s is fine", "a\nb");
	assert_string_equal(s.text, "a b is fine");
	assert_string_equal(s.advice, "(none)");
	assert_string_equal(finding_level_name(FINDING_WARNING), "warning");
}

/* ---- masking ---- */

static void assert_masked(const char *head, const char *want)
{
	char text[1024];
	(void)snprintf(text, sizeof(text), "%s", head);
	probe_mask(text);
	assert_string_equal(text, want);
}

static void test_headers_are_masked_but_for_harmless_ones(void **state)
{
	(void)state;
	assert_masked("POST /x?a:b HTTP/1.1\r\nHost: h\r\nX-Octeth-Signature: secret\r\n"
	              "authorization: Bearer t\r\nX-Site: eu1\r\nContent-Length: 5\r\n\r\n",
	              "POST /x?a:b HTTP/1.1\nHost: h\nX-Octeth-Signature: ***\nauthorization: ***\n"
	              "X-Site: ***\nContent-Length: 5\n");
	assert_masked("GET / HTTP/2\r\nA: b\r\nB:\r\n", "GET / HTTP/2\nA:**\nB:\n");
	assert_masked("GET / HTTP/2\r\nHost: h", "GET / HTTP/2\nHost: h");
	assert_masked("Host: h", "Host: h");
	assert_masked("", "");
}

/* ---- DNS ---- */

/* Adds an answer after the first n bytes; its name is that of the question. */
static size_t add_answer(unsigned char *a, size_t n, unsigned char type, const void *data,
                         unsigned char len)
{
	const unsigned char head[] = {0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, len};
	memcpy(a + n, head, sizeof(head));
	memcpy(a + n + sizeof(head), data, len);
	a[7]++;
	return n + sizeof(head) + len;
}

/* The first label of the name decides the answer. */
static size_t answer_for(const unsigned char *q, size_t len, unsigned char *a)
{
	unsigned type = (unsigned)q[len - 4] << 8 | q[len - 3];
	memcpy(a, q, len);
	a[2] = 0x81;
	a[3] = 0x80;
	a[7] = 0;
	if (memcmp(q + 13, "none", 4) == 0)
		a[3] = 0x83; /* no such name */
	else if (memcmp(q + 13, "torn", 4) == 0)
		a[7] = 3; /* it announces three answers, and none follows */
	else if (type == 15) {
		len = add_answer(a, len, 15, "\0\24\4last\7example", 16);
		len = add_answer(a, len, 15, "\0\12\5first\7example", 17);
	} else if (type == 1) {
		len = add_answer(a, len, 1, "\177\0\0\7", 4);
	}
	return len;
}

static pid_t serve(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*ret_port = ntohs(at.sin_port);
	pid_t pid = fork();
	if (pid != 0) {
		(void)close(fd);
		return pid;
	}
	for (;;) {
		unsigned char q[512], a[1024];
		struct sockaddr_in from;
		socklen_t from_size = sizeof(from);
		ssize_t len = recvfrom(fd, q, sizeof(q), 0, (struct sockaddr *)&from, &from_size);
		/* The answer has the question only, without extensions of the query. */
		if (len < 17 || memcmp(q + 13, "mute", 4) == 0)
			continue;
		size_t end = 12;
		while (q[end] && end < sizeof(q) - 6)
			end += q[end] + 1U;
		q[10] = q[11] = 0;
		(void)sendto(fd, a, answer_for(q, end + 5, a), 0, (struct sockaddr *)&from,
		             from_size);
	}
}

static void test_dns(void **state)
{
	(void)state;
	struct dns_answers found;
	pid_t pid = serve(&dns_test_port);
	assert_true(pid > 0);
	assert_int_equal(dns_mx("good.example", &found), 0);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.text[0], "first.example");
	assert_string_equal(found.text[1], "last.example");
	assert_int_equal(dns_addresses("good.example", &found), 0);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.text[0], "127.0.0.7");
	assert_int_equal(dns_mx("none.example", &found), -ENOENT);
	assert_int_equal(found.n, 0);
	assert_int_equal(dns_mx("torn.example", &found), -EAGAIN);
	assert_int_equal(dns_mx("mute.example", &found), -EAGAIN); /* and it returned */
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	dns_test_port = 0;
}

/* ---- systemd ---- */

static struct seen told_of(const char *shown)
{
	struct unit unit;
	struct seen s = {0};
	const struct teller to = {see, &s};
	unit_parse(shown, &unit);
	unit_tell(&unit, &to);
	return s;
}

static void test_the_answers_of_systemd(void **state)
{
	(void)state;
	static const struct {
		const char *shown;
		enum finding_level level;
		const char *words;
	} cases[] = {
	        {"LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n",
	         FINDING_OK, "running"},
	        {"LoadState=not-found\nActiveState=inactive\n", FINDING_INFO, "no unit"},
	        {"", FINDING_INFO, "no unit"},
	        {"LoadState=loaded\nActiveState=failed\nResult=exit-code\n", FINDING_PROBLEM,
	         "failed (exit-code)"},
	        {"LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=watchdog",
	         FINDING_PROBLEM, "keeps failing and restarting (watchdog)"},
	        {"LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n", FINDING_WARNING,
	         "not running"},
	        {"LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n", FINDING_WARNING,
	         "does not start when the host boots"},
	        {"LoadState=loaded\nActiveState=active\nNeedDaemonReload=yes\n", FINDING_WARNING,
	         "its unit file has changed since systemd read it"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen s = told_of(cases[i].shown);
		assert_int_equal(s.level, cases[i].level);
		if (!strstr(s.text, cases[i].words))
			fail_msg("'%s' is not in '%s'", cases[i].words, s.text);
		assert_true(s.level < FINDING_WARNING || strstr(s.advice, "systemctl") ||
		            strstr(s.advice, "journalctl"));
	}
}

static void test_numbers_of_systemd(void **state)
{
	(void)state;
	struct unit u;
	unit_parse("MainPID=12\nLimitNOFILESoft=1024\n", &u);
	assert_int_equal(u.pid, 12);
	assert_int_equal(u.nofile, 1024);
	unit_parse("LimitNOFILESoft=infinity\nno line\n=\n", &u);
	assert_int_equal(u.nofile, 0);
}

/* ---- other programs ---- */

struct others {
	unsigned n;
	char program[64], where[600];
};

static void note(const char *program, const char *unit, const char *where,
                 const struct conf_source *source, void *arg)
{
	struct others *o = arg;
	assert_true(*unit && source);
	o->n++;
	(void)snprintf(o->program, sizeof(o->program), "%s", program);
	(void)snprintf(o->where, sizeof(o->where), "%s", where);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s%s", temp_dir, folder);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
	(void)strncat(path, "/", sizeof(path) - strlen(path) - 1);
	(void)strncat(path, name, sizeof(path) - strlen(path) - 1);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

static void test_other_shippers_are_found(void **state)
{
	(void)state;
	struct conf_source source = {.name = (char *)"bounces",
	                             .acct_file = (char *)"/var/log/pmta/bounces.csv"};
	const struct conf conf = {.sources = &source, .nsources = 1};
	struct others o = {0};
	other_programs_each(temp_dir, &conf, note, &o);
	assert_int_equal(o.n, 0);
	put("/etc/filebeat", "filebeat.yml",
	    "# - /var/log/pmta/bounces*.csv\npaths: [/var/log/pmta/acct.csv]\n");
	other_programs_each(temp_dir, &conf, note, &o);
	assert_int_equal(o.n, 0);
	put("/etc/fluent-bit", "fluent-bit.conf",
	    "[INPUT]\n    Name tail\n    Path /var/log/pmta/bounces-*.csv\n");
	other_programs_each(temp_dir, &conf, note, &o);
	assert_int_equal(o.n, 1);
	assert_string_equal(o.program, "Fluent Bit");
	assert_non_null(strstr(o.where, "/etc/fluent-bit/fluent-bit.conf:3"));
	put("/etc/logstash/conf.d", "oempro.yml", "path => \"/var/log/pmta/bounces-*.csv\"\n");
	other_programs_each(temp_dir, &conf, note, &o);
	assert_int_equal(o.n, 3);
}

static void test_programs_that_clean_a_folder_are_found(void **state)
{
	(void)state;
	char where[700];
	assert_false(
	        other_programs_cleaner(temp_dir, "/var/log/pmta/moved/", where, sizeof(where)));
	put("/etc/cron.d", "pmta",
	    "#x /var/log/pmta/moved\n\n0 4 * * * root find "
	    "/var/log/pmta/moved -mtime +7 -delete\n");
	assert_true(other_programs_cleaner(temp_dir, "/var/log/pmta/moved/", where, sizeof(where)));
	assert_non_null(strstr(where, "/etc/cron.d/pmta:3"));
	assert_false(other_programs_cleaner(temp_dir, "/var/log/other", where, sizeof(where)));
}

/* ---- who reads PowerMTA's files ---- */

/* Number 10000 comes after 9999; in the order of names it is the other way round. */
static void test_the_newest_file_decides_the_group(void **state)
{
	(void)state;
	char acct_file[600];
	struct conf_source source = {.acct_file = acct_file};
	const struct conf conf = {.sources = &source, .nsources = 1};
	const struct user user = {.name = "uid 54321", .uid = 54321, .gid = 54322};
	if (geteuid() != 0)
		skip(); /* only root gives files away */
	(void)snprintf(acct_file, sizeof(acct_file), "%s/bounces.csv", temp_dir);
	temp_append("bounces-2026-11-21-9999.csv", "x\n");
	temp_append("bounces-2026-11-21-10000.csv", "x\n");
	assert_int_equal(chown(temp_path("bounces-2026-11-21-9999.csv"), 0, 54323), 0);
	assert_int_equal(chown(temp_path("bounces-2026-11-21-10000.csv"), 0, 54322), 0);
	assert_true(user_reader(&user, &conf).member);
	assert_int_equal(chown(temp_path("bounces-2026-11-21-10000.csv"), 0, 54323), 0);
	const struct verify_reader other = user_reader(&user, &conf);
	assert_false(other.member);
	assert_string_equal(other.group, "54323");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_advice_comes_after_the_first_line),
	        cmocka_unit_test(test_headers_are_masked_but_for_harmless_ones),
	        cmocka_unit_test(test_dns),
	        cmocka_unit_test(test_the_answers_of_systemd),
	        cmocka_unit_test(test_numbers_of_systemd),
	        cmocka_unit_test_setup_teardown(test_other_shippers_are_found, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test_setup_teardown(test_the_newest_file_decides_the_group, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test_setup_teardown(test_programs_that_clean_a_folder_are_found,
	                                        temp_setup, temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
