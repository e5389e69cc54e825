/* The last hour, minute by minute, as JSON: what the page draws.  Names: pmta-shipper(8). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"

static void numbers(FILE *f, const struct agent *a, const char *name, size_t series)
{
	uint64_t values[HISTORY_MINUTES];
	size_t n = history_minutes(a->history, series, values);
	(void)fprintf(f, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(f, i ? ",%" PRIu64 : "%" PRIu64, values[i]);
	(void)fputc(']', f);
}

/* The mean of each minute; null for one in which no request ended. */
static void latency(FILE *f, const struct agent *a, size_t endpoint)
{
	uint64_t ended[HISTORY_MINUTES], elapsed[HISTORY_MINUTES];
	size_t n = history_minutes(a->history, series_of_endpoint(a, endpoint, SERIES_ENDED),
	                           ended);
	(void)history_minutes(a->history, series_of_endpoint(a, endpoint, SERIES_ELAPSED), elapsed);
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
static void bounces(FILE *f, const struct agent *a)
{
	uint64_t values[HISTORY_MINUTES];
	const char *comma = "";
	(void)fprintf(f, "],\"bounces\":[");
	for (size_t k = 0; k < CATEGORIES; k++) {
		uint64_t sum = 0;
		size_t n = history_minutes(a->history, series_of_category(a, k), values);
		for (size_t i = 0; i < n; i++)
			sum += values[i];
		if (sum == 0)
			continue;
		(void)fprintf(f, "%s{\"category\":\"%s\"", comma, category_names[k]);
		numbers(f, a, "records", series_of_category(a, k));
		(void)fputc('}', f);
		comma = ",";
	}
}

static void print_hour(FILE *f, const struct agent *a)
{
	int64_t age = a->now_ms - history_last_minute_ms(a->history);
	(void)fprintf(f, "{\"stepSeconds\":60,\"ageSeconds\":%" PRId64 ",\"sources\":[",
	              age / 1000);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		(void)fprintf(f, "%s{\"name\":\"%s\"", i ? "," : "", a->conf->sources[i].name);
		numbers(f, a, "read", series_of_source(i, SERIES_READ));
		numbers(f, a, "acknowledged", series_of_source(i, SERIES_ACKED));
		numbers(f, a, "behindBytes", series_of_source(i, SERIES_BEHIND));
		(void)fputc('}', f);
	}
	(void)fprintf(f, "],\"endpoints\":[");
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		(void)fprintf(f, "%s{\"name\":\"%s\"", i ? "," : "", a->conf->endpoints[i].name);
		numbers(f, a, "requests", series_of_endpoint(a, i, SERIES_REQUESTS));
		numbers(f, a, "accepted", series_of_endpoint(a, i, SERIES_ACCEPTED));
		latency(f, a, i);
		(void)fputc('}', f);
	}
	bounces(f, a);
	(void)fprintf(f, "]}\n");
}

char *history_json(const struct agent *a)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	print_hour(f, a);
	bool whole = !ferror(f);
	if (fclose(f) != 0 || !whole) {
		free(text);
		return NULL;
	}
	return text;
}
