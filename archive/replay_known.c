#include "archive/replay_known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rules/judge.h"

int replay_known_open(struct replay_known *k, const struct conf *conf, const struct replay_job *job,
                      struct rules *rules, struct err *err)
{
	*k = (struct replay_known){.conf = conf, .job = job, .rules = rules};
	int rc = store_open_reader(&k->store, conf->state_dir, err);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0) {
		rc = catalog_open(&k->catalog, conf, k->store);
		if (rc < 0)
			(void)err_set(err, rc, "%s",
			              rc == -ENOMEM ? "out of memory" : store_error(k->store));
	}
	fates_open(&k->fates, &k->catalog, rules);
	return rc;
}

static void leave(struct replay_known *k)
{
	fate_file_close(&k->file);
	k->have = false;
}

void replay_known_close(struct replay_known *k)
{
	leave(k);
	fates_close(&k->fates);
	catalog_close(&k->catalog);
	k->store = store_close(k->store);
}

/* The file as the catalog would have it: it may be in another folder. */
static bool place(struct replay_known *k, const struct replay_file *f)
{
	struct stat st;
	const char *slash = strrchr(f->path, '/');
	const struct acct_template t = acct_template(f->source->acct_file);
	struct catalog_file *p = &k->place;
	*p = (struct catalog_file){.source = f->source, .path = f->path};
	p->name = slash ? slash + 1 : f->path;
	p->plain_len = (int)replay_plain_len(p->name);
	(void)acct_name_parse(&t, p->name, &p->key);
	p->key.gz = p->name[p->plain_len] != '\0';
	p->moved = !f->live;
	if (stat(f->path, &st) < 0)
		return false;
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->size = (uint64_t)st.st_size;
	return true;
}

int replay_known_file(struct replay_known *k, const struct replay_file *f)
{
	leave(k);
	k->at = f;
	if (!k->store || !place(k, f))
		return 0;
	int rc = fate_file_open(&k->fates, &k->place, &k->file);
	k->have = rc == 0;
	return rc == -ENOMEM ? rc : 0; /* reading reports the others */
}

bool replay_known_delivered(enum fate fate)
{
	return fate == FATE_ACKNOWLEDGED || fate == FATE_PARTIAL;
}

int replay_known_row(struct replay_known *k, const struct record *rec, bool withheld,
                     enum fate *ret)
{
	struct fate_row row = {0};
	*ret = FATE_UNKNOWN;
	if (!k->have)
		return 0;
	int rc = fate_of(&k->fates, &k->file, rec, true, withheld, &row);
	free(row.reason);
	*ret = row.fate;
	return rc;
}

static int count(const struct record *rec, void *arg)
{
	struct replay_known *k = arg;
	struct record judged = *rec;
	struct judge_text text;
	enum fate fate;
	if (!catalog_wanted(k->at->source, rec, k->job->since_ms, k->job->until_ms) ||
	    ledger_covers(&k->at->ledger, rec->mark.end))
		return 0;
	int rc = judge_record(k->rules, &judged, &text);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	k->rows++;
	rc = replay_known_row(k, rec, false, &fate);
	k->delivered += replay_known_delivered(fate);
	k->unclear += fate == FATE_SETTLED;
	return rc;
}

int replay_known_count(struct replay_known *k, const struct replay_files *files)
{
	const struct rows_hooks hooks = {.record = count, .arg = k};
	for (size_t i = 0; k->store && i < files->n; i++) {
		const struct replay_file *f = &files->v[i];
		if (f->done)
			continue;
		int rc = replay_known_file(k, f);
		if (rc == 0)
			rc = catalog_rows(k->conf, f->source, f->path, &hooks);
		if (rc == -ENOMEM)
			return rc;
	}
	leave(k);
	return 0;
}
