#include "ship/meter.h"

#include <stddef.h>

const uint64_t meter_latency_us[METER_LATENCIES] = {5000,    10000,   25000,    50000,
                                                    100000,  250000,  500000,   1000000,
                                                    2500000, 5000000, 15000000, 60000000};
const uint64_t meter_size[METER_SIZES] = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000};

static size_t bucket(const uint64_t *bounds, size_t n, uint64_t value)
{
	size_t i = 0;
	while (i < n && value > bounds[i])
		i++;
	return i;
}

void meter_request(struct ship_meter *m, int code, int64_t elapsed_us, uint64_t records,
                   uint64_t bytes)
{
	const size_t classes = sizeof(m->answers) / sizeof(m->answers[0]);
	size_t class = code > 0 ? (size_t)code / 100 : 0;
	m->answers[class < classes ? class : 0]++;
	uint64_t us = elapsed_us > 0 ? (uint64_t)elapsed_us : 0;
	m->elapsed_us += us;
	m->records += records;
	m->bytes += bytes;
	m->by_latency[bucket(meter_latency_us, METER_LATENCIES, us)]++;
	m->by_size[bucket(meter_size, METER_SIZES, records)]++;
}
