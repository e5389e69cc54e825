/*
 * check.h - checks that need more than one key: whether the configuration is consistent.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/conf.h"
#include "conf/mistakes.h"
#include "conf/parse.h"

/* Checks names, paths, the sources' endpoints and the listener; sets conf_source.endpoint. */
void check_conf(struct conf *conf, const struct parsed *p, struct mistakes *m);

/* Checks one endpoint: URL, headers, files, and keys that must agree with each other. */
void check_endpoint(struct conf *conf, const struct ship_conf *e, const struct parsed_section *sec,
                    struct mistakes *m);

/*
 * Checks records and record-fields of a source.  Resolves aliases, removes blanks, and fills in
 * defaults where the file gives none.  Reports mistakes.
 */
void check_records(struct conf_source *s, const struct parsed_section *sec, struct mistakes *m);

#endif
