/*
 * test_memory.c - tailer.h: without memory no position moves without its count.
 */
#include "tests/unit/tailer/rig.h"

#include <dlfcn.h>

#include "tailer/impl.h"

static bool no_memory;

void *realloc(void *p, size_t size)
{
	static __typeof__(&realloc) libc;
	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "realloc");
	return no_memory ? NULL : libc(p, size);
}

static void test_an_answer_that_cannot_be_recorded_moves_nothing(UNUSED void **state)
{
	struct tail_file *f;
	struct line line;
	const struct tally one = {.rows = 1, .acked = 1};
	begin(HEAD);
	grow(0, "b,1\n");
	wake();
	assert_true(next(&f, &line));
	const struct mark mark = mark_of(&line);
	uint64_t before = tail_file_committed(f);
	save();
	fx.tailer->changed_room = fx.tailer->nchanged; /* the list has to grow */
	no_memory = true;
	assert_int_equal(tailer_ack(fx.tailer, f, line.from, line.end, &mark, 1, &one), -ENOMEM);
	no_memory = false;
	assert_int_equal(tail_file_committed(f), before);
	assert_int_equal(tailer_tally(fx.tailer, 0).rows, 0);
	assert_int_equal(tailer_ack(fx.tailer, f, line.from, line.end, &mark, 1, &one), 0);
	assert_int_equal(tail_file_committed(f), line.end);
	assert_int_equal(tailer_tally(fx.tailer, 0).rows, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_an_answer_that_cannot_be_recorded_moves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
