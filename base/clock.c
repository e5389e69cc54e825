#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return now(CLOCK_BOOTTIME);
}

int64_t clock_real_ms(void)
{
	return now(CLOCK_REALTIME);
}

int64_t clock_sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

void clock_iso(int64_t real_ms, char ret[CLOCK_ISO_SIZE])
{
	time_t seconds = (time_t)(real_ms / 1000);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm) ||
	    strftime(ret, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(ret, CLOCK_ISO_SIZE, "?");
}

/* Returns the number that two digits make, or -1 if there are none or it is not below limit. */
static int two_digits(const char *p, int limit)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	int n = (p[0] - '0') * 10 + (p[1] - '0');
	return n < limit ? n : -1;
}

/* Converts "+0200", "+02:00" or "Z" to seconds east.  Returns false for any other text. */
static bool offset(const char *text, long *ret)
{
	if (strcmp(text, "Z") == 0) {
		*ret = 0;
		return true;
	}
	if (*text != '+' && *text != '-')
		return false;
	int hours = two_digits(text + 1, 24);
	if (hours < 0)
		return false;
	const char *rest = text + (text[3] == ':' ? 4 : 3);
	int minutes = two_digits(rest, 60);
	if (minutes < 0 || rest[2] != '\0')
		return false;
	*ret = (hours * 60L + minutes) * 60 * (*text == '-' ? -1 : 1);
	return true;
}

static bool epoch(const char *text, int64_t *ret)
{
	if (strlen(text) < 9 || strlen(text) > 11 || strspn(text, "0123456789") != strlen(text))
		return false;
	*ret = strtoll(text, NULL, 10) * 1000;
	return true;
}

/* Skips ".123" and sets *ret to its milliseconds, 0 when there is none. */
static const char *fraction(const char *text, int *ret)
{
	*ret = 0;
	if ((*text != '.' && *text != ',') || text[1] < '0' || text[1] > '9')
		return text;
	int unit = 100;
	for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
		*ret += (*text - '0') * unit;
	return text;
}

bool clock_parse(const char *text, int64_t *ret_real_ms, bool *ret_local)
{
	*ret_local = false;
	if (epoch(text, ret_real_ms))
		return true;
	struct tm tm = {0};
	int ms = 0;
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	if (!rest)
		rest = strptime(text, "%m/%d/%Y", &tm);
	if (!rest)
		return false;
	if (*rest == ' ' || *rest == 'T') {
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
		if (!rest)
			return false;
		rest = fraction(rest, &ms);
	}
	while (*rest == ' ')
		rest++;
	if (*rest == '\0') {
		tm.tm_isdst = -1;
		*ret_local = true;
		*ret_real_ms = (int64_t)mktime(&tm) * 1000 + ms;
		return true;
	}
	long east;
	if (!offset(rest, &east))
		return false;
	*ret_real_ms = ((int64_t)timegm(&tm) - east) * 1000 + ms;
	return true;
}
