/* When a batch is complete: full while rows wait, by its age when it can go out. */
#include "tests/unit/ship/rig.h"

#include "record/columns.h"
#include "record/record.h"

static void open_lanes(size_t lanes)
{
	struct err err;
	s = ship_close(s);
	assert_int_equal(ship_open(&s, &conf, 1, lanes, &hooks, &err), 0);
}

/* A source that waits for a lane of the one endpoint. */
struct queue {
	unsigned lane, every_ms; /* a row each */
	size_t written, added;
	char file; /* its tag */
};

static void take_in(struct queue *q)
{
	const struct slice cells[] = {slice_of("type"), slice_of("a")};
	const struct slice fields[] = {slice_of("b"), slice_of("good")};
	struct columns *c;
	assert_int_equal(columns_new(&c, cells, 2, "type"), 0);
	for (; q->added < q->written && ship_room(s, q->lane, 0); q->added++) {
		const struct ship_tag tag = {q->lane + 1, &q->file};
		const uint64_t start = q->added * 10;
		const struct record rec = {.type = RECORD_BOUNCED,
		                           .columns = c,
		                           .fields = fields,
		                           .nfields = 2,
		                           .raw = {"b,123456\r\n", 10},
		                           .mark = {start, start + 10, {{1}}}};
		const struct ship_item item = {.start = start, .mark = rec.mark};
		assert_true(ship_add(s, q->lane, 0, &tag, &rec, &item, false, now_ms) >= 0);
	}
	(void)columns_free(c);
}

/* The loop of the agent: what was written is added, and what is due goes out. */
static void go_for(struct queue *queues, size_t n, int64_t ms)
{
	const int64_t begun = now_ms;
	while (now_ms - begun < ms) {
		for (size_t i = 0; i < n; i++) {
			queues[i].written = (size_t)(now_ms - begun) / queues[i].every_ms;
			take_in(&queues[i]);
		}
		(void)ship_seal_old(s, now_ms);
		ship_stored(s);
		settle();
		now_ms += 20;
	}
}

/* Two sources at 20 and 5 rows a second, and as many requests a minute as the limit allows. */
static void deliver_under(unsigned per_minute)
{
	struct queue queues[] = {{0, 50, 0, 0, 0}, {1, 200, 0, 0, 0}};
	conf.batch_records = 500;
	conf.batch_bytes = 1 << 20;
	conf.requests_per_minute = per_minute;
	open_lanes(2);
	go_for(queues, 2, 120000);
	size_t written = queues[0].written + queues[1].written;
	assert_int_equal(queues[0].added + queues[1].added, written);
	assert_in_range(status().meter.accepted_records, written - 25 * 60 / per_minute * 3 - 50,
	                written);
}

static void test_a_limit_of_requests_is_no_limit_of_records(void **state)
{
	(void)state;
	deliver_under(100);
	deliver_under(30);
}

/* Nothing is answered: what was begun is filled, and then reading stops. */
static void test_a_lane_fills_its_batch_while_the_queue_is_full(void **state)
{
	(void)state;
	struct queue queues[] = {{0, 1, 1000, 0, 0}, {1, 1, 1000, 0, 0}};
	open_lanes(2);
	take_in(&queues[0]);
	take_in(&queues[1]);
	size_t added = queues[0].added + queues[1].added;
	assert_in_range(added, 4 * 4, (4 + 2 + 1) * 4);
	assert_int_equal(added % 4, 0);
	assert_false(ship_has_open(s, 0) || ship_has_open(s, 1));
	ship_stored(s);
	run();
	assert_int_equal(status().meter.accepted_records, added);
	assert_int_equal(status().meter.accepted_batches, added / 4);
}

/* A record that does not fit begins the next batch: that must not make room for ever. */
static void test_S3_batches_that_are_full_by_bytes_are_bounded(void **state)
{
	(void)state;
	conf.batch_records = 1000;
	conf.batch_bytes = 100;
	struct queue queue = {0, 1, 100000, 0, 0};
	open_lanes(1);
	take_in(&queue);
	assert_in_range(status().batches, conf.in_flight, conf.in_flight + 2);
	ship_stored(s);
	run_for(1000);
}

