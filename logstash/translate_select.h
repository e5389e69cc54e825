/*
 * translate_select.h - the record types and the endpoint of each source, by the pipeline's
 * conditions; for translate*.c.
 */
#ifndef LOGSTASH_TRANSLATE_SELECT_H
#define LOGSTASH_TRANSLATE_SELECT_H

#include "logstash/translate.h"

#define TRANSLATE_TYPES 3 /* b, rb, f */

struct translate_source {
	const char *name; /* of its files: "bounces" */
	const char *path; /* as the input's path */
	unsigned input;   /* the plugin */
	unsigned line;    /* of the path */
	bool fbl;         /* the name says: complaints */
	bool guessed;     /* the path has no name, or is not in the pipeline */
	bool ships[TRANSLATE_TYPES];
	char endpoint[TRANSLATE_NAME_MAX + 12];
};

/* Sets ships and endpoint, and writes notes about what differs from the pipeline. */
void translate_choose(struct translation *t, struct translate_source *s);

/* Writes notes about the conditions that the sources do not carry over. */
void translate_conditions(struct translation *t, const struct translate_source *all, size_t n);

/* Writes "records = { ... }". */
void translate_records(struct translation *t, const struct translate_source *s);

/* The name of the endpoint of the nth http output, from 0. */
void translate_endpoint_name(const struct translation *t, unsigned n, char *ret, size_t size);

#endif
