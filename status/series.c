#include "status/series.h"

#include <stdio.h>

#include "status/counters.h"

size_t series_of_source(size_t source, enum series_source what)
{
	return source * SERIES_A_SOURCE + what;
}

size_t series_of_endpoint(const struct conf *conf, size_t endpoint, enum series_endpoint what)
{
	return conf->nsources * SERIES_A_SOURCE + endpoint * SERIES_AN_ENDPOINT + what;
}

size_t series_of_category(const struct conf *conf, size_t category)
{
	return series_of_endpoint(conf, conf->nendpoints, 0) + category;
}

size_t series_count(const struct conf *conf)
{
	return series_of_category(conf, CATEGORIES);
}

void series_names(const struct conf *conf, struct history_series *ret)
{
	static const struct {
		const char *name;
		enum history_kind kind;
	} of_source[] = {[SERIES_READ] = {"read", HISTORY_TOTAL},
	                 [SERIES_ACKED] = {"acknowledged", HISTORY_TOTAL},
	                 [SERIES_BEHIND] = {"behind", HISTORY_LEVEL}},
	  of_endpoint[] = {[SERIES_REQUESTS] = {"requests", HISTORY_COUNTER},
	                   [SERIES_ACCEPTED] = {"accepted", HISTORY_COUNTER},
	                   [SERIES_ENDED] = {"ended", HISTORY_COUNTER},
	                   [SERIES_ELAPSED] = {"elapsed", HISTORY_COUNTER}};
	for (size_t i = 0; i < conf->nsources; i++) {
		for (unsigned w = 0; w < SERIES_A_SOURCE; w++, ret++) {
			(void)snprintf(ret->name, sizeof(ret->name), "source %s %s",
			               conf->sources[i].name, of_source[w].name);
			ret->kind = of_source[w].kind;
		}
	}
	for (size_t i = 0; i < conf->nendpoints; i++) {
		for (unsigned w = 0; w < SERIES_AN_ENDPOINT; w++, ret++) {
			(void)snprintf(ret->name, sizeof(ret->name), "endpoint %s %s",
			               conf->endpoints[i].name, of_endpoint[w].name);
			ret->kind = of_endpoint[w].kind;
		}
	}
	for (size_t i = 0; i < CATEGORIES; i++, ret++) {
		(void)snprintf(ret->name, sizeof(ret->name), "category %s", category_names[i]);
		/* A total over all sources: it drops when a source is removed from the
		 * configuration. */
		ret->kind = HISTORY_TOTAL;
	}
}