/* It would only stand behind those that wait; as long as it is open, it grows. */
static void test_an_old_batch_is_complete_when_it_can_go_out(void **state)
{
	(void)state;
	conf.requests_per_minute = 1;
	open_lanes(1);
	add_many(0, 1);
	now_ms += 1000;
	assert_true(ship_seal_old(s, now_ms));
	ship_stored(s);
	settle();
	expect("A0-10 ");
	turn();
	add_many(1, 2);
	now_ms += 1000;
	assert_false(ship_seal_old(s, now_ms));
	int64_t wait = ship_timeout(s, now_ms);
	assert_in_range(wait, 57000, 59000);
	now_ms += wait - 1;
	assert_false(ship_seal_old(s, now_ms));
	now_ms++;
	assert_true(ship_seal_old(s, now_ms));
	ship_stored(s);
	settle();
	expect("A10-20 ");
}

/* The loop must not turn for a batch that nothing can be done for. */
static void test_an_old_batch_waits_for_an_answer_without_turns(void **state)
{
	(void)state;
	conf.in_flight = 1;
	open_lanes(2);
	struct queue queues[] = {{0, 1, 1, 0, 0}, {1, 1, 1, 0, 0}};
	take_in(&queues[0]);
	take_in(&queues[1]);
	now_ms += 5000;
	assert_true(ship_seal_old(s, now_ms));
	assert_true(ship_has_open(s, 1)); /* one request at a time: the other may grow */
	assert_int_equal(ship_timeout(s, now_ms), -1); /* nor for a store that takes no writes */
	ship_stored(s);
	struct err err;
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	if (ship_in_flight(s) > 0)
		assert_int_equal(ship_timeout(s, now_ms), -1);
	settle();
	turn();
	assert_int_equal(ship_timeout(s, now_ms), 0);
	assert_true(ship_seal_old(s, now_ms));
	ship_stored(s);
	run();
}

/* A batch that always fails must not keep others from the receiver. */
static void test_an_old_batch_takes_its_turn_while_the_endpoint_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		backend.script[i] = ANSWER("503", "", "no");
	open_lanes(1);
	add_many(0, 4);
	ship_stored(s);
	settle();
	turn();
	add_many(4, 5);
	now_ms += ship_timeout(s, now_ms); /* the probe is due */
	now_ms += 1000;
	assert_true(ship_seal_old(s, now_ms)); /* though another batch waits for it */
	ship_stored(s);
	for (int i = 0; i < 100 && status().meter.accepted_records < 5; i++) {
		(void)ship_seal_old(s, now_ms);
		ship_stored(s);
		settle();
		int64_t wait = ship_timeout(s, now_ms);
		now_ms += wait > 0 ? wait : 0;
	}
	assert_int_equal(status().meter.accepted_records, 5);
}

/* Retries of dead letters have room of their own. */
static void test_a_dead_letter_keeps_no_batch_open(void **state)
{
	(void)state;
	static const struct ship_item item = {.start = 90, .mark = {90, 100, {{9}}}};
	conf.requests_per_minute = 60;
	open_lanes(1);
	add_many(0, 1);
	assert_int_equal(ship_add_dead(s, 0, 7, slice_of("{}"), &item, now_ms), 0);
	assert_true(ship_seal_old(s, now_ms + 1000));
	ship_stored(s);
	run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_limit_of_requests_is_no_limit_of_records),
	        TEST(test_a_lane_fills_its_batch_while_the_queue_is_full),
	        TEST(test_S3_batches_that_are_full_by_bytes_are_bounded),
	        TEST(test_an_old_batch_is_complete_when_it_can_go_out),
	        TEST(test_an_old_batch_waits_for_an_answer_without_turns),
	        TEST(test_a_dead_letter_keeps_no_batch_open),
	        TEST(test_an_old_batch_takes_its_turn_while_the_endpoint_fails),
	};
	return rig_begin() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
