/*
 * series.h - which series a running agent's history has, and where each one stands.
 *
 *     SERIES_A_SOURCE numbers a source | SERIES_AN_ENDPOINT an endpoint | one a bounce category
 */
#ifndef STATUS_SERIES_H
#define STATUS_SERIES_H

#include "conf/conf.h"
#include "status/history.h"

enum series_source { SERIES_READ, SERIES_ACKED, SERIES_BEHIND, SERIES_A_SOURCE };
enum series_endpoint {
	SERIES_REQUESTS,
	SERIES_ACCEPTED,
	SERIES_ENDED,   /* requests */
	SERIES_ELAPSED, /* microseconds of those */
	SERIES_AN_ENDPOINT
};

size_t series_of_source(size_t source, enum series_source what);
size_t series_of_endpoint(const struct conf *conf, size_t endpoint, enum series_endpoint what);
size_t series_of_category(const struct conf *conf, size_t category);

/* How many there are, and the name and kind of each: ret has room for all of them. */
size_t series_count(const struct conf *conf);
void series_names(const struct conf *conf, struct history_series *ret);

#endif
