/* store_view.h: status without an agent, from files in real folders and a real store. */
#include "tests/unit/temp.h"

#include "archive/store_view.h"
#include "base/gz.h"
#include "status/problems.h"

#define HEADER "type,timeLogged,rcpt\n"
#define ROW "b,2026-11-21 10:00:00+0000,a@example.org\n"
#define DAY "b-2026-11-21-"

static struct {
	char acct[128], moved[128], state[128];
	struct conf_source source;
	struct ship_conf endpoint;
	struct conf conf;
	struct store *store;
	struct view view;
} fx;

static int setup(void **state)
{
	struct err err = {0};
	if (temp_setup(state) < 0)
		return -1;
	memset(&fx, 0, sizeof(fx));
	(void)snprintf(fx.acct, sizeof(fx.acct), "%s", temp_path("live/b.csv"));
	(void)snprintf(fx.moved, sizeof(fx.moved), "%s", temp_path("moved"));
	(void)snprintf(fx.state, sizeof(fx.state), "%s", temp_path("state"));
	fx.source = (struct conf_source){
	        .name = (char *)(uintptr_t) "first", .acct_file = fx.acct, .move_to = fx.moved};
	fx.endpoint = (struct ship_conf){.name = (char *)(uintptr_t) "octeth",
	                                 .url = (char *)(uintptr_t) "https://x"};
	fx.conf = (struct conf){.record_max = 4096,
	                        .dead_max_records = 10,
	                        .dead_max_bytes = 1000,
	                        .state_dir = fx.state,
	                        .sources = &fx.source,
	                        .nsources = 1,
	                        .endpoints = &fx.endpoint,
	                        .nendpoints = 1};
	if (mkdir(temp_path("live"), 0700) < 0 || mkdir(temp_path("moved"), 0700) < 0 ||
	    store_open(&fx.store, fx.state, "state", &err) < 0)
		return -1;
	return store_begin(fx.store) | store_put(fx.store, "first", "started", 1) |
	       store_commit(fx.store, 1000);
}

static int teardown(void **state)
{
	view_free(&fx.view);
	fx.store = store_close(fx.store);
	return temp_teardown(state);
}

static const struct tail_status *status(void)
{
	struct err err = {0};
	/* The writer would be taken for a running agent. */
	fx.store = store_close(fx.store);
	assert_int_equal(store_open_reader(&fx.store, fx.state, &err), 0);
	view_free(&fx.view);
	assert_int_equal(store_view(&fx.view, &fx.conf, fx.store), 0);
	return &fx.view.sources[0].tail;
}

/* The file is there, and all of it is settled. */
static void done(int64_t id, const char *path, bool gz)
{
	struct stat st;
	char name[64];
	const struct ladder none = {0};
	assert_int_equal(stat(temp_path(path), &st), 0);
	(void)snprintf(name, sizeof(name), "%s", strrchr(path, '/') + 1);
	if (gz)
		name[strlen(name) - 3] = '\0';
	const struct store_file f = {.id = id,
	                             .source = "first",
	                             .name = name,
	                             .gz = gz,
	                             .dev = st.st_dev,
	                             .ino = st.st_ino,
	                             .size = (uint64_t)st.st_size,
	                             .offset = gz ? strlen(HEADER ROW) : (uint64_t)st.st_size};
	const struct ledger ledger = {.committed = f.offset};
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(store_file_put(fx.store, &f, &none, &ledger, slice_of("")), 0);
	assert_int_equal(store_commit(fx.store, 1000), 0);
}

static void test_the_newest_file_is_that_of_the_largest_number(void **state)
{
	(void)state;
	temp_append("live/" DAY "10000.csv", HEADER ROW);
	temp_append("moved/" DAY "9999.csv", HEADER);
	done(1, "live/" DAY "10000.csv", false);
	done(2, "moved/" DAY "9999.csv", false);
	assert_string_equal(status()->file, DAY "10000.csv");
	assert_int_equal(status()->size, strlen(HEADER ROW));
	temp_append("live/" DAY "10001.csv", HEADER); /* the store does not know this one */
	assert_string_equal(status()->file, DAY "10001.csv");
	temp_append("live/b.csv", ""); /* without a number it is the newest */
	assert_string_equal(status()->file, "b.csv");
	assert_int_equal(status()->files_known, 4);
}

static void test_a_compressed_file_is_shown_by_its_name(void **state)
{
	(void)state;
	char packed[256];
	size_t len = sizeof(packed);
	assert_int_equal(gz_compress(HEADER ROW, strlen(HEADER ROW), packed, &len), 0);
	temp_put("moved/" DAY "0001.csv.gz", O_TRUNC, packed, len);
	done(1, "moved/" DAY "0001.csv.gz", true);
	assert_string_equal(status()->file, DAY "0001.csv");
	assert_int_equal(status()->offset, strlen(HEADER ROW));
	assert_int_equal(status()->files_behind, 0);
}

static void test_an_unfinished_gz_is_no_new_file(void **state)
{
	(void)state;
	temp_append("moved/" DAY "0001.csv", HEADER ROW);
	done(1, "moved/" DAY "0001.csv", false);
	temp_append("moved/" DAY "0001.csv.gz", "half");
	assert_int_equal(status()->files_known, 1);
	assert_int_equal(status()->files_behind, 0);
	assert_int_equal(status()->unreadable, 0);
	assert_int_equal(problems_count(&fx.view), 0);
}

static void test_a_damaged_gz_is_a_problem(void **state)
{
	(void)state;
	temp_append("moved/" DAY "0001.csv.gz", "no gzip");
	assert_int_equal(status()->unreadable, 1);
	assert_string_equal(status()->unreadable_path, temp_path("moved/" DAY "0001.csv.gz"));
	assert_string_equal(status()->unreadable_advice, "damaged or unfinished gzip data");
	assert_int_equal(problems_count(&fx.view), 1);
}

static void test_a_file_that_is_gone_unread_is_a_problem_before_the_next_start(void **state)
{
	(void)state;
	temp_append("live/" DAY "0001.csv", HEADER ROW);
	temp_append("live/" DAY "0002.csv", HEADER ROW);
	done(1, "live/" DAY "0001.csv", false);
	struct store_file f = {.id = 2, .source = "first", .name = DAY "0002.csv", .size = 100};
	const struct ladder none = {0};
	const struct ledger nothing = {0};
	f.salt = hash_bytes("row", 3);
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(store_file_put(fx.store, &f, &none, &nothing, slice_of("")), 0);
	assert_int_equal(store_commit(fx.store, 1000), 0);
	assert_int_equal(unlink(temp_path("live/" DAY "0001.csv")), 0);
	assert_int_equal(unlink(temp_path("live/" DAY "0002.csv")), 0);
	/* An agent that runs and cannot be asked may have them open. */
	assert_int_equal(store_view(&fx.view, &fx.conf, fx.store), 0);
	assert_true(fx.view.unasked);
	assert_int_equal(fx.view.sources[0].tail.counters.gone_unread, 0);
	assert_int_equal(status()->counters.gone_unread, 1);
	assert_int_equal(status()->behind_bytes, 0);
	assert_string_equal(status()->file, "");
	assert_int_equal(problems_count(&fx.view), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_newest_file_is_that_of_the_largest_number),
	        TEST(test_a_compressed_file_is_shown_by_its_name),
	        TEST(test_an_unfinished_gz_is_no_new_file),
	        TEST(test_a_damaged_gz_is_a_problem),
	        TEST(test_a_file_that_is_gone_unread_is_a_problem_before_the_next_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
