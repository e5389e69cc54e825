/*
 * translate.h - translates a Logstash pipeline to our configuration.
 *
 *   translate.c         the frame
 *   translate_source.c  paths of file inputs to sources
 *   translate_http.c    http outputs to endpoints
 *   translate_rest.c    every plugin and setting that those did not use
 *   translate_print.c   values and notes, for all of them
 *
 * Everything in the pipeline is in a line of the configuration or in a note with its line number:
 * an item that is not marked as used gets a note in translate_rest().
 *
 * Settings without a counterpart, and secrets, which must not be written down, become notes.
 */
#ifndef LOGSTASH_TRANSLATE_H
#define LOGSTASH_TRANSLATE_H

#include <stdio.h>

#include "logstash/config.h"

#define TRANSLATE_NAME_MAX 48

struct translation {
	struct pipeline *p;
	FILE *out;                               /* the configuration */
	FILE *notes;                             /* one per line */
	FILE *positions;                         /* files for import-sincedb, quoted for a shell */
	const char *signature_file, *token_file; /* where secrets belong */
	char endpoint[TRANSLATE_NAME_MAX];       /* the name of the first one */
	char last[512];                          /* the last note */
};

/*
 * Writes the configuration and the notes.  The caller detects a lack of memory with ferror() of the
 * three streams.
 */
void translate(struct translation *t);

/* ---- for translate*.c ---- */

/* translate_source.c, translate_http.c, translate_rest.c */
void translate_sources(struct translation *t);
void translate_outputs(struct translation *t);
void translate_rest(struct translation *t);

/*
 * translate_print.c: writes a note about a line of the pipeline (0: about none); a repetition of
 * the last one is left out.
 */
void translate_note(struct translation *t, unsigned line, const char *fmt, ...) ERR_PRINTF(3, 4);
/* Marks the items of a setting (NULL: of the plugin and all its settings) as used. */
void translate_use(struct translation *t, unsigned plugin, const char *key);
/* The first value of a setting, which is marked as used, or fallback; and its line, or 0. */
const char *translate_value(struct translation *t, unsigned plugin, const char *key,
                            const char *fallback);
unsigned translate_line(const struct translation *t, unsigned plugin, const char *key);
/* Write a key with its value, or only a value, quoted as in our configuration. */
void translate_key(struct translation *t, const char *key, const char *value);
void translate_text(FILE *out, const char *value);
/* True if only the running Logstash knows the value: a variable, or a field of an event. */
bool translate_is_open(const char *value);

#endif
