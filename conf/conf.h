/*
 * conf.h - the configuration file as a checked struct.
 *
 * A configuration is used only when all of it is right: loading
 * reports every mistake it finds, one line each, as "FILE:LINE: what is wrong (what to do)".
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
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
	struct strlist
	        record_fields; /* "b timeQueued,timeLogged,..."; for files without a header */
	char *endpoint_name;
	size_t endpoint; /* its index in conf.endpoints */
	bool fair;       /* order = "fair" */
};

struct conf {
	char *path;     /* the file it was read from */
	bool only_look; /* nothing will be sent under it: files it names were not looked into */
	bool unseen_credentials; /* some of the service's were out of sight, and not looked into */
	bool may_miss_credentials;
	char *state_dir;
	char *runtime_dir; /* never empty: unset means state_dir */
	enum log_level log_level;
	bool log_json;
	enum first_start first_start;
	bool first_start_set; /* the file says so itself */
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

/* Told once for each mistake: one line, without newline. */
typedef void conf_mistake_fn(const char *line, void *arg);

/*
 * Read and check path.  On success returns 0 and *ret is the caller's, to free with conf_free().
 * -EINVAL: the file is wrong; every mistake was told.  Another negative errno: it could not be
 * read; told once, too.
 */
int conf_load(struct conf **ret, const char *path, conf_mistake_fn *mistake, void *arg) MUST_CHECK;

/*
 * The same for commands that send nothing and may run as somebody who cannot read the secrets: the
 * files that endpoints name are not looked into, and $CREDENTIALS_DIRECTORY need not be set.
 */
int conf_load_to_look(struct conf **ret, const char *path, conf_mistake_fn *mistake,
                      void *arg) MUST_CHECK;

/*
 * The same for 'check', which systemd also runs before a reload: there it gives no process but the
 * service's own its credentials.  Files in $CREDENTIALS_DIRECTORY that cannot be seen are no
 * mistake, but unseen_credentials says so; all other files are looked into.
 */
int conf_load_to_check(struct conf **ret, const char *path, conf_mistake_fn *fn,
                       void *arg) MUST_CHECK;

/* Accepts NULL and a half-built conf; returns NULL. */
struct conf *conf_free(struct conf *conf);

/* Print the effective configuration.  Reading that and printing it again gives the same text. */
void conf_print(const struct conf *conf, FILE *out);

/* A digest of that text, as hex, by which two hosts can be compared; "unknown" without memory. */
void conf_digest(const struct conf *conf, char ret[HASH_HEX_SIZE]);

/* The source of that name, or NULL. */
const struct conf_source *conf_source_named(const struct conf *conf, const char *name);

/* Whether a source, or any of them, ships records of that type ("b"). */
bool conf_source_ships(const struct conf_source *s, const char *type);
bool conf_ships(const struct conf *conf, const char *type);

/* "/var/log/pmta/bounces" of "/var/log/pmta/bounces.csv": what all its files begin with. */
void conf_source_stem(const struct conf_source *s, char *ret, size_t size);

/* The folder of its live files. */
void conf_source_folder(const struct conf_source *s, char *ret, size_t size);

#endif
