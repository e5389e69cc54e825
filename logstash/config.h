/*
 * config.h - reads a Logstash pipeline, as far as that is possible without Logstash.
 *
 *     input  { file { path => [ "/var/log/pmta/bounces-*.csv" ] } }
 *     filter { if [message] =~ /^type,/ { drop {} } }
 *     output { http { url => "https://..." headers => { "X-A" => "b" } } }
 *
 * The text may also be inside a YAML file: everything before and between the three sections is
 * skipped.  Conditions are skipped, but the plugins inside them count.  Values are strings; only
 * ${NAME:default} is expanded, to the default.
 */
#ifndef LOGSTASH_CONFIG_H
#define LOGSTASH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum pipeline_section { PIPELINE_INPUT, PIPELINE_FILTER, PIPELINE_OUTPUT };

/* A plugin, or one value of one of its settings. */
struct pipeline_item {
	enum pipeline_section section;
	unsigned plugin;   /* its number, from 0 */
	const char *name;  /* of the plugin: "file" */
	const char *key;   /* "path"; NULL: the plugin begins here */
	const char *sub;   /* the name in a hash; otherwise "" */
	const char *value; /* an array or a hash has an item for each value */
};

struct pipeline {
	struct pipeline_item *items;
	size_t n, room;
	bool conditions[3]; /* true if the section has any */
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
