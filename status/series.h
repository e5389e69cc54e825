/*
 * series.h - the series of a running agent's history, and the index of each:
 *
 *     SERIES_A_SOURCE per source | SERIES_AN_ENDPOINT per endpoint | one per bounce category
 */
#ifndef STATUS_SERIES_H
#define STATUS_SERIES_H

#include "conf/conf.h"
#include "status/history.h"

enum series_source { SERIES_READ, SERIES_ACKED, SERIES_BEHIND, SERIES_A_SOURCE };
enum series_endpoint {
	SERIES_REQUESTS,
	SERIES_ACCEPTED,
	SERIES_ENDED,   /* finished requests */
	SERIES_ELAPSED, /* their microseconds */
	SERIES_AN_ENDPOINT
};

size_t series_of_source(size_t source, enum series_source what);
size_t series_of_endpoint(const struct conf *conf, size_t endpoint, enum series_endpoint what);
size_t series_of_category(const struct conf *conf, size_t category);

/* The number of series, and the name and kind of each; ret has room for all of them. */
size_t series_count(const struct conf *conf);
void series_names(const struct conf *conf, struct history_series *ret);

#endif
