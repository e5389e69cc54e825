/*
 * translate.h - translates a Logstash pipeline to our configuration.
 *
 *   translate.c         the frame, filters, what is left out
 *   translate_source.c  paths of file inputs to sources
 *   translate_http.c    http outputs to endpoints
 *   translate_print.c   values and notes, for those three
 *
 * Settings without a counterpart, and secrets, which must not be written down, become notes.
 */
#ifndef LOGSTASH_TRANSLATE_H
#define LOGSTASH_TRANSLATE_H

#include <stdio.h>

#include "logstash/config.h"

#define TRANSLATE_NAME_MAX 48

struct translation {
	const struct pipeline *p;
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

/* translate_source.c, translate_http.c */
void translate_sources(struct translation *t);
void translate_outputs(struct translation *t);

/* translate_print.c: writes a note; a repetition of the last one is left out. */
void translate_note(struct translation *t, const char *fmt, ...) ERR_PRINTF(2, 3);
/* Write a key with its value, or only a value, quoted as in our configuration. */
void translate_key(struct translation *t, const char *key, const char *value);
void translate_text(FILE *out, const char *value);
/* True if only the running Logstash knows the value: a variable, or a field of an event. */
bool translate_is_open(const char *value);

#endif
