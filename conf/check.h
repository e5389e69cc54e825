/*
 * check.h - what one key alone cannot tell: whether the configuration holds together.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/conf.h"
#include "conf/mistakes.h"
#include "conf/parse.h"

/* Names, paths, endpoints of sources and the listener; fills in conf_source.endpoint. */
void check_conf(struct conf *conf, const struct parsed *p, struct mistakes *m);

/* One endpoint: URL, headers, files, and what must agree with what. */
void check_endpoint(struct conf *conf, const struct ship_conf *e, const struct parsed_section *sec,
                    struct mistakes *m);

/*
 * records and record-fields of a source: aliases resolved, blanks removed, defaults filled in
 * where the file gives none.  Mistakes are told.
 */
void check_records(struct conf_source *s, const struct parsed_section *sec, struct mistakes *m);

#endif
