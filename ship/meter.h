/*
 * meter.h - the results of an endpoint's requests: numbers that only grow while the agent runs.
 *
 * They count from when ship was opened.  A caller that opens it again for another configuration
 * adds the numbers of the old one.
 */
#ifndef SHIP_METER_H
#define SHIP_METER_H

#include <stdint.h>

#define METER_LATENCIES 12
#define METER_SIZES 10

/* Upper bounds, inclusive: microseconds, and records per request. */
extern const uint64_t meter_latency_us[METER_LATENCIES];
extern const uint64_t meter_size[METER_SIZES];

struct ship_meter {
	/* Requests that ended, by class of status code (4 for 404); [0]: any other, or none. */
	uint64_t answers[6];
	uint64_t requests; /* started */
	uint64_t retries, holds;
	uint64_t accepted_records, accepted_batches, refused_records;
	uint64_t elapsed_us, records, bytes; /* of all requests that ended; bytes as sent */
	/* The same requests by the first bound that they do not exceed; the last: above all. */
	uint64_t by_latency[METER_LATENCIES + 1];
	uint64_t by_size[METER_SIZES + 1];
};

/* Counts a request that ended. */
void meter_request(struct ship_meter *m, int code, int64_t elapsed_us, uint64_t records,
                   uint64_t bytes);

#endif
