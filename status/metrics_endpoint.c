/* Metrics labelled with an endpoint. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/scope.h"
#include "status/metric.h"
#include "status/metrics.h"

struct numbers {
	double accepted, refused, retries, holds, bytes, in_flight, limit, waiting;
};

#define ENDPOINT(word) "pmta_shipper_endpoint_" word
#define AT(field) offsetof(struct numbers, field)

static const struct metric metrics[] = {
        {ENDPOINT("accepted_records_total"), "counter", "Records accepted by the endpoint.",
         AT(accepted)},
        {ENDPOINT("refused_records_total"), "counter",
         "Single records refused by the endpoint: dead letters.", AT(refused)},
        {ENDPOINT("retries_total"), "counter", "Requests that failed and are sent again.",
         AT(retries)},
        {ENDPOINT("holds_total"), "counter", "Times the endpoint was held.", AT(holds)},
        {ENDPOINT("request_bytes_total"), "counter",
         "Bytes of the bodies of finished requests, after compression.", AT(bytes)},
        {ENDPOINT("in_flight_requests"), "gauge", "Requests in flight.", AT(in_flight)},
        {ENDPOINT("in_flight_limit"), "gauge",
         "Requests that may be in flight now; adapts, at most in-flight.", AT(limit)},
        {ENDPOINT("waiting_records"), "gauge",
         "Records read and not answered yet, in flight included.", AT(waiting)},
};

static void answers(FILE *f, const struct view *v)
{
	static const char name[] = ENDPOINT("requests_total");
	static const char *const classes[] = {"none", NULL, "2xx", "3xx", "4xx", "5xx"};
	char labels[160];
	metric_family(f, name, "counter",
	              "Finished requests, by class of the status; none: no answer.");
	for (size_t i = 0; i < v->nendpoints; i++) {
		for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++) {
			if (!classes[k])
				continue;
			(void)snprintf(labels, sizeof(labels), "endpoint=\"%s\",code=\"%s\"",
			               v->endpoints[i].name, classes[k]);
			metric_sample(f, name, labels,
			              (double)v->endpoints[i].ship.meter.answers[k]);
		}
	}
}

static void states(FILE *f, const struct view *v)
{
	static const char name[] = ENDPOINT("state");
	char labels[160];
	metric_family(f, name, "gauge", "1 for the state the endpoint is in, 0 for the others.");
	for (size_t i = 0; i < v->nendpoints; i++) {
		for (enum ship_state s = SHIP_UNCONFIGURED; s <= SHIP_PAUSED; s++) {
			(void)snprintf(labels, sizeof(labels), "endpoint=\"%s\",state=\"%s\"",
			               v->endpoints[i].name, ship_state_name(s));
			metric_sample(f, name, labels, v->endpoints[i].ship.state == s);
		}
	}
}

struct histogram {
	const char *name, *help;
	const uint64_t *bounds;
	size_t n;
	double unit; /* factor for bounds and sum */
	size_t counts, sum;
};

/* Buckets are cumulative, and the last one is the count. */
static void histogram(FILE *f, const struct histogram *h, const struct view *v)
{
	metric_family(f, h->name, "histogram", h->help);
	for (size_t i = 0; i < v->nendpoints; i++) {
		const char *name = v->endpoints[i].name;
		const char *meter = (const char *)&v->endpoints[i].ship.meter;
		const uint64_t *counts = (const uint64_t *)(const void *)(meter + h->counts);
		uint64_t sum = *(const uint64_t *)(const void *)(meter + h->sum), below = 0;
		for (size_t k = 0; k < h->n; k++) {
			below += counts[k];
			(void)fprintf(f, "%s_bucket{endpoint=\"%s\",le=\"%g\"} %.16g\n", h->name,
			              name, (double)h->bounds[k] * h->unit, (double)below);
		}
		below += counts[h->n];
		(void)fprintf(f, "%s_bucket{endpoint=\"%s\",le=\"+Inf\"} %.16g\n", h->name, name,
		              (double)below);
		(void)fprintf(f, "%s_sum{endpoint=\"%s\"} %.16g\n", h->name, name,
		              (double)sum * h->unit);
		(void)fprintf(f, "%s_count{endpoint=\"%s\"} %.16g\n", h->name, name, (double)below);
	}
}

static void histograms(FILE *f, const struct view *v)
{
	const struct histogram latency = {ENDPOINT("request_duration_seconds"),
	                                  "Time of requests until the answer or the failure.",
	                                  meter_latency_us,
	                                  METER_LATENCIES,
	                                  1e-6,
	                                  offsetof(struct ship_meter, by_latency),
	                                  offsetof(struct ship_meter, elapsed_us)};
	const struct histogram size = {ENDPOINT("request_records"),
	                               "Records in each finished request: the size of batches.",
	                               meter_size,
	                               METER_SIZES,
	                               1,
	                               offsetof(struct ship_meter, by_size),
	                               offsetof(struct ship_meter, records)};
	histogram(f, &latency, v);
	histogram(f, &size, v);
}

int metrics_endpoints(FILE *f, const struct view *v)
{
	scope_free struct numbers *rows = calloc(v->nendpoints, sizeof(*rows));
	scope_free const char **names = calloc(v->nendpoints, sizeof(*names));
	if (!rows || !names)
		return -ENOMEM;
	for (size_t i = 0; i < v->nendpoints; i++) {
		const struct ship_status *s = &v->endpoints[i].ship;
		const struct ship_meter *m = &s->meter;
		names[i] = v->endpoints[i].name;
		rows[i] = (struct numbers){(double)m->accepted_records,
		                           (double)m->refused_records,
		                           (double)m->retries,
		                           (double)m->holds,
		                           (double)m->bytes,
		                           (double)s->in_flight,
		                           (double)s->limit,
		                           (double)s->records};
	}
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++)
		metric_column(f, &metrics[m], "endpoint", names, rows, v->nendpoints,
		              sizeof(*rows));
	answers(f, v);
	states(f, v);
	histograms(f, v);
	return 0;
}
