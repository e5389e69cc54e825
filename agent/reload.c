#include "agent/reload.h"

#include <string.h>

#include "agent/impl.h"
#include "agent/open.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/units.h"
#include "rules/judge.h"
#include "service/notify.h"

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	log_error("%s", m->line);
}

/* The current configuration stays in force; on_mistake() has logged the errors. */
static void give_up(struct agent *a, const char *why, const char *status)
{
	log_error("reload: %s", why);
	notify_ready(status);
	a->reload.failed = true;
}

static bool load_next(struct agent *a, struct conf **ret_conf, struct rules **ret_rules)
{
	if (conf_load(ret_conf, a->conf->path, on_mistake, NULL) < 0) {
		give_up(a, "the new configuration has errors, keeping the old one",
		        "running with the old configuration");
		return false;
	}
	if (rules_load(ret_rules, &(*ret_conf)->rules, on_mistake, NULL) < 0) {
		give_up(a, "the rules have errors, keeping the old configuration and the old rules",
		        "running with the old configuration and rules");
		(void)conf_free(*ret_conf);
		return false;
	}
	return true;
}

void reload_begin(struct agent *a)
{
	struct conf *conf;
	struct rules *rules;
	struct reload *r = &a->reload;
	notify_reloading();
	if (!load_next(a, &conf, &rules))
		return;
	if (strcmp(conf->state_dir, a->conf->state_dir) != 0 ||
	    strcmp(conf->runtime_dir, a->conf->runtime_dir) != 0 ||
	    strcmp(conf->metrics_listen, a->conf->metrics_listen) != 0)
		log_warning("reload: state-dir, runtime-dir and metrics-listen take effect at the "
		            "next restart");
	reload_close(r); /* an earlier one that has not taken place yet */
	r->conf = conf;
	r->rules = rules;
	r->failed = false;
	if (!r->under_way) /* a second reload does not delay the first one */
		a->stop_ms = a->now_ms;
	r->under_way = true;
	ship_drain(a->ship);
	log_info("reload: finishing what is in flight (%zu request%s)", ship_in_flight(a->ship),
	         units_s(ship_in_flight(a->ship)));
}

static bool same_sources(const struct conf *a, const struct conf *b)
{
	if (a->nsources != b->nsources || a->record_max != b->record_max ||
	    a->rescan_ms != b->rescan_ms)
		return false;
	for (size_t i = 0; i < a->nsources; i++) {
		const struct conf_source *s = &a->sources[i], *t = &b->sources[i];
		if (strcmp(s->name, t->name) != 0 || strcmp(s->acct_file, t->acct_file) != 0 ||
		    strcmp(s->move_to, t->move_to) != 0 || s->fair != t->fair)
			return false;
	}
	return true;
}

/* The tailer points to names in the configuration that it was opened with. */
static void repoint_sources(struct agent *a)
{
	for (size_t i = 0; i < a->conf->nsources; i++) {
		a->tail_sources[i].name = a->conf->sources[i].name;
		a->tail_sources[i].acct_file = a->conf->sources[i].acct_file;
		a->tail_sources[i].move_to = a->conf->sources[i].move_to;
		a->tail_sources[i].selection = open_selection(a, i);
	}
	tailer_repoint(a->tailer);
}

/* Puts the next configuration in force. */
static int change_over(struct agent *a, struct err *err)
{
	struct conf *old = a->conf, *next = STEAL(a->reload.conf);
	int rc = 0;
	(void)rules_free(a->rules);
	a->rules = STEAL(a->reload.rules); /* first: they are part of a source's selection */
	if (same_sources(old, next)) {
		a->conf = next;
		repoint_sources(a);
	} else {
		rc = reopen_tailer(a, next, err);
	}
	a->reload.loaded_real_ms = clock_real_ms();
	(void)conf_free(old);
	log_setup(a->conf->log_level, a->conf->log_json);
	return rc;
}

int reload_finish(struct agent *a, struct err *err)
{
	redrive_end(&a->redrive);
	close_ship(a);
	tailer_rewind(a->tailer);
	int rc = a->reload.conf ? change_over(a, err) : 0;
	if (rc == 0)
		rc = open_ship(a, err);
	a->reload.under_way = false;
	if (rc == 0)
		announce_reloaded(a);
	return rc;
}

void reload_close(struct reload *r)
{
	r->conf = conf_free(r->conf);
	r->rules = rules_free(r->rules);
}
