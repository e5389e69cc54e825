/* The last hour, minute by minute, as JSON: what the page draws.  Names: pmta-shipper(8). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "status/counters.h"
#include "status/history_json.h"
#include "status/series.h"

static void numbers(FILE *f, const struct history *h, const char *name, size_t series)
{
	uint64_t values[HISTORY_MINUTES];
	size_t n = history_minutes(h, series, values);
	(void)fprintf(f, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(f, i ? ",%" PRIu64 : "%" PRIu64, values[i]);
	(void)fputc(']', f);
}

/* The mean of each minute; null for one in which no request ended. */
static void latency(FILE *f, const struct conf *conf, const struct history *h, size_t endpoint)
{
	uint64_t ended[HISTORY_MINUTES], elapsed[HISTORY_MINUTES];
	size_t n = history_minutes(h, series_of_endpoint(conf, endpoint, SERIES_ENDED), ended);
	(void)history_minutes(h, series_of_endpoint(conf, endpoint, SERIES_ELAPSED), elapsed);
	(void)fprintf(f, ",\"latencyMs\":[");
	for (size_t i = 0; i < n; i++) {
		(void)fputs(i ? "," : "", f);
		if (ended[i] > 0)
			(void)fprintf(f, "%.1f", (double)elapsed[i] / 1000 / (double)ended[i]);
		else
			(void)fputs("null", f);
	}
	(void)fputc(']', f);
}

/* Only those that were seen in that hour. */
static void bounces(FILE *f, const struct conf *conf, const struct history *h)
{
	uint64_t values[HISTORY_MINUTES];
	const char *comma = "";
	(void)fprintf(f, "],\"bounces\":[");
	for (size_t k = 0; k < CATEGORIES; k++) {
		uint64_t sum = 0;
		size_t n = history_minutes(h, series_of_category(conf, k), values);
		for (size_t i = 0; i < n; i++)
			sum += values[i];
		if (sum == 0)
			continue;
		(void)fprintf(f, "%s{\"category\":\"%s\"", comma, category_names[k]);
		numbers(f, h, "records", series_of_category(conf, k));
		(void)fputc('}', f);
		comma = ",";
	}
}

static void print_hour(FILE *f, const struct conf *conf, const struct history *h, int64_t now_ms)
{
	int64_t age = now_ms - history_last_minute_ms(h);
	(void)fprintf(f, "{\"stepSeconds\":60,\"ageSeconds\":%" PRId64 ",\"sources\":[",
	              age / 1000);
	for (size_t i = 0; i < conf->nsources; i++) {
		(void)fprintf(f, "%s{\"name\":\"%s\"", i ? "," : "", conf->sources[i].name);
		numbers(f, h, "read", series_of_source(i, SERIES_READ));
		numbers(f, h, "acknowledged", series_of_source(i, SERIES_ACKED));
		numbers(f, h, "behindBytes", series_of_source(i, SERIES_BEHIND));
		(void)fputc('}', f);
	}
	(void)fprintf(f, "],\"endpoints\":[");
	for (size_t i = 0; i < conf->nendpoints; i++) {
		(void)fprintf(f, "%s{\"name\":\"%s\"", i ? "," : "", conf->endpoints[i].name);
		numbers(f, h, "requests", series_of_endpoint(conf, i, SERIES_REQUESTS));
		numbers(f, h, "accepted", series_of_endpoint(conf, i, SERIES_ACCEPTED));
		latency(f, conf, h, i);
		(void)fputc('}', f);
	}
	bounces(f, conf, h);
	(void)fprintf(f, "]}\n");
}

char *history_json(const struct conf *conf, const struct history *h, int64_t now_ms)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	print_hour(f, conf, h, now_ms);
	bool whole = !ferror(f);
	if (fclose(f) != 0 || !whole) {
		free(text);
		return NULL;
	}
	return text;
}
