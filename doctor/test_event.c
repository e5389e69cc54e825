#include "doctor/test_event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "csv/encode.h"

#define EVENT_MAX 4096

/* example.invalid can never exist (RFC 2606), so no subscriber has this address. */
#define ADDRESS "pmta-shipper-test@example.invalid"

static const char bounce_header[] =
        "type,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag\n";
static const char complaint_header[] = "type,timeLogged,format,orig,rcpt,reportedDomain\n";

static bool gets_bounces(const struct conf *conf, const struct ship_conf *e)
{
	for (size_t i = 0; i < conf->nsources; i++)
		for (size_t j = 0; j < conf->sources[i].records.n; j++)
			if (&conf->endpoints[conf->sources[i].endpoint] == e &&
			    strcmp(conf->sources[i].records.v[j], "f") != 0)
				return true;
	return false;
}

/* Encodes the row as PowerMTA's rows are; header and row include their line ends. */
static int encode(const struct conf *conf, const struct ship_conf *e, const char *header,
                  const char *row, char *ret, size_t room, size_t *ret_len)
{
	struct strlist none = {0};
	const struct encode how = {{conf->record_max, &none, e->type_field}, NULL, &e->fill};
	struct slice head = {header, event_trim(header, strlen(header))};
	struct event_salt salt = {0};
	event_salt_make(&salt, head.text, head.len, row, event_trim(row, strlen(row)));
	const struct line line = {.text = row,
	                          .len = strlen(row),
	                          .from = strlen(header),
	                          .start = strlen(header),
	                          .end = strlen(header) + strlen(row),
	                          .salt = &salt};
	return encode_row(&how, head, &line, NULL, ret, room, ret_len);
}

int test_event_make(const struct conf *conf, const struct ship_conf *e, char **ret)
{
	size_t len;
	bool bounce = gets_bounces(conf, e);
	char row[512], when[CLOCK_ISO_SIZE], object[EVENT_MAX];
	clock_iso(clock_real_ms(), when);
	(void)snprintf(row, sizeof(row),
	               bounce ? "b,%s," ADDRESS "," ADDRESS ",other,4.0.0 (test),delayed,"
	                        "\"smtp;450 4.0.0 test event of pmta-shipper doctor, to be "
	                        "ignored\"\n"
	                      : "f,%s,test," ADDRESS "," ADDRESS ",example.invalid\n",
	               when);
	int rc = encode(conf, e, bounce ? bounce_header : complaint_header, row, object,
	                sizeof(object), &len);
	if (rc == 0 && asprintf(ret,
	                        e->format == SHIP_ARRAY    ? "[%.*s]"
	                        : e->format == SHIP_NDJSON ? "%.*s\n"
	                                                   : "%.*s",
	                        (int)len, object) < 0)
		rc = -ENOMEM;
	return rc;
}
