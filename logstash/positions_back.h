/*
 * positions_back.h - writes our positions as a sincedb, for going back to Logstash.
 */
#ifndef LOGSTASH_POSITIONS_BACK_H
#define LOGSTASH_POSITIONS_BACK_H

#include <stdio.h>

#include "conf/conf.h"
#include "state/store.h"

/*
 * Writes a line for each file in one of its source's directories; compressed files and files never
 * to be read are left out.  Returns 0 or a negative errno: store_error() has the message.
 */
int positions_back(const struct conf *conf, struct store *store, FILE *out) MUST_CHECK;

#endif
