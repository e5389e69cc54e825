/*
 * translate.h - a Logstash pipeline as a configuration of ours.
 *
 *   translate.c         the frame, filters, what is left out
 *   translate_source.c  paths of file inputs to sources
 *   translate_http.c    http outputs to endpoints
 *   translate_print.c   values and notes, for those three
 *
 * What has no counterpart, or may not be written down (secrets), becomes a note.
 */
#ifndef LOGSTASH_TRANSLATE_H
#define LOGSTASH_TRANSLATE_H

#include <stdio.h>

#include "logstash/config.h"

#define TRANSLATE_NAME_MAX 48

struct translation {
	const struct pipeline *p;
	FILE *out;                               /* the configuration */
	FILE *notes;                             /* one a line */
	const char *signature_file, *token_file; /* where secrets belong */
	char endpoint[TRANSLATE_NAME_MAX];       /* the name of the first one */
	char last[512];                          /* note */
};

/*
 * Write the configuration and the notes.  Memory is the caller's to look for: ferror() of the two
 * streams.
 */
void translate(struct translation *t);

/* ---- for translate*.c ---- */

/* translate_source.c, translate_http.c */
void translate_sources(struct translation *t);
void translate_outputs(struct translation *t);

/* translate_print.c: a note; the same again is left out. */
void translate_note(struct translation *t, const char *fmt, ...) ERR_PRINTF(2, 3);
/* A key with its value; or a value alone, quoted as conf.h reads it. */
void translate_key(struct translation *t, const char *key, const char *value);
void translate_text(FILE *out, const char *value);
/* Something only the running Logstash knows: a variable, or a field of an event. */
bool translate_is_open(const char *value);

#endif
