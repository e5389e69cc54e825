/*
 * config.h - a Logstash pipeline, as far as it can be read without Logstash.
 *
 *     input  { file { path => [ "/var/log/pmta/bounces-*.csv" ] } }
 *     filter { if [message] =~ /^type,/ { drop {} } }
 *     output { http { url => "https://..." headers => { "X-A" => "b" } } }
 *
 * The text may also stand in a YAML file: everything before and between the three sections is
 * passed over.  Conditions are passed over, what stands below them counts.  Values are strings;
 * nothing in them is worked out but ${NAME:default}, which gives the default.
 */
#ifndef LOGSTASH_CONFIG_H
#define LOGSTASH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum pipeline_section { PIPELINE_INPUT, PIPELINE_FILTER, PIPELINE_OUTPUT };

/* A plugin, or one value of a setting of one. */
struct pipeline_item {
	enum pipeline_section section;
	unsigned plugin;   /* its number, from 0 */
	const char *name;  /* of the plugin: "file" */
	const char *key;   /* "path"; NULL: the plugin begins here */
	const char *sub;   /* the name in a hash; else "" */
	const char *value; /* of an array or a hash there is an item for each */
};

struct pipeline {
	struct pipeline_item *items;
	size_t n, room;
	bool conditions[3]; /* whether there are any in the section */
};

/*
 * -EINVAL with the line in err when the brackets do not match, or when there is no section at all;
 * -E2BIG when it is too large; -EILSEQ when there is a NUL in it; another negative errno when it
 * cannot be read.  pipeline_free() in any case.
 */
int pipeline_load(struct pipeline *p, const char *path, struct err *err) MUST_CHECK;
/* The same of text that was read from there. */
int pipeline_parse(struct pipeline *p, const char *path, const char *text,
                   struct err *err) MUST_CHECK;
void pipeline_free(struct pipeline *p);

/* The first value of a plugin's setting, or fallback. */
const char *pipeline_value(const struct pipeline *p, unsigned plugin, const char *key,
                           const char *fallback);

#endif
