#include "csv/shape.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"

/* timeLogged, timeQueued, timeFirstAttempt, timeImprinted */
static bool is_time_column(const char *name)
{
	return strncmp(name, "time", 4) == 0;
}

bool shape_fits(const struct columns *columns, const struct slice *cells, size_t ncells)
{
	size_t expected = 0, times = 0;
	if (ncells != columns->n)
		return false;
	for (size_t i = 1; i < ncells; i++) {
		int64_t ms;
		bool local;
		if (!is_time_column(columns->names[i]))
			continue;
		expected++;
		if (cells[i].len == 0)
			continue;
		if (!clock_parse(cells[i].text, &ms, &local))
			return false;
		times++;
	}
	if (expected > 0 && times == 0) /* PowerMTA writes timeLogged in every row */
		return false;
	const struct slice status = columns->status < ncells ? cells[columns->status] : SLICE_EMPTY;
	return status.len == 0 || isdigit((unsigned char)status.text[0]);
}
