/*
 * test_advice.c - the advice of doctor, as tables: each command fits the configuration at hand.
 */
#include "tests/unit/temp.h"

#include "doctor/listen.h"
#include "doctor/redirect.h"
#include "doctor/secret_text.h"
#include "doctor/shippers.h"
#include "doctor/unit.h"
#include "doctor/way.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the way to a receiver ---- */

static void test_commands_go_the_way_of_the_agent(void **state)
{
	(void)state;
	static const struct {
		const char *url, *proxy, *ca, *cert, *curl, *tls, *resolve;
	} ways[] = {
	        {"https://a.example/x?type=pmta", "", "", "",
	         "curl -v -d '' --noproxy '*' 'https://a.example/x?type=pmta'",
	         "openssl s_client -connect a.example:443 -servername a.example </dev/null",
	         "getent ahosts a.example"},
	        {"https://a.example:8443/x", "", "/etc/my ca.pem", "",
	         "curl -v -d '' --noproxy '*' --cacert '/etc/my ca.pem' https://a.example:8443/x",
	         "openssl s_client -connect a.example:8443 -servername a.example -CAfile "
	         "'/etc/my ca.pem' </dev/null",
	         "getent ahosts a.example"},
	        {"https://[2001:db8::1]:8443/x", "", "", "/c.pem",
	         "curl -v -d '' --noproxy '*' --cert /c.pem --key /c.pem "
	         "'https://[2001:db8::1]:8443/x'",
	         "openssl s_client -connect '[2001:db8::1]:8443' -cert /c.pem -key /c.pem "
	         "</dev/null",
	         "getent ahosts 2001:db8::1"},
	        {"https://192.0.2.7/x", "", "", "",
	         "curl -v -d '' --noproxy '*' https://192.0.2.7/x",
	         "openssl s_client -connect 192.0.2.7:443 </dev/null", "getent ahosts 192.0.2.7"},
	        {"https://a.example/x", "http://proxy.example:3128", "", "",
	         "curl -v -d '' --proxy http://proxy.example:3128 https://a.example/x",
	         "curl -v -d '' --proxy http://proxy.example:3128 https://a.example/x",
	         "getent ahosts proxy.example"},
	        {"https://a.example/x", "[::1]:3128", "", "",
	         "curl -v -d '' --proxy '[::1]:3128' https://a.example/x",
	         "curl -v -d '' --proxy '[::1]:3128' https://a.example/x", "getent ahosts ::1"},
	        {"https://a.example/x?key=secret&type=pmta", "", "", "",
	         "curl -v -d '' --noproxy '*' 'https://a.example/x?key=***&type=pmta'",
	         "openssl s_client -connect a.example:443 -servername a.example </dev/null",
	         "getent ahosts a.example"},
	};
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct fix fix;
		const struct ship_conf e = {.url = (char *)ways[i].url,
		                            .proxy = (char *)ways[i].proxy,
		                            .ca_file = (char *)ways[i].ca,
		                            .client_cert = (char *)ways[i].cert,
		                            .client_key = (char *)ways[i].cert};
		assert_string_equal(way_curl(&e, &fix), ways[i].curl);
		assert_string_equal(way_tls(&e, &fix), ways[i].tls);
		assert_string_equal(way_resolve(&e, &fix), ways[i].resolve);
	}
}

/* ---- redirects ---- */

static void test_addresses_that_may_stand_in_url(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *unfit;
	} targets[] = {
	        {"http://a.example/x", "https://a.example/x", NULL},
	        {"https://a.example/x", "https://b.example/y?type=pmta", NULL},
	        {"http://127.0.0.1/x", "http://127.0.0.1/y", NULL},
	        {"https://a.example/x", "http://a.example/x", "is not encrypted"},
	        {"https://a.example/x", "https://a.example/login?next=/x", "is a login page"},
	        {"https://a.example/x", "https://a.example/app/SignIn", "is a login page"},
	        {"https://login.example/x", "https://login.example/hook", NULL},
	        {"https://a.example/x", "ftp://a.example/x", "is no http address"},
	        {"https://a.example/x", "https://u:p@a.example/x", "cannot be set as url"},
	        {"https://a.example/x", "https://a.example/\"x", "cannot be set as url"},
	        {"https://a.example/x", "https://a.example/\n", "cannot be set as url"},
	};
	for (size_t i = 0; i < COUNT(targets); i++) {
		const char *unfit = redirect_unfit(targets[i].from, targets[i].to);
		assert_string_equal(unfit ? unfit : "", targets[i].unfit ? targets[i].unfit : "");
	}
}

