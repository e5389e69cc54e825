/* Finds a file's entry in the store and its settled offset, by the same rules as the tailer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "csv/catalog.h"
#include "follow/follow.h"
#include "tailer/identity.h"

static int holds(const struct mark *mark, void *arg)
{
	return follow_holds(arg, mark);
}

/* Returns true if the file begins with the stored header, which is all that a bare file had. */
static bool same_header(struct follow *follow, const char *header, size_t len)
{
	scope_free char *text = malloc(len + 1);
	return text && len > 0 && follow_bytes(follow, 0, len, text) == (ssize_t)len &&
	       memcmp(text, header, len) == 0;
}

static bool same_row(const struct catalog_entry *e, const struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	return salt->len > 0 && hash_equal(&salt->hash, &e->kept.salt);
}

/* Returns true if another entry begins with the row of a file that had none in entry e. */
static bool is_row_of_another(const struct catalog *c, const struct catalog_entry *e,
                              const struct event_salt *salt)
{
	for (size_t i = 0; hash_is_zero(&e->kept.salt) && i < c->nentries; i++) {
		const struct catalog_entry *other = &c->entries[i];
		if (other != e && other->source == e->source &&
		    hash_equal(&other->kept.salt, &salt->hash))
			return true;
	}
	return false;
}

/* The question of one entry, with its proofs. */
struct question {
	const struct catalog *catalog;
	const struct catalog_file *f;
	const struct catalog_entry *e;
	struct follow *follow;
	struct ladder ladder;
	struct ledger *ledger; /* the caller's */
	char *header;
	size_t header_len;
};

/*
 * For an entry without a settled row to compare: compares the first row, or the name if one of the
 * two has no row.  A file at another inode must be a copy whose original no longer exists.
 */
static bool same_bare(const struct question *q)
{
	const struct catalog_file *f = q->f;
	const struct catalog_entry *e = q->e;
	const struct event_salt *salt = follow_salt(q->follow);
	bool row = salt->len > 0 && !hash_is_zero(&e->kept.salt);
	bool same = row ? hash_equal(&salt->hash, &e->kept.salt)
	                : acct_name_compare(&f->key, &e->key) == 0;
	if (!catalog_same_inode(f, e))
		return row && same && !e->file &&
		       (f->key.gz || e->kept.gz || f->size >= e->kept.size);
	return same && (salt->len == 0 || !is_row_of_another(q->catalog, e, salt)) &&
	       (q->ledger->committed == 0 || same_header(q->follow, q->header, q->header_len));
}

