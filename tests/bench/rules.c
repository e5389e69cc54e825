/*
 * Records judged per second, by the number of rules: with texts that are all different, and with
 * texts that repeat as in real logs.  It measures CPU time of this process, which depends less on
 * the load of the machine.
 *
 * Rules and texts are generated from one seed: a third of the rules are texts as in Octeth's files,
 * a third are alternatives, a third have wildcards and repeats.  If its argument is a file of
 * rules, it measures that file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/rules.h"

#define TEXTS 4000
#define ROUNDS 50

static const char *const nouns[] = {"user",    "mailbox",    "account", "recipient",
                                    "address", "domain",     "message", "sender",
                                    "host",    "server",     "inbox",   "customer",
                                    "alias",   "subscriber", "client",  "connection"};
static const char *const states[] = {"unknown",     "not found", "disabled",
                                     "over quota",  "full",      "rejected",
                                     "suspended",   "blocked",   "does not exist",
                                     "unavailable", "refused",   "temporarily deferred",
                                     "too large",   "inactive",  "not local",
                                     "closed",      "listed",    "invalid"};
static const char *const extras[] = {"by policy",         "here",
                                     "at this site",      "in table",
                                     "for now",           "due to spam",
                                     "due to inactivity", "by administrator",
                                     "try again later",   "see the postmaster page",
                                     "this hour",         "permanently",
                                     "on this gateway",   "by the recipient"};
#define OF(list) list[chance(sizeof(list) / sizeof(list[0]))]

static uint64_t seed = 42;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static double cpu(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", m->line);
}

static void add_rule(FILE *f, unsigned i)
{
	static const char *const verdicts[] = {"hard", "soft", "block"};
	const char *v = OF(verdicts);
	if (i % 3 == 0)
		(void)fprintf(f, "%s %s %s x%u==>%s\n", OF(nouns), OF(states), OF(extras),
		              chance(5) ? i : chance(100), v);
	else if (i % 3 == 1)
		(void)fprintf(f, "/%s (is|was) %s %s|code-%u%02u|%s-%u %s/ ==> %s\n", OF(nouns),
		              OF(states), OF(extras), chance(100), i % 100, OF(nouns), i,
		              OF(states), v);
	else
		(void)fprintf(f, "/%s.{0,30}%s.*%s #%u|\\b%s-%u\\b.*%s/ !/again %u/ ==> %s\n",
		              OF(nouns), OF(states), OF(extras), i, OF(nouns), chance(1000),
		              OF(states), i, v);
}

static struct rules *made_up(unsigned n)
{
	char *text = NULL;
	size_t len = 0;
	struct rules *r = NULL;
	FILE *f = open_memstream(&text, &len);
	for (unsigned i = 0; f && i < n; i++)
		add_rule(f, i);
	if (!f || fclose(f) != 0 ||
	    rules_load_text(&r, "bench.rules", (struct slice){text, len}, on_mistake, NULL) < 0)
		exit(1);
	free(text);
	return r;
}

struct sample {
	char text[320];
	const char *status;
};

static void make_text(struct sample *s)
{
	unsigned code = 500 + chance(55);
	s->status = chance(2) ? "5.1.1 (bad destination mailbox address)"
	                      : "5.0.0 (undefined status)";
	(void)snprintf(
	        s->text, sizeof(s->text),
	        "smtp;%u 5.%u.%u <user%u@mail%u.example.com>: %s address %s: %s %s %s #%u (in "
	        "reply to RCPT TO command) code-%u%02u queue id %08X",
	        code, chance(8), chance(30), chance(100000), chance(1000), OF(nouns), OF(states),
	        OF(nouns), OF(states), OF(extras), chance(2000), chance(100), chance(100),
	        chance(1u << 30));
}

static const struct rules_fields empty = {.diag = {"", 0},
                                          .status = {"", 0},
                                          .cat = {"other", 5},
                                          .domain = {"", 0},
                                          .mta = {"", 0},
                                          .action = {"", 0},
                                          .feedback_type = {"", 0}};

/* Records per second; distinct: all texts differ. */
static double measure(struct rules *r, struct sample *samples, bool distinct, size_t *ret_decided)
{
	struct rules_result result;
	size_t n = 0, few = distinct ? TEXTS : 300;
	unsigned rounds = distinct ? ROUNDS : 20 * ROUNDS;
	double from = cpu();
	for (unsigned round = 0; round < rounds; round++) {
		for (size_t i = 0; i < few; i++, n++) {
			struct rules_fields f = empty;
			struct sample *s = &samples[i];
			size_t len = strlen(s->text);
			if (distinct) /* the queue id is different each time */
				(void)snprintf(s->text + len - 8, 9, "%08X", (unsigned)n);
			f.diag = (struct slice){s->text, len};
			f.status = slice_of(s->status);
			if (rules_judge(r, &f, &result) < 0)
				exit(1);
			*ret_decided += result.rule >= 0;
		}
	}
	return (double)n / (cpu() - from);
}

static void report(const char *name, struct rules *r, struct sample *samples)
{
	size_t decided = 0, again = 0;
	double distinct = measure(r, samples, true, &decided);
	double repeating = measure(r, samples, false, &again);
	(void)printf("| %-9s | %9.0f | %10.0f | %3.0f %% |\n", name, distinct, repeating,
	             100.0 * (double)decided / (TEXTS * ROUNDS));
	(void)rules_free(r);
}

int main(int argc, char **argv)
{
	static const unsigned sizes[] = {10, 100, 600, 2000};
	struct sample *samples = calloc(TEXTS, sizeof(*samples));
	for (size_t i = 0; samples && i < TEXTS; i++)
		make_text(&samples[i]);
	(void)printf("| rules     | distinct/s | repeating/s | decided by a rule "
	             "|\n|---|---|---|---|\n");
	for (size_t i = 0; samples && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%u", sizes[i]);
		report(name, made_up(sizes[i]), samples);
	}
	struct strlist files = {argv + 1, argc > 1 ? (size_t)argc - 1 : 0};
	struct rules *r = NULL;
	if (samples && argc > 1) {
		if (rules_load(&r, &files, on_mistake, NULL) < 0 || !r)
			return 1;
		report("the files", r, samples);
	}
	free(samples);
	return 0;
}
