/*
 * config.h - reads a Logstash pipeline, as far as that is possible without Logstash.
 *
 *     input  { file { path => [ "/var/log/pmta/bounces-*.csv" ] } }
 *     filter { if [message] =~ /^type,/ { drop {} } }
 *     output { http { url => "https://..." headers => { "X-A" => "b" } } }
 *
 * The text may also be inside a YAML file: what is outside of the three sections is only counted.
 * Values are strings; only ${NAME:default} is expanded, to the default.
 *
 *   config.c     the grammar
 *   pipeline.c   files, and access to what was read
 */
#ifndef LOGSTASH_CONFIG_H
#define LOGSTASH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum pipeline_section { PIPELINE_INPUT, PIPELINE_FILTER, PIPELINE_OUTPUT };

/* A plugin, or one value of one of its settings. */
struct pipeline_item {
	enum pipeline_section section;
	unsigned plugin;   /* its number, from 0 */
	unsigned line;     /* in the file, from 1 */
	const char *name;  /* of the plugin: "file" */
	const char *key;   /* "path"; NULL: the plugin begins here */
	const char *sub;   /* the name in a hash, or of a codec's setting; otherwise "" */
	const char *value; /* an array or a hash has an item for each value; an empty one has "" */
	bool filled;       /* value has a default in the place of a variable */
	bool used;         /* for translate*.c: a line of the configuration or a note shows it */
};

/* The plugins under one condition: the body of an if, or of its else. */
struct pipeline_branch {
	enum pipeline_section section;
	unsigned line;
	const char *condition; /* as it is written; "" for a plain else */
	size_t before;         /* the branch that this is the else of, or PIPELINE_NONE */
	unsigned first, end;   /* the plugins with first <= number < end */
};
#define PIPELINE_NONE SIZE_MAX

struct pipeline {
	struct pipeline_item *items;
	size_t n, room;
	struct pipeline_branch *branches;
	size_t nbranches;
	unsigned nplugins;
	unsigned outside, outside_line; /* lines with text outside of the sections; the first one */
};

/*
 * Returns 0; -EINVAL with the line in err when the brackets do not match or there is no
 * section; -E2BIG when the file is too large; -EILSEQ when it contains a NUL; another
 * negative errno when it cannot be read.  Call pipeline_free() in any case.
 */
int pipeline_load(struct pipeline *p, const char *path, struct err *err) MUST_CHECK;
/* The same for text that was read from path. */
int pipeline_parse(struct pipeline *p, const char *path, const char *text,
                   struct err *err) MUST_CHECK;
void pipeline_free(struct pipeline *p);

/* Returns the first value of a plugin's setting, or fallback. */
const char *pipeline_value(const struct pipeline *p, unsigned plugin, const char *key,
                           const char *fallback);

#endif
