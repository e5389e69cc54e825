/*
 * positions_back.h - our positions as a sincedb, for going back to Logstash.
 */
#ifndef LOGSTASH_POSITIONS_BACK_H
#define LOGSTASH_POSITIONS_BACK_H

#include <stdio.h>

#include "conf/conf.h"
#include "state/store.h"

/*
 * A line for each file that is in one of its source's folders; one that is compressed, or was never
 * to be read, is left out.  0 or a negative errno: store_error() has the words.
 */
int positions_back(const struct conf *conf, struct store *store, FILE *out) MUST_CHECK;

#endif
