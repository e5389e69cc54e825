/*
 * test_feed_random.c - feed.h and commit.h: random files, answers in random order, kills, reloads
 * and memory that runs out; nothing is lost, no recorded row is sent again, and all are counted.
 */
#include "tests/unit/agent/rig.h"

#define LINES_MAX 20000

/* The fate of the row that begins at 10 times the index. */
enum fate { NO_ROW, UNSENT, SENT, ANSWERED, NOTED, PASSED };
static unsigned char fates[LINES_MAX];
static bool refused[LINES_MAX];
static size_t lines;

/* Boundaries that were stored at the last kill: the same rows are sent in the same batch. */
static struct store_batch promised[64];
static size_t npromised, kept_promises;

static void reset(uint64_t seed)
{
	memset(fates, NO_ROW, sizeof(fates));
	memset(refused, 0, sizeof(refused));
	npromised = kept_promises = 0;
	temp_seed = UINT64_C(0x9e3779b97f4a7c15) * (2 * seed + 1);
	grow("H");
	lines = 1;
}

static void grow_at_random(void)
{
	static const char choice[] = "bbbbbbbbbddddx?QQHh";
	char letter[2] = "";
	for (unsigned n = temp_random(6); n > 0 && lines + 2 < LINES_MAX; n--) {
		letter[0] = choice[temp_random(sizeof(choice) - 1)];
		fates[lines] = letter[0] == 'b' || letter[0] == 'Q'   ? UNSENT
		               : letter[0] == 'H' || letter[0] == 'h' ? NO_ROW
		                                                      : PASSED;
		grow(letter);
		lines += letter[0] == 'Q' ? 2 : 1;
	}
}

static void expect_promised(uint64_t start_, uint64_t end)
{
	for (size_t i = 0; i < npromised; i++) {
		if (promised[i].start != start_)
			continue;
		assert_int_equal(promised[i].end, end);
		promised[i] = promised[--npromised];
		kept_promises++;
		return;
	}
}

/* Checks the new reports: ranges tile, and no row is sent twice. */
static void check_sent(size_t from)
{
	for (size_t i = from; i < fx.nreports; i++) {
		const struct ship_done *d = &fx.reports[i].done;
		for (size_t k = 0; k < d->n; k++) {
			const struct ship_item *item = &d->items[k];
			size_t line = item->mark.start / 10;
			assert_int_equal(fates[line], UNSENT);
			fates[line] = SENT;
			assert_true(item->start <= item->mark.start);
			assert_true(k == 0 || item->start == d->items[k - 1].mark.end);
		}
		expect_promised(d->items[0].start, d->items[d->n - 1].mark.end);
	}
}

static void answer_at_random(void)
{
	size_t i = temp_random((unsigned)fx.nreports);
	const struct ship_done *d = &fx.reports[i].done;
	enum ship_outcome outcome = SHIP_ACCEPTED;
	if (temp_random(8) == 0)
		outcome = d->n == 1 ? SHIP_REFUSED : SHIP_PARTIAL;
	for (size_t k = 0; k < d->n; k++) {
		size_t line = d->items[k].mark.start / 10;
		fates[line] = ANSWERED;
		refused[line] = outcome == SHIP_REFUSED;
	}
	answer(i, outcome);
}

static void note_answers(void)
{
	commit();
	for (size_t i = 0; i < lines; i++) {
		if (fates[i] == ANSWERED)
			fates[i] = NOTED;
	}
}

static void forget_fates(enum fate noted)
{
	for (size_t i = 0; i < lines; i++) {
		if (fates[i] == SENT || (fates[i] == ANSWERED && noted != ANSWERED))
			fates[i] = UNSENT;
	}
}

static int promise(const struct store_batch *b, void *arg)
{
	(void)arg;
	if (npromised < sizeof(promised) / sizeof(promised[0]))
		promised[npromised++] = *b;
	return 0;
}

static void kill_it(void)
{
	npromised = 0;
	assert_int_equal(store_batches(fx.store, NULL, promise, NULL), 0);
	forget_fates(NOTED);
	fx.endpoint.batch_records = 1 + temp_random(5);
	restart();
}

/* As in the main loop: answered rows are committed first, the rest is read again. */
static void reload_it(void)
{
	note_answers();
	npromised = 0;
	forget_fates(NOTED);
	fx.endpoint.batch_records = 1 + temp_random(5);
	reload();
}

static void turn_at_random(void)
{
	size_t before = fx.nreports;
	wake();
	if (temp_random(10) == 0)
		memory_left = temp_random(4);
	fill();
	memory_left = SIZE_MAX;
	fx.now_ms += temp_random(300);
	if (ship_seal_old(fx.ship, fx.now_ms))
		fill();
	note_answers();
	send_out();
	check_sent(before);
}

static void step(void)
{
	switch (temp_random(8)) {
	case 0:
	case 1:
		grow_at_random();
		break;
	case 2:
	case 3:
		if (fx.nreports > 0)
			answer_at_random();
		break;
	case 4:
		if (temp_random(12) == 0)
			kill_it();
		else if (temp_random(20) == 0)
			reload_it();
		break;
	default:
		turn_at_random();
	}
}

static void finish(void)
{
	int turns = 0;
	do {
		fx.now_ms += AGE_MS;
		turn_at_random();
		while (fx.nreports > 0)
			answer_at_random();
		note_answers();
		assert_true(++turns < 1000);
	} while (!feed_idle(&fx.feed));
}

static void expect_the_law_of_conservation(void)
{
	const struct tally t = tailer_tally(fx.tailer, 0);
	uint64_t rows = 0, passed = 0, dead = 0;
	for (size_t i = 0; i < lines; i++) {
		assert_true(fates[i] == NO_ROW || fates[i] == NOTED || fates[i] == PASSED);
		rows += fates[i] != NO_ROW;
		passed += fates[i] == PASSED;
		dead += refused[i];
	}
	assert_int_equal(committed(), lines * 10);
	assert_int_equal(t.rows, rows);
	assert_int_equal(t.acked, rows - passed - dead);
	assert_int_equal(t.skipped + t.dead, passed + dead);
	assert_int_equal(t.rows, t.acked + t.dead + t.skipped + t.ignored);
	assert_string_equal(stored(), "");
}

static void run_at_random(uint64_t seed, unsigned steps)
{
	reset(seed);
	fx.conf.dead_max_records = LINES_MAX;
	start();
	for (unsigned i = 0; i < steps; i++)
		step();
	finish();
	expect_the_law_of_conservation();
	assert_true(kept_promises > 10 || fx.endpoint.format == SHIP_OBJECT);
}

static void test_nothing_is_lost_and_nothing_twice(UNUSED void **state)
{
	run_at_random(0, 3000);
}

static void test_nothing_is_lost_and_nothing_twice_with_other_seeds(UNUSED void **state)
{
	run_at_random(2, 3000);
}

static void test_nothing_is_lost_and_nothing_twice_with_ndjson(UNUSED void **state)
{
	fx.endpoint.format = SHIP_NDJSON;
	run_at_random(3, 3000);
}

/* One record in each batch, and no boundaries. */
static void test_nothing_is_lost_and_nothing_twice_with_objects(UNUSED void **state)
{
	fx.endpoint.format = SHIP_OBJECT;
	run_at_random(4, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_nothing_is_lost_and_nothing_twice),
	        TEST(test_nothing_is_lost_and_nothing_twice_with_other_seeds),
	        TEST(test_nothing_is_lost_and_nothing_twice_with_ndjson),
	        TEST(test_nothing_is_lost_and_nothing_twice_with_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
