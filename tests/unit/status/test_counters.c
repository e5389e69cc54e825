/*
 * test_counters.c - counters.h: counters continue over a reload, by name.
 */
#include "tests/unit/temp.h"

#include "conf/conf.h"
#include "record/columns.h"
#include "status/counters.h"

static struct conf_source sources[2];
static struct ship_conf endpoints[2];
static struct conf conf = {.sources = sources, .endpoints = endpoints};

static const struct conf *configured(const char *s1, const char *s2, const char *e1)
{
	sources[0].name = (char *)s1;
	sources[1].name = (char *)s2;
	endpoints[0].name = (char *)e1;
	conf.nsources = s2 ? 2 : 1;
	conf.nendpoints = 1;
	return &conf;
}

static void record(struct counters *c, size_t source, enum record_type type, const char *category,
                   const char *rcpt)
{
	const struct slice cells[] = {slice_of("type"), slice_of("rcpt"), slice_of("bounceCat")};
	const struct slice fields[] = {slice_of("b"), slice_of(rcpt), slice_of(category)};
	struct columns *columns;
	assert_int_equal(columns_new(&columns, cells, 3, "logType"), 0);
	const struct record rec = {.type = type,
	                           .columns = columns,
	                           .fields = fields,
	                           .nfields = 3,
	                           .mark = {100, 350, {{0}}},
	                           .utf8_repaired = 2};
	counters_record(c, &c->sources[source], &rec);
	(void)columns_free(columns);
}

static uint64_t category(const struct source_counters *s, const char *name)
{
	for (size_t i = 0; i < CATEGORIES; i++) {
		if (strcmp(category_names[i], name) == 0)
			return s->by_category[i];
	}
	fail_msg("no category %s", name);
	return 0;
}

static void test_records_by_type_category_and_domain(void **state)
{
	(void)state;
	struct counters *c;
	assert_int_equal(counters_open(&c, configured("a", NULL, "e"), NULL), 0);
	const struct source_counters *s = &c->sources[0];
	record(c, 0, RECORD_BOUNCED, "bad-mailbox", "x@example.org");
	record(c, 0, RECORD_REMOTE_BOUNCE, "bad-mailbox", "x@example.org");
	record(c, 0, RECORD_BOUNCED, "quota-issues", "x@example.org");
	record(c, 0, RECORD_BOUNCED, "of-our-own", "x@example.org");
	record(c, 0, RECORD_BOUNCED, "other", "x@example.org");
	record(c, 0, RECORD_BOUNCED, "bad-mailbo", "x@example.org");
	record(c, 0, RECORD_BOUNCED, "", "x@example.org");
	record(c, 0, RECORD_FEEDBACK, "bad-mailbox", "x@example.org"); /* no bounce */
	assert_int_equal(s->by_type[RECORD_BOUNCED], 6);
	assert_int_equal(s->by_type[RECORD_REMOTE_BOUNCE], 1);
	assert_int_equal(s->by_type[RECORD_FEEDBACK], 1);
	assert_int_equal(category(s, "bad-mailbox"), 2);
	assert_int_equal(category(s, "quota-issues"), 1);
	assert_int_equal(category(s, "other"), 3);
	assert_int_equal(category(s, "none"), 1);
	assert_int_equal(c->hard.others, 2);
	assert_int_equal(s->utf8_repaired, 16);
	(void)counters_close(c);
}

static void test_a_reload_hands_on_counters_of_the_same_name(void **state)
{
	(void)state;
	struct counters *c, *next;
	assert_int_equal(counters_open(&c, configured("a", "b", "e"), NULL), 0);
	record(c, 0, RECORD_BOUNCED, "bad-domain", "x@example.org");
	const struct mark mark = {10, 25, {{0}}};
	amount_add(&c->sources[1].read, &mark);
	amount_add(&c->sources[1].read, &mark);
	c->endpoints[0].meter.retries = 3;
	assert_int_equal(counters_open(&next, configured("b", "new", "e"), c), 0);
	(void)counters_close(c);
	assert_string_equal(next->sources[0].name, "b");
	assert_int_equal(next->sources[0].read.records, 2);
	assert_int_equal(next->sources[0].read.bytes, 30);
	assert_int_equal(next->sources[1].read.records, 0);
	assert_int_equal(next->sources[1].by_type[RECORD_BOUNCED], 0);
	assert_int_equal(next->endpoints[0].meter.retries, 3);
	assert_int_equal(next->hard.others, 1);
	(void)counters_close(next);
}

static void test_a_tailers_counters_go_on_in_the_next_tailer(void **state)
{
	(void)state;
	struct source_counters s = {0};
	/* The counts from the store do not belong to this process. */
	const struct tail_counters first = {.rotations = 100},
	                           later = {.rotations = 104, .rescans = 9},
	                           second = {.rotations = 104},
	                           last = {.rotations = 105, .rescans = 2};
	counters_tail_open(&s, &first);
	assert_int_equal(counters_tail(&s, &first).rotations, 0);
	assert_int_equal(counters_tail(&s, &later).rotations, 4);
	counters_tail_open(&s, &later); /* a reload that keeps the tailer */
	assert_int_equal(counters_tail(&s, &later).rotations, 4);
	counters_tail_close(&s, &later);
	counters_tail_open(&s, &second);
	assert_int_equal(counters_tail(&s, &second).rotations, 4);
	assert_int_equal(counters_tail(&s, &last).rotations, 5);
	assert_int_equal(counters_tail(&s, &last).rescans, 11);
}

static void test_a_counter_of_losses_does_not_fall_when_one_is_withdrawn(void **state)
{
	(void)state;
	struct source_counters s = {0};
	const struct tail_counters first = {.gone_unread = 3}, lost = {.gone_unread = 4},
	                           back = {.gone_unread = 1, .found_again = 3};
	counters_tail_open(&s, &first);
	assert_int_equal(counters_tail(&s, &lost).gone_unread, 1);
	assert_int_equal(counters_tail(&s, &back).gone_unread, 1);
	counters_tail_close(&s, &back);
	assert_int_equal(s.tail.gone_unread, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_records_by_type_category_and_domain),
	        cmocka_unit_test(test_a_reload_hands_on_counters_of_the_same_name),
	        cmocka_unit_test(test_a_tailers_counters_go_on_in_the_next_tailer),
	        cmocka_unit_test(test_a_counter_of_losses_does_not_fall_when_one_is_withdrawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
