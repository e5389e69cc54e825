/* The last hour, minute by minute, as JSON for the page's charts.  Names: pmta-shipper(8). */
#include <stdio.h>
#include <stdlib.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "status/counters.h"
#include "status/history_json.h"
#include "status/series.h"

static void numbers(struct json_writer *w, const struct history *h, const char *name, size_t series)
{
	uint64_t values[HISTORY_MINUTES];
	size_t n = history_minutes(h, series, values);
	json_open(w, name, '[');
	for (size_t i = 0; i < n; i++)
		json_count(w, NULL, values[i]);
	json_close(w, ']');
}

/* The mean of each minute; null for a minute in which no request ended. */
static void latency(struct json_writer *w, const struct conf *conf, const struct history *h,
                    size_t endpoint)
{
	uint64_t ended[HISTORY_MINUTES], elapsed[HISTORY_MINUTES];
	size_t n = history_minutes(h, series_of_endpoint(conf, endpoint, SERIES_ENDED), ended);
	(void)history_minutes(h, series_of_endpoint(conf, endpoint, SERIES_ELAPSED), elapsed);
	json_open(w, "latencyMs", '[');
	for (size_t i = 0; i < n; i++) {
		if (ended[i] > 0)
			json_decimal(w, NULL, (double)elapsed[i] / 1000 / (double)ended[i], 1);
		else
			json_null(w, NULL);
	}
	json_close(w, ']');
}

/* Only the categories that were seen in that hour. */
static void bounces(struct json_writer *w, const struct conf *conf, const struct history *h)
{
	uint64_t values[HISTORY_MINUTES];
	json_open(w, "bounces", '[');
	for (size_t k = 0; k < CATEGORIES; k++) {
		uint64_t sum = 0;
		size_t n = history_minutes(h, series_of_category(conf, k), values);
		for (size_t i = 0; i < n; i++)
			sum += values[i];
		if (sum == 0)
			continue;
		json_open(w, NULL, '{');
		json_string(w, "category", category_names[k]);
		numbers(w, h, "records", series_of_category(conf, k));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void print_hour(FILE *f, const struct conf *conf, const struct history *h, int64_t now_ms)
{
	struct json_writer w = {.out = f};
	json_open(&w, NULL, '{');
	json_number(&w, "stepSeconds", 60);
	json_number(&w, "ageSeconds", (now_ms - history_last_minute_ms(h)) / 1000);
	json_open(&w, "sources", '[');
	for (size_t i = 0; i < conf->nsources; i++) {
		json_open(&w, NULL, '{');
		json_string(&w, "name", conf->sources[i].name);
		numbers(&w, h, "read", series_of_source(i, SERIES_READ));
		numbers(&w, h, "acknowledged", series_of_source(i, SERIES_ACKED));
		numbers(&w, h, "behindBytes", series_of_source(i, SERIES_BEHIND));
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_open(&w, "endpoints", '[');
	for (size_t i = 0; i < conf->nendpoints; i++) {
		json_open(&w, NULL, '{');
		json_string(&w, "name", conf->endpoints[i].name);
		numbers(&w, h, "requests", series_of_endpoint(conf, i, SERIES_REQUESTS));
		numbers(&w, h, "accepted", series_of_endpoint(conf, i, SERIES_ACCEPTED));
		latency(&w, conf, h, i);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	bounces(&w, conf, h);
	json_close(&w, '}');
	(void)fputc('\n', f);
}

char *history_json(const struct conf *conf, const struct history *h, int64_t now_ms)
{
	struct text t;
	FILE *f = text_begin(&t);
	if (f)
		print_hour(f, conf, h, now_ms);
	return text_end(&t);
}
