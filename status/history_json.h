/*
 * history_json.h - the last hour, minute by minute, as JSON: what the page draws.
 */
#ifndef STATUS_HISTORY_JSON_H
#define STATUS_HISTORY_JSON_H

#include "conf/conf.h"
#include "status/history.h"

/* The history has the series of series.h.  The caller's, or NULL when out of memory. */
char *history_json(const struct conf *conf, const struct history *h, int64_t now_ms);

#endif