static void test_credentials_go_to_the_same_server_only(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
		bool keeps;
	} targets[] = {
	        {"https://a.example/x", "https://a.example/y", true},
	        {"https://a.example/x", "https://A.example:443/y", true},
	        {"http://a.example/x", "https://a.example/x", true},
	        {"https://a.example/x", "https://b.example/x", false},
	        {"https://a.example/x", "https://a.example.evil/x", false},
	        {"https://a.example/x", "https://a.example:8443/x", false},
	        {"http://a.example:8080/x", "https://a.example/x", false},
	        {"http://a.example/x", "http://a.example/y", false},
	};
	for (size_t i = 0; i < COUNT(targets); i++)
		assert_int_equal(redirect_keeps_credentials(targets[i].from, targets[i].to),
		                 targets[i].keeps);
}

/* ---- secrets ---- */

static void test_texts_that_are_not_the_secret_itself(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} secrets[] = {
	        {"abc123", NULL},
	        {"abc123\n", NULL},
	        {"abc123\r\n", NULL},
	        {"a=b/c+d==\n", NULL},
	        {"", NULL}, /* an empty one is a mistake in the configuration */
	        {"\xef\xbb\xbfxyz\n", "begins with a byte order mark"},
	        {" abc\n", "begins or ends with a blank"},
	        {"abc \r\n", "begins or ends with a blank"},
	        {"abc\t", "begins or ends with a blank"},
	        {"\"abc\"\n", "is in quotes"},
	        {"'abc'", "is in quotes"},
	        {"Bearer abc\n", "begins with the name of its header, which the agent adds"},
	        {"X-Octeth-Signature: abc\n",
	         "begins with the name of its header, which the agent adds"},
	        {"ab c\n", "has a blank in it"},
	        {"ab\xc3\xa9\n", "has bytes outside ASCII in it"},
	};
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const char *why = secret_text_look(slice_of(secrets[i].text)).why;
		assert_string_equal(why ? why : "", secrets[i].why ? secrets[i].why : "");
	}
}

/* The script that doctor prints leaves the secret itself. */
static void test_the_advice_repairs_the_secret(void **state)
{
	(void)state;
	static const char *const texts[] = {"\xef\xbb\xbfxyz\n",
	                                    " \txyz\n",
	                                    "xyz \r\n",
	                                    "\"xyz\"\r\n",
	                                    "Bearer xyz\n",
	                                    "X-Octeth-Signature: xyz\n",
	                                    "Authorization: Bearer xyz\n"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct fix fix;
		char got[64] = "";
		temp_rewrite("it's secret", texts[i]);
		struct secret_mistake m = secret_text_look(slice_of(texts[i]));
		assert_non_null(m.sed);
		(void)fix_command(&fix, "sed -i %s %s", m.sed, temp_path("it's secret"));
		assert_int_equal(system(fix.text), 0);
		FILE *f = fopen(temp_path("it's secret"), "r");
		assert_non_null(f);
		assert_non_null(fgets(got, sizeof(got), f));
		(void)fclose(f);
		got[strcspn(got, "\r\n")] = '\0';
		assert_string_equal(got, "xyz");
	}
}

/* ---- metrics-listen ---- */

static void test_who_reaches_the_listener(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		enum listen_reach reach;
	} addresses[] = {
	        {"127.0.0.1:9468", LISTEN_HERE},   {"127.1.2.3:9468", LISTEN_HERE},
	        {"[::1]:9468", LISTEN_HERE},       {"localhost:9468", LISTEN_HERE},
	        {"0.0.0.0:9468", LISTEN_EVERY},    {"0:9468", LISTEN_EVERY},
	        {"[::]:9468", LISTEN_EVERY},       {"[0:0::0]:9468", LISTEN_EVERY},
	        {"*:9468", LISTEN_EVERY},          {"192.0.2.7:9468", LISTEN_SOME},
	        {"[2001:db8::1]:80", LISTEN_SOME}, {"host.example:80", LISTEN_SOME},
	};
	for (size_t i = 0; i < COUNT(addresses); i++)
		assert_int_equal(listen_reach(addresses[i].address), addresses[i].reach);
}

/* ---- other shippers ---- */

struct seen {
	enum finding_level level;
	bool unchecked;
	char text[512], fix[128];
};

static void see(const struct finding *f, void *arg)
{
	struct seen *s = arg;
	s->level = f->level;
	s->unchecked = f->unchecked;
	(void)snprintf(s->text, sizeof(s->text), "%s", f->text);
	(void)snprintf(s->fix, sizeof(s->fix), "%s", f->fix ? f->fix : "");
}

