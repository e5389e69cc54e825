#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: printing takes the first that divides the value. */
static const struct unit times[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                    {"s", 1000},     {"ms", 1},      {NULL, 0}};
static const struct unit sizes[] = {
        {"GiB", UINT64_C(1) << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {NULL, 0}};

/* Read leading digits.  Returns the first character after them, or NULL. */
static const char *digits(const char *text, uint64_t *ret)
{
	uint64_t n = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return NULL;
	}
	if (p == text)
		return NULL;
	*ret = n;
	return p;
}

static bool with_unit(const char *text, const struct unit *units, uint64_t *ret)
{
	uint64_t n;
	const char *p = digits(text, &n);
	if (!p)
		return false;
	while (*p == ' ')
		p++;
	if (*p == '\0' && n == 0) {
		*ret = 0;
		return true;
	}
	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(p, u->name) != 0)
			continue;
		return !__builtin_mul_overflow(n, u->factor, ret);
	}
	return false;
}

bool units_time(const char *text, uint64_t *ret_ms)
{
	uint64_t ms;
	if (!with_unit(text, times, &ms))
		return false;
	*ret_ms = ms;
	return true;
}

bool units_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	if (!with_unit(text, sizes, &bytes))
		return false;
	*ret_bytes = bytes;
	return true;
}

bool units_number(const char *text, uint64_t *ret)
{
	uint64_t n;
	const char *p = digits(text, &n);
	if (!p || *p != '\0')
		return false;
	*ret = n;
	return true;
}

static void print_unit(uint64_t value, const struct unit *units, const char *zero, char *ret,
                       size_t size)
{
	if (value == 0) {
		(void)snprintf(ret, size, "0%s", zero);
		return;
	}
	const struct unit *u = units;
	while (value % u->factor != 0)
		u++;
	(void)snprintf(ret, size, "%" PRIu64 "%s", value / u->factor, u->name);
}

void units_print_time(uint64_t ms, char *ret, size_t size)
{
	print_unit(ms, times, "s", ret, size);
}

void units_print_size(uint64_t bytes, char *ret, size_t size)
{
	print_unit(bytes, sizes, "B", ret, size);
}

const char *units_seconds(int64_t ms, char ret[UNITS_FOR_PEOPLE])
{
	(void)snprintf(ret, UNITS_FOR_PEOPLE, ms < 10000 ? "%.2g s" : "%.0f s", (double)ms / 1000);
	return ret;
}

static const char *for_people(double value, double step, const char *const names[5], char *ret)
{
	size_t i = 0;
	for (; value >= step && i < 4; i++)
		value /= step;
	(void)snprintf(ret, UNITS_FOR_PEOPLE, i ? "%.1f %s" : "%.0f %s", value, names[i]);
	return ret;
}

const char *units_binary(uint64_t bytes, char ret[UNITS_FOR_PEOPLE])
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	return for_people((double)bytes, 1024, names, ret);
}

const char *units_decimal(uint64_t bytes, char ret[UNITS_FOR_PEOPLE])
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB"};
	return for_people((double)bytes, 1000, names, ret);
}

const char *units_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}
