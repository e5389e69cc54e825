#include "conf/memory.h"

#include "tailer/tailer.h"

uint64_t conf_worst_memory(const struct conf *conf, uint64_t files)
{
	uint64_t total = 4 << 20; /* libraries, SQLite's cache, answers in progress */
	for (size_t i = 0; i < conf->nendpoints; i++)
		total += ship_worst_memory(&conf->endpoints[i], conf->nsources);
	/* Per source: a buffer, a reader, and dead letters waiting for the store. */
	total += conf->nsources * (2 * conf->record_max + 131072 + 8 * conf->record_max);
	total += conf->nsources * tailer_gone_memory();
	total += files * tailer_file_memory();
	return total + (256 << 10) + 4 * conf->record_max;
}
