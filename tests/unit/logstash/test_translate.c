/* Pipelines and their translations: carried over, or named with the line; nothing in silence. */
#include "tests/unit/temp.h"

#include "logstash/select.h"
#include "logstash/select_match.h"
#include "logstash/translate.h"

/* The configuration, and the notes after it. */
static char *translated(const char *text)
{
	struct pipeline p;
	struct err err = {0};
	char *made = NULL, *notes = NULL, *positions = NULL, *all = NULL;
	size_t len;
	assert_int_equal(pipeline_parse(&p, "p", text, &err), 0);
	struct translation t = {.p = &p, .signature_file = "/no/s", .token_file = "/no/t"};
	t.out = open_memstream(&made, &len);
	t.notes = open_memstream(&notes, &len);
	t.positions = open_memstream(&positions, &len);
	assert_true(t.out && t.notes && t.positions);
	translate(&t);
	(void)fclose(t.out);
	(void)fclose(t.notes);
	(void)fclose(t.positions);
	for (size_t i = 0; i < p.n; i++)
		if (!p.items[i].used)
			fail_msg("line %u: %s %s is lost", p.items[i].line, p.items[i].name,
			         p.items[i].key ? p.items[i].key : "");
	pipeline_free(&p);
	assert_true(asprintf(&all, "%s\n%s", made, notes) >= 0);
	free(made);
	free(notes);
	free(positions);
	return all;
}

static void has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no %s in:\n%s", wanted, text);
}

#define IN "input { file { path => \"/a/acct-*.csv\" sincedb_path => \"/s\" } }\n"
#define BOUNCES "input { file { path => \"/a/bounces-*.csv\" } }\n"
#define OUT "output { http { url => \"https://h.example.com/in\" } }\n"

/* ---- conditions select rows ---- */

