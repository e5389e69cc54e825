/* test_ask.c - ask.h: an agent that starts or ends while it is asked. */
#include "tests/unit/temp.h"

#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/scope.h"
#include "cli/ask.h"
#include "state/store.h"

/* An agent's control socket: each character is what it does with one connection, then it ends. */
enum { CLOSE = 'c', HALF = 'h', ANSWER = 'a', RESET = 'r' };

static const char FULL[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n0\nwell\n";

static struct {
	struct conf conf;
	pthread_t thread;
	const char *script;
	int listener, lock;
	unsigned asked;
} fx;

static void serve(char what)
{
	char request[4096];
	scope_close int fd = accept(fx.listener, NULL, NULL);
	fx.asked++;
	/* Unread data resets the connection when it is closed. */
	if (what == RESET || read(fd, request, sizeof(request)) <= 0)
		return;
	size_t len = what == CLOSE ? 0 : what == HALF ? sizeof(FULL) - 4 : sizeof(FULL) - 1;
	if (write(fd, FULL, len) != (ssize_t)len)
		return;
}

static void *agent(void *arg)
{
	(void)arg;
	for (const char *p = fx.script; *p; p++)
		serve(*p);
	(void)close(fx.listener);
	(void)close(STEAL_FD(fx.lock));
	return NULL;
}

static int lock_store(void)
{
	int fd = open(temp_path("state.lock"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void begin(const char *script)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	fx.script = script;
	if (fx.lock < 0)
		fx.lock = lock_store();
	fx.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", temp_path("control"));
	assert_int_equal(bind(fx.listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fx.listener, 8), 0);
	assert_int_equal(pthread_create(&fx.thread, NULL, agent, NULL), 0);
}

static int setup(void **state)
{
	memset(&fx, 0, sizeof(fx));
	fx.lock = -1;
	fx.conf.runtime_dir = fx.conf.state_dir = temp_dir;
	return temp_setup(state);
}

static int teardown(void **state)
{
	if (fx.lock >= 0)
		(void)close(fx.lock);
	return temp_teardown(state);
}

static int ask(enum ask how, struct err *err)
{
	char *text = NULL;
	int status = -1;
	int rc = ask_agent(&fx.conf, how, "/status", &status, &text, err);
	if (rc == 0) {
		assert_int_equal(status, 0);
		assert_string_equal(text, "well\n");
		free(text);
	}
	return rc;
}

/* Returns what a request of this kind gets from an agent with this script. */
static int answer(enum ask how, const char *script, unsigned *ret_asked)
{
	struct err err = {0};
	begin(script);
	int rc = ask(how, &err);
	assert_int_equal(pthread_join(fx.thread, NULL), 0);
	assert_int_equal(unlink(temp_path("control")), 0);
	*ret_asked = fx.asked;
	fx.asked = 0;
	return rc;
}

static const char *const cut_off[] = {"c", "h", "r"};

static void test_an_answer_cut_off_is_asked_for_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char script[] = {*cut_off[i], ANSWER, '\0'};
		unsigned asked;
		assert_int_equal(answer(ASK_QUESTION, script, &asked), 0);
		assert_int_equal(asked, 2);
		assert_int_equal(answer(ASK_RENEWAL, script, &asked), 0);
		assert_int_equal(asked, 2);
	}
}

static void test_an_agent_that_died_is_no_agent(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned asked;
		assert_int_equal(answer(ASK_QUESTION, cut_off[i], &asked), -ECONNREFUSED);
		assert_int_equal(answer(ASK_RENEWAL, cut_off[i], &asked), -ECONNREFUSED);
		assert_int_equal(asked, 1);
		assert_false(store_in_use(temp_dir));
	}
}

static void test_a_command_is_never_sent_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned asked;
		int rc = answer(ASK_COMMAND, cut_off[i], &asked);
		/* A connection reset at once may not have carried the command at all. */
		if (rc != -ECONNRESET && (*cut_off[i] != RESET || rc != -ECONNREFUSED))
			fail_msg("'%s' gives %d", cut_off[i], rc);
		assert_int_equal(asked, 1);
	}
}

static void *release(void *arg)
{
	(void)arg;
	(void)poll(NULL, 0, 100);
	(void)close(STEAL_FD(fx.lock));
	return NULL;
}

static void test_while_the_store_is_open_the_agent_is_asked_again(void **state)
{
	(void)state;
	struct err err = {0};
	pthread_t thread;
	fx.lock = lock_store();
	assert_int_equal(pthread_create(&thread, NULL, release, NULL), 0);
	assert_int_equal(ask(ASK_QUESTION, &err), -ECONNREFUSED);
	assert_false(store_in_use(temp_dir)); /* it waited until the other one was gone */
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *start(void *arg)
{
	(void)arg;
	(void)poll(NULL, 0, 100);
	begin("a");
	return NULL;
}

static void test_an_agent_that_starts_is_waited_for(void **state)
{
	(void)state;
	struct err err = {0};
	pthread_t thread;
	fx.lock = lock_store();
	assert_int_equal(pthread_create(&thread, NULL, start, NULL), 0);
	assert_int_equal(ask(ASK_COMMAND, &err), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_join(fx.thread, NULL), 0);
}

static void test_without_an_agent_the_answer_is_immediate(void **state)
{
	(void)state;
	struct err err = {0};
	assert_int_equal(ask(ASK_QUESTION, &err), -ECONNREFUSED);
	fx.conf.runtime_dir = (char *)"/nonexistent";
	assert_int_equal(ask(ASK_COMMAND, &err), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_an_answer_cut_off_is_asked_for_again),
	        TEST(test_an_agent_that_died_is_no_agent),
	        TEST(test_a_command_is_never_sent_twice),
	        TEST(test_while_the_store_is_open_the_agent_is_asked_again),
	        TEST(test_an_agent_that_starts_is_waited_for),
	        TEST(test_without_an_agent_the_answer_is_immediate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
