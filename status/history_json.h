/*
 * history_json.h - the last hour, minute by minute, as JSON for the page's charts.
 */
#ifndef STATUS_HISTORY_JSON_H
#define STATUS_HISTORY_JSON_H

#include "conf/conf.h"
#include "status/history.h"

/* h has the series of series.h.  Returns the JSON; the caller frees it.  NULL: out of memory. */
char *history_json(const struct conf *conf, const struct history *h, int64_t now_ms);

#endif
