/*
 * conf.h - the configuration file as a checked struct.
 *
 * A configuration is used only if all of it is correct.  Loading reports every mistake it finds,
 * one line each, as "FILE:LINE: what is wrong (what to do)".
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/file_mistake.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/slice.h"
#include "ship/ship.h"

#define CONF_DEFAULT_PATH "/etc/pmta-shipper/pmta-shipper.conf"

enum first_start { FIRST_LIVE, FIRST_NOW, FIRST_ALL };

/* One PowerMTA acct-file. */
struct conf_source {
	char *name;
	char *acct_file;        /* PowerMTA's own template, absolute */
	char *move_to;          /* "" for none */
	struct strlist records; /* types to ship: "b", "rb" */
	/* "b timeQueued,timeLogged,..."; for files without a header */
	struct strlist record_fields;
	char *endpoint_name;
	size_t endpoint; /* its index in conf.endpoints */
	bool fair;       /* order = "fair" */
};

struct conf {
	char *path;     /* the file it was read from */
	bool only_look; /* nothing will be sent with it: the files it names were not checked */
	bool unseen_credentials; /* some credentials of the service were not visible or checked */
	bool may_miss_credentials;
	char *state_dir;
	char *runtime_dir; /* never empty: unset means state_dir */
	enum log_level log_level;
	bool log_json;
	enum first_start first_start;
	bool first_start_set; /* the file sets it */
	char *metrics_listen; /* "HOST:PORT", "" = off */
	uint64_t rescan_ms, drain_ms;
	size_t record_max; /* bytes */
	uint64_t dead_max_records, dead_max_bytes;
	struct strlist rules; /* globs */
	struct conf_source *sources;
	size_t nsources;
	struct ship_conf *endpoints; /* its strings belong to the conf */
	size_t nendpoints;
};

/* Called once for each mistake. */
typedef file_mistake_fn conf_mistake_fn;

/*
 * Reads and checks path.  Returns 0 on success; the caller owns *ret and frees it with conf_free().
 * Returns -EINVAL if the file has mistakes, each of which is reported, or another negative errno if
 * it cannot be read, which is reported once.
 */
int conf_load(struct conf **ret, const char *path, conf_mistake_fn *mistake, void *arg) MUST_CHECK;

/*
 * The same for commands that send nothing and may run as a user who cannot read the secrets: the
 * files that endpoints name are not checked, and $CREDENTIALS_DIRECTORY need not be set.
 */
int conf_load_to_look(struct conf **ret, const char *path, conf_mistake_fn *mistake,
                      void *arg) MUST_CHECK;

/*
 * The same for 'check', which systemd also runs before a reload, in a process that does not get the
 * service's credentials.  Files in $CREDENTIALS_DIRECTORY that are not visible are no mistake, but
 * set unseen_credentials; all other files are checked.
 */
int conf_load_to_check(struct conf **ret, const char *path, conf_mistake_fn *fn,
                       void *arg) MUST_CHECK;

/* Returns true if a file is one of the service's credentials that this process cannot see. */
bool conf_credential_unseen(const char *path);

/* Accepts NULL and a half-built conf; returns NULL. */
struct conf *conf_free(struct conf *conf);

/* Prints the effective configuration.  Reading that and printing it again gives the same text. */
void conf_print(const struct conf *conf, FILE *out);

/* Writes a hex digest of that text, for comparing two hosts; "unknown" when out of memory. */
void conf_digest(const struct conf *conf, char ret[HASH_HEX_SIZE]);

/* Returns the source of this name, or NULL. */
const struct conf_source *conf_source_named(const struct conf *conf, const char *name);

/* Return true if the source, or any source, ships records of this type ("b"). */
bool conf_source_ships(const struct conf_source *s, const char *type);
bool conf_ships(const struct conf *conf, const char *type);

/* "/var/log/pmta/bounces" for "/var/log/pmta/bounces.csv": the prefix of all its files. */
void conf_source_stem(const struct conf_source *s, char *ret, size_t size);

/*
 * Writes the template that somebody means who writes "/var/log/pmta/bounces-*.csv":
 * "/var/log/pmta/bounces.csv".  A '*' stands for itself in an acct-file, here and in PowerMTA.
 * Returns false if its last part has none, or if there is no name without it.
 */
bool conf_acct_file_meant(const char *path, char *ret, size_t size);

/* The directory of its live files. */
void conf_source_folder(const struct conf_source *s, char *ret, size_t size);
/* Returns true if move-to is the folder of the acct-file by another name, such as a link. */
bool conf_source_moves_nowhere(const struct conf_source *s);

#endif