/* Returns 1 if all bytes of the file are those of the file at the entry's inode, 0, or -errno. */
static int is_within(const struct question *q)
{
	const struct catalog_file *other = q->e->file;
	struct follow *o;
	if (!other || other == q->f || q->f->key.gz || other->key.gz || q->f->size > other->size)
		return 0;
	int fd = open(other->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = fd < 0 ? -errno : follow_open(&o, fd, false, q->catalog->conf->record_max + 2);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = follow_same(q->follow, o, UINT64_MAX);
	(void)follow_close(o);
	return rc;
}

/*
 * As the tailer decides.  While more bytes may come, it takes a file that is too short for the one
 * at its inode, and any other for unknown.  Returns an enum identity or a negative errno.
 */
static int identify(const struct question *q, uint64_t *ret_resume)
{
	const struct catalog_file *f = q->f;
	const struct store_file *kept = &q->e->kept;
	const bool inode = catalog_same_inode(f, q->e);
	const bool name = acct_name_compare(&f->key, &q->e->key) == 0;
	const struct identity_case question = {
	        .ladder = &q->ladder,
	        .committed = kept->passed && kept->gz ? 0 : q->ledger->committed,
	        .same_inode = inode && !kept->passed,
	        .size = f->key.gz ? UINT64_MAX : f->size,
	        .rests = clock_real_ms() - f->mtime_ms >= IDENTITY_REST_MS,
	};
	if (kept->passed && inode && name && f->size == kept->size)
		return IDENTITY_SAME;
	if (q->ladder.n == 0 && (kept->passed ? name && same_row(q->e, q->follow) : same_bare(q)))
		return IDENTITY_SAME;
	int rc = identity_decide(&question, holds, q->follow, ret_resume);
	if (rc == IDENTITY_COPYING) {
		bool known = question.same_inode && (name || *ret_resume > 0);
		*ret_resume = q->ledger->committed;
		return known ? IDENTITY_CRASHED : IDENTITY_NEW;
	}
	if (!question.rests)
		return rc;
	if (rc != IDENTITY_FORK && (rc != IDENTITY_NEW || q->ladder.n == 0))
		return rc;
	int within = is_within(q);
	return within == 0 ? rc : within < 0 ? within : IDENTITY_SAME;
}

enum belongs { BELONGS_NOT, BELONGS, BELONGS_FORK };

/* Returns an enum belongs, or a negative errno. */
static int belongs(const struct catalog *c, const struct catalog_file *f,
                   const struct catalog_entry *e, struct follow *follow, struct catalog_known *ret)
{
	struct question q = {
	        .catalog = c, .f = f, .e = e, .follow = follow, .ledger = &ret->ledger};
	int rc = store_file_get(c->store, e->kept.id, &q.ladder, q.ledger, &q.header,
	                        &q.header_len);
	if (rc == -ENOENT) /* dropped meanwhile */
		return BELONGS_NOT;
	if (rc < 0)
		return rc;
	uint64_t resume = ret->ledger.committed;
	rc = identify(&q, &resume);
	free(q.header);
	ret->proved = rc == IDENTITY_SAME;
	/* A file that is shorter after a crash is known, too, but its end is not proved. */
	bool is = rc == IDENTITY_SAME || rc == IDENTITY_CRASHED;
	if (is || rc == IDENTITY_FORK)
		ret->resume = resume;
	if (is)
		ret->entry = e;
	else
		ledger_free(&ret->ledger);
	return rc < 0 ? rc : is ? BELONGS : rc == IDENTITY_FORK ? BELONGS_FORK : BELONGS_NOT;
}

static bool candidate(const struct catalog_file *f, const struct catalog_entry *e,
                      const struct follow *follow)
{
	return e->source == f->source && (same_row(e, follow) || catalog_same_inode(f, e));
}

/* The inode decides; of other entries with the same first row the one that proves the most. */
static int find(const struct catalog *c, const struct catalog_file *f, struct follow *follow,
                struct catalog_known *ret)
{
	const struct catalog_known none = *ret;
	bool found = false;
	for (size_t i = 0; i < 2 * c->nentries && !(found && i == c->nentries); i++) {
		const struct catalog_entry *e = &c->entries[i % c->nentries];
		struct catalog_known known = none;
		if (!candidate(f, e, follow) || catalog_same_inode(f, e) != (i < c->nentries))
			continue;
		int rc = belongs(c, f, e, follow, &known);
		if (rc < 0)
			return rc;
		if (rc == BELONGS_NOT || (found && known.resume <= ret->resume)) {
			ledger_free(&known.ledger);
			continue;
		}
		ledger_free(&ret->ledger);
		*ret = known;
		found = true;
	}
	return 0;
}

/* Sets whole if nothing follows the settled offset. */
static int ends_there(const struct catalog_file *f, struct follow *follow,
                      struct catalog_known *ret)
{
	char byte;
	if (!ret->entry || !ret->proved || ret->ledger.n > 0)
		return 0;
	if (!f->key.gz) {
		ret->whole = f->size == ret->ledger.committed;
		return 0;
	}
	ssize_t n = follow_bytes(follow, ret->ledger.committed, ret->ledger.committed + 1, &byte);
	ret->whole = n == 0;
	return n < 0 ? (int)n : 0;
}

/* A half-written header may still become a row, unless its file is finished. */
static bool is_bare(const struct catalog_file *f, struct follow *follow)
{
	char last = '\n';
	if (follow_salt(follow)->len > 0)
		return false;
	if (!f->key.gz && !f->moved && f->size > 0 &&
	    follow_bytes(follow, f->size - 1, f->size, &last) != 1)
		return false;
	return last == '\n';
}

int catalog_look(const struct catalog *c, const struct catalog_file *f, struct catalog_known *ret)
{
	struct follow *follow;
	*ret = (struct catalog_known){0};
	if (!c->store)
		return 0;
	int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = follow_open(&follow, fd, f->key.gz, c->conf->record_max + 2);
	if (rc < 0)
		return rc;
	rc = follow_head(follow, true);
	if (rc == 0) {
		ret->bare = is_bare(f, follow);
		rc = find(c, f, follow, ret);
	}
	if (rc == 0)
		rc = ends_there(f, follow, ret);
	if (rc == 0 && follow_whole(follow) != 1)
		rc = -EBADMSG;
	(void)follow_close(follow);
	if (rc < 0)
		ledger_free(&ret->ledger);
	return rc;
}
