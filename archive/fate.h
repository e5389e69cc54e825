/*
 * fate.h - what became of a row: the one place that joins the store's position and parts, the dead
 * letters, and the types and rules in force when the row was read.  trace, archives and replay ask
 * here, so that none of them claims more than is known.
 *
 * A row is acknowledged only if the agent read it, sent it, and an answer accepted it.
 */
#ifndef ARCHIVE_FATE_H
#define ARCHIVE_FATE_H

#include <stdbool.h>
#include <stdint.h>

#include "csv/catalog.h"
#include "record/record.h"
#include "rules/rules.h"

enum fate {
	FATE_UNKNOWN,      /* there is no store, or the file changed since it was read */
	FATE_ACKNOWLEDGED, /* the receiver accepted it */
	FATE_PARTIAL,      /* accepted, but some events of that request failed at the receiver */
	FATE_DEAD,         /* a dead letter */
	FATE_DROPPED,      /* it was a dead letter, and an operator dropped it */
	FATE_SKIPPED,      /* of a type that was not selected when it was read, or is not now */
	FATE_IGNORED,      /* a rule withheld it */
	FATE_PASSED,       /* it existed at the first start, and was not read */
	FATE_LOGSTASH,     /* read by Logstash, and not by the agent */
	FATE_SETTLED,      /* read, or passed over; the store does not have which */
	FATE_IN_FLIGHT,    /* read; no answer is recorded yet */
	FATE_BEHIND,       /* not read, or not answered yet */
	FATES
};

/* The name for programs ("acknowledged"), and a sentence for people. */
const char *fate_name(enum fate fate);
const char *fate_words(enum fate fate);

enum fate_letter { LETTER_NONE, LETTER_KEPT, LETTER_PARTIAL, LETTER_DROPPED };

/* All that decides the fate of one row. */
struct fate_case {
	bool store;        /* there is one */
	bool entry;        /* the file is in it */
	bool proved;       /* the entry's last row is in its place */
	bool passed;       /* the whole file is not to be read */
	bool settled;      /* the row is before the position, or acknowledged after a gap */
	bool sent;         /* in a batch without an answer */
	uint32_t how;      /* enum part_how, of a settled row */
	bool all_acked;    /* every row of the file was acknowledged, by the counts in the store */
	bool is_record;    /* else it is unreadable */
	bool selected;     /* its type is sent now */
	bool selection;    /* what was selected when it was read is known */
	bool was_selected; /* its type was sent then */
	bool same_rules;   /* the rules then are those of now */
	bool withheld;     /* the rules of now withhold it */
	bool any_ignored;  /* at least one row of the file was withheld */
	bool altered;      /* the file does not have as many rows as were read */
	enum fate_letter letter;
};

enum fate fate_decide(const struct fate_case *c);

/* Borrows catalog (with its store) and rules, which may be NULL. */
struct fates {
	const struct catalog *catalog;
	struct rules *rules;
	char digest[33]; /* of rules */
	/* The selection of the last part. */
	uint32_t number;
	bool have, same_rules;
	char *types;
};

void fates_open(struct fates *f, const struct catalog *catalog, struct rules *rules);
void fates_close(struct fates *f);

struct fate_file {
	const struct catalog_file *file;
	struct catalog_known known;
	bool counted, all_acked, altered; /* the last two are valid once counted */
};

/*
 * Looks the file up in the store.  Returns 0 or an error of catalog_look(); the caller calls
 * fate_file_close() in any case.
 */
int fate_file_open(struct fates *f, const struct catalog_file *file,
                   struct fate_file *ret) MUST_CHECK;
void fate_file_close(struct fate_file *file);

struct fate_row {
	enum fate fate;
	int64_t dead; /* number of its dead letter, or 0 */
	char *reason; /* of the dead letter; NULL for none.  The caller frees it */
};

/*
 * Gives the fate of a row of the file.  withheld: the present rules withhold it.  Returns 0 or a
 * negative errno.
 */
int fate_of(struct fates *f, struct fate_file *file, const struct record *rec, bool is_record,
            bool withheld, struct fate_row *ret) MUST_CHECK;

/* The verdict on a whole file. */
struct fate_sum {
	bool safe;          /* each row was acknowledged, or is by type or rule not to be sent */
	enum fate why;      /* if not: the fate of the first row for which that is not so */
	uint64_t n;         /* the number of such rows; 0: not counted */
	bool whole, proved; /* as in struct catalog_known */
};

/* Reads rows only where the store alone does not decide.  Returns 0 or a negative errno. */
int fate_file_sum(struct fates *f, struct fate_file *file, struct fate_sum *ret) MUST_CHECK;

#endif
