/* Finds a file's entry in the store and its settled offset, by the same rules as the tailer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/*
 * For an entry without a settled row to compare: compares the first row, or the name if one of the
 * two has no row.  A file at another inode must be a copy whose original no longer exists.
 */
static bool same_bare(const struct catalog_file *f, const struct catalog_entry *e,
                      struct follow *follow, const struct ledger *ledger, const char *header,
                      size_t header_len)
{
	const struct event_salt *salt = follow_salt(follow);
	bool row = salt->len > 0 && !hash_is_zero(&e->kept.salt);
	bool same = row ? hash_equal(&salt->hash, &e->kept.salt)
	                : acct_name_compare(&f->key, &e->key) == 0;
	if (!catalog_same_inode(f, e))
		return row && same && !e->file;
	return same && (ledger->committed == 0 || same_header(follow, header, header_len));
}

/* A file that was passed over stays passed over when it is moved or compressed. */
static bool same_passed(const struct catalog_file *f, const struct catalog_entry *e,
                        struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	if (catalog_same_inode(f, e) && acct_name_compare(&f->key, &e->key) == 0 &&
	    f->size == e->kept.size)
		return true;
	return salt->len > 0 && hash_equal(&salt->hash, &e->kept.salt);
}

enum belongs { BELONGS_NOT, BELONGS, BELONGS_FORK };

/* Returns an enum belongs, or a negative errno. */
static int belongs(const struct catalog *c, const struct catalog_file *f,
                   const struct catalog_entry *e, struct follow *follow, struct catalog_known *ret)
{
	struct ladder ladder = {0};
	scope_free char *header = NULL;
	size_t header_len;
	int rc = store_file_get(c->store, e->kept.id, &ladder, &ret->ledger, &header, &header_len);
	if (rc == -ENOENT) /* dropped meanwhile */
		return BELONGS_NOT;
	if (rc < 0)
		return rc;
	const struct identity_case question = {
	        .ladder = &ladder,
	        .committed = ret->ledger.committed,
	        .same_inode = catalog_same_inode(f, e),
	        .size = f->key.gz ? UINT64_MAX : f->size,
	};
	uint64_t resume = ret->ledger.committed;
	if (e->kept.passed)
		rc = same_passed(f, e, follow) ? IDENTITY_SAME : IDENTITY_NEW;
	else if (ladder.n == 0)
		rc = same_bare(f, e, follow, &ret->ledger, header, header_len) ? IDENTITY_SAME
		                                                               : IDENTITY_NEW;
	else
		rc = identity_decide(&question, holds, follow, &resume);
	ret->proved = rc == IDENTITY_SAME;
	/* A file that is shorter after a crash is known, too, but its end is not proved. */
	bool is = rc == IDENTITY_SAME || rc == IDENTITY_CRASHED;
	if (is || rc == IDENTITY_FORK)
		ret->resume = resume;
	if (!is)
		ledger_free(&ret->ledger);
	return rc < 0 ? rc : is ? BELONGS : rc == IDENTITY_FORK ? BELONGS_FORK : BELONGS_NOT;
}

static bool candidate(const struct catalog_file *f, const struct catalog_entry *e,
                      const struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	bool same_row = salt->len > 0 && hash_equal(&salt->hash, &e->kept.salt);
	return e->source == f->source && (same_row || catalog_same_inode(f, e));
}

static int find(const struct catalog *c, const struct catalog_file *f, struct follow *follow,
                struct catalog_known *ret)
{
	/* The inode first: it decides between entries with the same first rows. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < c->nentries; i++) {
			const struct catalog_entry *e = &c->entries[i];
			if (!candidate(f, e, follow) || catalog_same_inode(f, e) != (round == 0))
				continue;
			int rc = belongs(c, f, e, follow, ret);
			if (rc == BELONGS)
				ret->entry = e;
			if (rc != BELONGS_NOT)
				return rc < 0 ? rc : 0;
		}
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
	if (rc == 0 && !follow_whole(follow))
		rc = -EBADMSG;
	(void)follow_close(follow);
	if (rc < 0)
		ledger_free(&ret->ledger);
	return rc;
}