static void test_conditions_select_the_records(UNUSED void **state)
{
	static const struct {
		const char *pipeline, *records, *note;
	} cases[] = {
	        {IN OUT, "{ \"b\", \"rb\", \"f\" }", "nothing in this pipeline selects rows"},
	        {BOUNCES OUT, "{ \"b\", \"rb\" }", ""},
	        {BOUNCES "filter { if [message] =~ /^f,/ { csv { } } }" OUT, "{ \"f\" }",
	         "let no b rows of bounces through"},
	        {IN "filter { if [message] !~ /^f,/ { drop {} } }" OUT, "{ \"f\" }", ""},
	        {IN "filter { if [message] =~ /^\"?(?:b|rb)\"?,/ { csv {} } else { drop {} } }" OUT,
	         "{ \"b\", \"rb\" }", ""},
	        {IN "filter { if [message] !~ /^[bf],/ { drop {} } }" OUT, "{ \"b\", \"f\" }",
	         "let no rb rows of acct through"},
	        {IN "filter { csv { columns => [\"t\"] } if [t] not in [\"b\", \"rb\"] { drop {} } "
	            "}" OUT,
	         "{ \"b\", \"rb\" }", ""},
	        {IN "filter { csv { columns => [\"t\"] } if ! ([t] == 'f' or [t] == \"b\") { drop "
	            "{} } "
	            "}" OUT,
	         "{ \"b\", \"f\" }", ""},
	        {IN "filter { if [message] =~ /^(b|d),/ { csv {} } }" OUT, "{ \"b\" }",
	         "line 1: rows of type d of acct are sent by this pipeline"},
	        {IN "filter { if [message] =~ /^(d|t|tq),.{3}\\/{/ { drop {} } "
	            "if [message] =~ /^b,/ { csv {} } else if [message] =~ /^rb,/ { csv {} } }" OUT,
	         "{ \"b\", \"rb\" }", ""},
	        {IN "filter { if [message] =~ /^f,/ { dissect { mapping => { \"message\" => "
	            "\"%{a},%{b}\" } } } grok { match => { \"a\" => \"%{IP}\" } } }" OUT,
	         "{ \"f\" }", "filter dissect is not carried over"},
	        {BOUNCES "filter { drop {} }" OUT, "{ \"b\", \"rb\" }",
	         "this pipeline sends no b or rb rows"},
	        {IN "filter { if [a] { drop {} } }" OUT, "{ \"b\", \"rb\", \"f\" }",
	         "line 2: the condition 'if [a]' is not carried over: rows that it drops"},
	        {IN "filter { if [message] =~ /^b,/ and [x] > 3 { csv {} } }" OUT, "{ \"b\" }",
	         "is not carried over: rows are shipped whether it holds"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char wanted[64];
		char *got = translated(cases[i].pipeline);
		(void)snprintf(wanted, sizeof(wanted), "\trecords = %s\n", cases[i].records);
		has(strstr(got, "\nsource "), wanted);
		if (strncmp(strstr(got, "records = "), wanted + 1, strlen(wanted) - 1) != 0)
			fail_msg("%s gives %.60s", cases[i].pipeline, strstr(got, "records = "));
		has(got, cases[i].note);
		if (!*cases[i].note && strstr(got, "the condition '"))
			fail_msg("%s", got);
		free(got);
	}
}

static void test_answers_of_conditions(UNUSED void **state)
{
	static const struct {
		const char *condition;
		enum select b, rb, f;
	} cases[] = {
	        {"", SELECT_YES, SELECT_YES, SELECT_YES},
	        {"[message] =~ /^b/", SELECT_YES, SELECT_NO, SELECT_NO},
	        {"[message] =~ \"^b,\"", SELECT_YES, SELECT_NO, SELECT_NO},
	        {"[message] =~ /^(b|rb)\\b/", SELECT_YES, SELECT_YES, SELECT_NO},
	        {"[event][original] =~ /^b,|^f,/", SELECT_YES, SELECT_NO, SELECT_YES},
	        {"[message] =~ /^b,.*hotmail/", SELECT_MAYBE, SELECT_NO, SELECT_NO},
	        {"[message] =~ /^b,.*$/", SELECT_YES, SELECT_NO, SELECT_NO},
	        {"[message] =~ /hotmail/", SELECT_MAYBE, SELECT_MAYBE, SELECT_MAYBE},
	        {"[message] =~ /^[a-z],/", SELECT_MAYBE, SELECT_MAYBE, SELECT_MAYBE},
	        {"[logType] =~ /^r?b$/", SELECT_MAYBE, SELECT_MAYBE, SELECT_MAYBE},
	        {"[logType] =~ /^(b|rb)$/", SELECT_YES, SELECT_YES, SELECT_NO},
	        {"[logType] == \"b\" or [logType] == \"f\"", SELECT_YES, SELECT_NO, SELECT_YES},
	        {"!([logType] == \"b\")", SELECT_NO, SELECT_YES, SELECT_YES},
	        {"[logType] in [\"b\", \"f\"] and [x]", SELECT_MAYBE, SELECT_NO, SELECT_MAYBE},
	        {"[logType] not in ['b']", SELECT_NO, SELECT_YES, SELECT_YES},
	        {"[type] == \"pmta\"", SELECT_YES, SELECT_YES, SELECT_YES},
	        {"\"eu\" in [tags]", SELECT_YES, SELECT_YES, SELECT_YES},
	        {"\"us\" in [tags]", SELECT_NO, SELECT_NO, SELECT_NO},
	        {"\"_csvparsefailure\" in [tags]", SELECT_MAYBE, SELECT_MAYBE, SELECT_MAYBE},
	        {"[path] =~ /acct/", SELECT_YES, SELECT_YES, SELECT_YES},
	        {"\"fbl\" in [log][file][path]", SELECT_NO, SELECT_NO, SELECT_NO},
	        {"[logType] == \"b\" xor [x]", SELECT_MAYBE, SELECT_MAYBE, SELECT_MAYBE},
	        {"((((", SELECT_MAYBE, SELECT_MAYBE, SELECT_MAYBE},
	};
	struct pipeline p;
	struct err err = {0};
	assert_int_equal(pipeline_parse(&p, "p",
	                                "input { file { type => pmta tags => [\"eu\"] } } "
	                                "filter { csv { columns => [\"logType\", \"x\"] } }",
	                                &err),
	                 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const enum select want[] = {cases[i].b, cases[i].rb, cases[i].f};
		static const char *const types[] = {"b", "rb", "f"};
		for (size_t j = 0; j < 3; j++) {
			const struct select_row row = {
			        .p = &p, .type = types[j], .path = "/a/acct-*.csv"};
			if (select_condition(&row, cases[i].condition) != want[j])
				fail_msg("%s of %s", cases[i].condition, types[j]);
		}
	}
	pipeline_free(&p);
}

static void test_conditions_select_the_endpoint(UNUSED void **state)
{
	char *got = translated(
	        "input { file { path => \"/a/bounces-*.csv\" type => \"x\" }\n"
	        "file { path => \"/a/fbl-*.csv\" type => \"y\" } }\n"
	        "output { if [type] == \"y\" { http { url => \"https://fbl.example.com/\" } }\n"
	        "else if [path] =~ /bounces/ { http { url => \"https://b.example.com/\" } } }");
	has(strstr(got, "source bounces"), "endpoint = \"octeth2\"");
	has(strstr(got, "source fbl"), "endpoint = \"octeth\"\n");
	has(strstr(got, "endpoint octeth {"), "https://fbl.example.com/");
	assert_null(strstr(got, "the condition"));
	free(got);
	got = translated(IN
	                 "filter { csv { columns => [\"t\"] } }\n"
	                 "output { if [t] == \"f\" { http { url => \"https://f.example.com/\" } }\n"
	                 "else { http { url => \"https://b.example.com/\" } } }");
	has(got, "line 4: this output gets b rows of acct, too, but a source has one endpoint "
	         "(octeth): octeth2 gets no rows of it");
	free(got);
}

/* ---- everything else is named ---- */

#define EVERYTHING                                                                                 \
	"input {\n"                                                                                \
	"  file {\n"                                                                               \
	"    path => [\"/var/log/pmta/bounces-*.csv\"]\n"                                          \
	"    type => \"pmta-bounce\"\n"                                                            \
	"    exclude => \"*.gz\"\n"                                                                \
	"    mode => \"read\"\n"                                                                   \
	"    file_completed_action => \"log\"\n"                                                   \
	"    file_completed_log_path => \"/tmp/done\"\n"                                           \
	"    codec => plain { charset => \"ISO-8859-1\" }\n"                                       \
	"    sincedb_path => \"/dev/null\"\n"                                                      \
	"    start_position => \"end\"\n"                                                          \
	"    tags => [\"x\"]\n"                                                                    \
	"    foo => 3\n"                                                                           \
	"  }\n"                                                                                    \
	"  file { path => \"/var/log/pmta/fbl-*.csv\" type => \"pmta-fbl\" sincedb_path => "       \
	"\"${SDB:/var/x}\" }\n"                                                                    \
	"}\n"                                                                                      \
	"filter {\n"                                                                               \
	"  if [type] == \"pmta-fbl\" {\n"                                                          \
	"    if [message] !~ /^f,/ { drop { } }\n"                                                 \
	"    csv { columns => [\"logType\",\"a\"] }\n"                                             \
	"  } else {\n"                                                                             \
	"    if [message] =~ /^(b|d),/ { csv { columns => [\"logType\",\"a\"] separator => \";\" " \
	"} } else { drop {} }\n"                                                                   \
	"    if [bounceCat] == \"spam-related\" { drop {} }\n"                                     \
	"  }\n"                                                                                    \
	"  if \"_csvparsefailure\" in [tags] { drop {} }\n"                                        \
	"  mutate { gsub => [\"a\",\"b\",\"c\"] remove_field => [\"message\",\"dsnDiag\"] "        \
	"convert => { \"a\" => \"integer\" } }\n"                                                  \
	"  ruby { code => \"event.set('x', 1)\" }\n"                                               \
	"}\n"                                                                                      \
	"output {\n"                                                                               \
	"  if [type] == \"pmta-bounce\" {\n"                                                       \
	"    http { url => \"https://a.example.com/in\" http_method => post format => \"json\" "   \
	"retry_failed => true request_timeout => 10 pool_max => 50 cookies => true }\n"            \
	"  } else {\n"                                                                             \
	"    http { url => \"https://b.example.com/fbl\" http_method => post format => \"json\" "  \
	"}\n"                                                                                      \
	"  }\n"                                                                                    \
	"  if [foo] { http { url => \"https://c.example.com/fbl\" } }\n"                           \
	"  elasticsearch { hosts => [\"x\"] }\n"                                                   \
	"}\n"

static void test_everything_of_a_pipeline_is_carried_over_or_named(UNUSED void **state)
{
	static const char *const wanted[] = {
	        "line 5: exclude '*.gz' of file is not carried over",
	        "line 6: mode 'read' of file is not carried over: Logstash deletes what it has "
	        "read",
	        "line 7: file_completed_action 'log' of file is not carried over",
	        "line 8: file_completed_log_path '/tmp/done' of file is not carried over",
	        "line 9: codec 'ISO-8859-1' of file is not carried over",
	        "line 10: this Logstash keeps no position (sincedb_path is /dev/null)",
	        "line 11: start_position 'end' of file is not carried over",
	        "line 12: tags 'x' of file is not added",
	        "line 13: foo of input file has no counterpart",
	        "line 15: sincedb_path of file has the default of its variable",
	        "separator of csv is not carried over",
	        "line 23: the condition 'if [bounceCat] == \"spam-related\"' is not carried over",
	        "line 25: the condition 'if \"_csvparsefailure\" in [tags]' is not carried over",
	        "line 26: gsub of mutate is not carried over",
	        "line 26: remove_field 'dsnDiag' of mutate is not carried over",
	        "remove_field of mutate (line 26)",
	        "line 27: filter ruby is not carried over",
	        "pool_max of http (line 31)",
	        "line 31: request_timeout 10 is not carried over",
	        "line 31: cookies of output http has no counterpart",
	        "line 35: this output gets f rows of fbl, too",
	        "line 35: the condition 'if [foo]' is not carried over",
	        "line 36: output elasticsearch is not carried over",
	};
	char *got = translated(EVERYTHING);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		has(got, wanted[i]);
	free(got);
}

static void test_settings_of_logstash_itself_are_counted(UNUSED void **state)
{
	char *got = translated("# x\n- pipeline.id: a\n  queue.type: persisted\n" IN OUT);
	has(got,
	    "line 2: 2 lines outside of input, filter and output, from this one on, are settings");
	free(got);
	got = translated("\xef\xbb\xbf" IN OUT "\n# end\n");
	assert_null(strstr(got, "outside of"));
	free(got);
}

static void test_variables_are_named(UNUSED void **state)
{
	char *got = translated(
	        "input { file { path => \"${LOGS}/b.csv\"\nsincedb_path => \"${DB}\" } }"
	        "output { http {\nurl => \"${URL}\" } }");
	has(got, "line 1: path '${LOGS}/b.csv' is not carried over: its folder is unknown, because "
	         "only Logstash knows its variables");
	has(got, "line 2: sincedb_path '${DB}' is a variable of Logstash");
	has(got, "line 3: url is not carried over: Logstash expands ${}");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_conditions_select_the_records),
	        cmocka_unit_test(test_answers_of_conditions),
	        cmocka_unit_test(test_conditions_select_the_endpoint),
	        cmocka_unit_test(test_everything_of_a_pipeline_is_carried_over_or_named),
	        cmocka_unit_test(test_settings_of_logstash_itself_are_counted),
	        cmocka_unit_test(test_variables_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