static const struct {
	enum unit_known known;
	const char *load, *active, *enabled;
	enum finding_level level;
	const char *words, *fix;
} shippers[] = {
        {UNIT_FOUND, "loaded", "active", "enabled", FINDING_PROBLEM, "is running",
         "systemctl disable --now logstash"},
        {UNIT_FOUND, "loaded", "active", "disabled", FINDING_PROBLEM, "is running",
         "systemctl stop logstash"},
        {UNIT_FOUND, "loaded", "inactive", "enabled", FINDING_PROBLEM, "starts at the next boot",
         "systemctl disable logstash"},
        {UNIT_FOUND, "loaded", "inactive", "disabled", FINDING_INFO, "leave it so", ""},
        {UNIT_FOUND, "masked", "inactive", "masked", FINDING_INFO, "leave it so", ""},
        {UNIT_NONE, "", "", "", FINDING_WARNING, "not checked", ""},
        {UNIT_NO_SYSTEMD, "", "", "", FINDING_WARNING, "not checked", ""},
};

static void test_another_shipper_by_its_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shippers); i++) {
		struct seen s = {0};
		const struct teller to = {see, &s};
		struct unit u = {.known = shippers[i].known, .name = "logstash"};
		(void)snprintf(u.load, sizeof(u.load), "%s", shippers[i].load);
		(void)snprintf(u.active, sizeof(u.active), "%s", shippers[i].active);
		(void)snprintf(u.enabled, sizeof(u.enabled), "%s", shippers[i].enabled);
		shippers_tell(&to, "source x", "Logstash", "/etc/x:1", &u);
		assert_int_equal(s.level, shippers[i].level);
		assert_int_equal(s.unchecked, u.known != UNIT_FOUND);
		assert_non_null(strstr(s.text, shippers[i].words));
		assert_string_equal(s.fix, shippers[i].fix);
	}
}

/* ---- the sandbox ---- */

static void test_folders_that_a_sandbox_hides(void **state)
{
	(void)state;
	static const struct {
		const char *shown, *folder, *setting;
	} cases[] = {
	        {"ProtectHome=yes\nPrivateTmp=yes\n", "/home/x/pmta", "ProtectHome"},
	        {"ProtectHome=yes\nPrivateTmp=yes\n", "/var/tmp/x", "PrivateTmp"},
	        {"ProtectHome=yes\nPrivateTmp=yes\n", "/tmp", "PrivateTmp"},
	        {"ProtectHome=yes\nPrivateTmp=yes\n", "/homes/x", NULL},
	        {"ProtectHome=read-only\nPrivateTmp=no\n", "/home/x/pmta", NULL},
	        {"ProtectHome=no\nPrivateTmp=no\n", "/tmp/x", NULL},
	        {"ProtectHome=tmpfs\nBindReadOnlyPaths=/home/x/pmta:/home/x/pmta:rbind\n",
	         "/home/x/pmta", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct unit u;
		char text[256];
		(void)snprintf(text, sizeof(text), "LoadState=loaded\n%s", cases[i].shown);
		unit_parse(text, &u);
		const char *setting = unit_hides(&u, cases[i].folder);
		assert_string_equal(setting ? setting : "",
		                    cases[i].setting ? cases[i].setting : "");
	}
}

static void test_folders_that_systemd_makes(void **state)
{
	(void)state;
	struct unit u;
	unit_parse("LoadState=loaded\nStateDirectory=other pmta-shipper\nRuntimeDirectory=p\n", &u);
	assert_true(unit_makes(&u, "/var/lib/pmta-shipper"));
	assert_true(unit_makes(&u, "/run/p"));
	assert_false(unit_makes(&u, "/var/lib/pmta"));
	assert_false(unit_makes(&u, "/srv/pmta-shipper"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_commands_go_the_way_of_the_agent),
	        cmocka_unit_test(test_addresses_that_may_stand_in_url),
	        cmocka_unit_test(test_credentials_go_to_the_same_server_only),
	        cmocka_unit_test(test_texts_that_are_not_the_secret_itself),
	        cmocka_unit_test_setup_teardown(test_the_advice_repairs_the_secret, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test(test_who_reaches_the_listener),
	        cmocka_unit_test(test_another_shipper_by_its_state),
	        cmocka_unit_test(test_folders_that_a_sandbox_hides),
	        cmocka_unit_test(test_folders_that_systemd_makes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
