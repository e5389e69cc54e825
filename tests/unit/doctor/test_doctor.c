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
	bool unchecked;
	char what[128], text[512], advice[512];
	unsigned n;
};

static void see(const struct finding *f, void *arg)
{
	struct seen *s = arg;
	s->level = f->level;
	s->unchecked = f->unchecked;
	s->n++;
	(void)snprintf(s->what, sizeof(s->what), "%s", f->what);
	(void)snprintf(s->text, sizeof(s->text), "%s", f->text);
	(void)snprintf(s->advice, sizeof(s->advice), "%s", f->fix ? f->fix : "(none)");
}

static void test_a_finding_and_its_fix_are_two_texts(void **state)
{
	(void)state;
	struct seen s = {0};
	const struct teller to = {see, &s};
	finding_fix(&to, FINDING_PROBLEM, "x", "one\ntwo", "\"%s\" is bad", "a\nrm b");
	assert_int_equal(s.level, FINDING_PROBLEM);
	assert_false(s.unchecked);
	assert_string_equal(s.text, "\"a rm b\" is bad");
	assert_string_equal(s.advice, "one two");
	finding_fix(&to, FINDING_PROBLEM, "x", "", "bad %d", 7);
	assert_string_equal(s.text, "bad 7");
	assert_string_equal(s.advice, "(none)");
	finding_tell(&to, FINDING_OK, "x", "%s is fine", "a\nb");
	assert_string_equal(s.text, "a b is fine");
	assert_string_equal(s.advice, "(none)");
	finding_unchecked(&to, FINDING_INFO, "x", NULL, "not checked");
	assert_true(s.unchecked);
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
	assert_masked("POST /x?type=pmta&key=abcd&t&k=v HTTP/1.1\r\nHost: h?a=b\r\n",
	              "POST /x?type=pmta&key=****&t&k=* HTTP/1.1\nHost: h?a=b\n");
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

#define RUN "ExecStart={ path=/usr/bin/pmta-shipper ; argv[]=/usr/bin/pmta-shipper run ; }\n"

static struct seen reported_of(const char *shown, bool agent_runs)
{
	struct unit unit;
	struct seen s = {0};
	const struct teller to = {see, &s};
	char text[1024];
	(void)snprintf(text, sizeof(text), "Id=pmta-shipper.service\n" RUN "%s", shown);
	unit_choose(text, CONF_DEFAULT_PATH, true, &unit);
	assert_int_equal(unit.known, UNIT_FOUND);
	unit_tell(&unit, agent_runs, &to);
	return s;
}

static void test_the_answers_of_systemd(void **state)
{
	(void)state;
	static const struct {
		const char *shown;
		enum finding_level level;
		const char *words, *fix;
	} cases[] = {
	        {"LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n",
	         FINDING_OK, "running", "(none)"},
	        {"LoadState=loaded\nActiveState=failed\nResult=exit-code\n", FINDING_PROBLEM,
	         "failed (exit-code)", "journalctl -u pmta-shipper -n 20"},
	        {"LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=watchdog",
	         FINDING_PROBLEM, "keeps failing and restarting (watchdog)",
	         "journalctl -u pmta-shipper -n 20"},
	        {"LoadState=loaded\nActiveState=activating\nSubState=start\n", FINDING_WARNING,
	         "is being started", "(none)"},
	        {"LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n", FINDING_WARNING,
	         "not running", "systemctl start pmta-shipper"},
	        {"LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n",
	         FINDING_WARNING, "not running (inactive) and disabled",
	         "systemctl enable --now pmta-shipper"},
	        {"LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n", FINDING_WARNING,
	         "does not start when the host boots", "systemctl enable pmta-shipper"},
	        {"LoadState=masked\nActiveState=inactive\nUnitFileState=masked\n", FINDING_PROBLEM,
	         "masked", "systemctl unmask pmta-shipper && systemctl enable --now pmta-shipper"},
	        {"LoadState=loaded\nActiveState=active\nNeedDaemonReload=yes\n", FINDING_WARNING,
	         "has changed since systemd read it",
	         "systemctl daemon-reload && systemctl restart pmta-shipper"},
	        {"LoadState=loaded\nActiveState=inactive\nNeedDaemonReload=yes\n", FINDING_WARNING,
	         "has changed since systemd read it", "systemctl daemon-reload"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen s = reported_of(cases[i].shown, false);
		assert_int_equal(s.level, cases[i].level);
		if (!strstr(s.text, cases[i].words))
			fail_msg("'%s' is not in '%s'", cases[i].words, s.text);
		assert_string_equal(s.advice, cases[i].fix);
	}
	/* Another start would fail: the store is in use. */
	struct seen s = reported_of("LoadState=loaded\nActiveState=inactive\n", true);
	assert_int_equal(s.level, FINDING_INFO);
	assert_string_equal(s.advice, "(none)");
}

static void test_the_unit_is_the_one_with_this_configuration(void **state)
{
	(void)state;
	static const char shown[] =
	        "Id=pmta-shipper.service\nLoadState=loaded\n" RUN
	        "\nId=pmta-shipper-eu.service\nLoadState=loaded\nUser=eu\n"
	        "ExecStart={ path=/x ; argv[]=/x run -c /etc/eu.conf ; }\n"
	        "\nId=pmta-shipper-us.service\nLoadState=loaded\nUser=us\n"
	        "ExecStart={ path=/x ; argv[]=/x run --config=/etc/us.conf ; }\n"
	        "\nId=pmta-shipper-old.service\nLoadState=not-found\n";
	static const struct {
		const char *conf;
		bool usual;
		const char *name, *user;
	} cases[] = {{CONF_DEFAULT_PATH, true, "pmta-shipper", ""},
	             {"/etc/eu.conf", false, "pmta-shipper-eu", "eu"},
	             {"/etc/us.conf", false, "pmta-shipper-us", "us"},
	             {"/etc/eu", false, NULL, NULL},
	             {"/etc/eu.conf.old", false, NULL, NULL}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct unit u;
		unit_choose(shown, cases[i].conf, cases[i].usual, &u);
		assert_int_equal(u.known, cases[i].name ? UNIT_FOUND : UNIT_NONE);
		if (cases[i].name)
			assert_string_equal(u.name, cases[i].name);
		if (cases[i].name)
			assert_string_equal(u.user, cases[i].user);
	}
	struct unit none;
	unit_choose("Id=pmta-shipper.service\nLoadState=not-found\nActiveState=inactive\n",
	            CONF_DEFAULT_PATH, true, &none);
	assert_int_equal(none.known, UNIT_NONE);
	unit_choose("", CONF_DEFAULT_PATH, true, &none);
	assert_int_equal(none.known, UNIT_NONE);
}

static void test_numbers_of_systemd(void **state)
{
	(void)state;
	struct unit u;
	unit_parse("MainPID=12\nLimitNOFILE=1024\n", &u);
	assert_int_equal(u.pid, 12);
	assert_int_equal(u.nofile, 1024);
	unit_parse("LimitNOFILE=infinity\nno line\n=\n", &u);
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
	/* A job that packs or copies files deletes none. */
	put("/etc/cron.d", "pack", "0 4 * * * root gzip /srv/packed/*.csv\n0 5 * * * root rm /x\n");
	assert_false(other_programs_cleaner(temp_dir, "/srv/packed", where, sizeof(where)));
	put("/etc/cron.daily", "old", "DIR=/srv/daily\nfind $DIR -mtime +9 -delete\n");
	assert_true(other_programs_cleaner(temp_dir, "/srv/daily", where, sizeof(where)));
}

/* Who may not read all of them does not know that there is no other shipper. */
static void test_configuration_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	char where[700] = "";
	if (geteuid() == 0)
		skip();
	assert_false(other_programs_closed(temp_dir, where, sizeof(where)));
	put("/etc/logstash/conf.d", "x.conf", "");
	(void)snprintf(where, sizeof(where), "%s/etc/logstash/conf.d", temp_dir);
	assert_int_equal(chmod(where, 0), 0);
	assert_true(other_programs_closed(temp_dir, where, sizeof(where)));
	assert_non_null(strstr(where, "/etc/logstash/conf.d"));
	assert_int_equal(chmod(where, 0700), 0);
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
	        cmocka_unit_test(test_a_finding_and_its_fix_are_two_texts),
	        cmocka_unit_test(test_headers_are_masked_but_for_harmless_ones),
	        cmocka_unit_test(test_dns),
	        cmocka_unit_test(test_the_answers_of_systemd),
	        cmocka_unit_test(test_the_unit_is_the_one_with_this_configuration),
	        cmocka_unit_test(test_numbers_of_systemd),
	        cmocka_unit_test_setup_teardown(test_other_shippers_are_found, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test_setup_teardown(test_the_newest_file_decides_the_group, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test_setup_teardown(test_configuration_that_cannot_be_read_is_named,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_programs_that_clean_a_folder_are_found,
	                                        temp_setup, temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
