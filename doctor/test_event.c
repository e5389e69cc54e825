#include "doctor/test_event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "csv/reader.h"
#include "ship/json.h"

#define EVENT_MAX 4096

/* example.invalid can never exist (RFC 2606), so no subscriber is found by it. */
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

/* The reader makes the record, as it does of PowerMTA's rows. */
static int make_record(struct reader *reader, const char *header, const char *row,
                       struct record *ret)
{
	struct event_salt salt = {0};
	event_salt_make(&salt, header, event_trim(header, strlen(header)), row,
	                event_trim(row, strlen(row)));
	struct line line = {
	        .text = header, .len = strlen(header), .end = strlen(header), .salt = &salt};
	int rc = reader_begin(reader, SLICE_EMPTY);
	if (rc == 0)
		rc = reader_feed(reader, &line, ret);
	line = (struct line){.text = row,
	                     .len = strlen(row),
	                     .from = line.end,
	                     .start = line.end,
	                     .end = line.end + strlen(row),
	                     .salt = &salt};
	if (rc >= 0)
		rc = reader_feed(reader, &line, ret);
	return rc == READ_RECORD ? 0 : rc < 0 ? rc : -EINVAL;
}

int test_event_make(const struct conf *conf, const struct ship_conf *e, char **ret)
{
	struct reader *reader = NULL;
	struct json *json = NULL;
	struct record rec;
	struct strlist none = {0};
	const struct reader_conf rc_conf = {conf->record_max, &none, e->type_field};
	bool bounce = gets_bounces(conf, e);
	char row[512], when[CLOCK_ISO_SIZE], object[EVENT_MAX];
	clock_iso(clock_real_ms(), when);
	(void)snprintf(row, sizeof(row),
	               bounce ? "b,%s," ADDRESS "," ADDRESS ",other,4.0.0 (test),delayed,"
	                        "\"smtp;450 4.0.0 test event of pmta-shipper doctor, to be "
	                        "ignored\"\n"
	                      : "f,%s,test," ADDRESS "," ADDRESS ",example.invalid\n",
	               when);
	int rc = reader_new(&reader, &rc_conf);
	if (rc == 0)
		rc = json_new(&json, e->fill_addresses);
	if (rc == 0)
		rc = make_record(reader, bounce ? bounce_header : complaint_header, row, &rec);
	ssize_t len = rc == 0 ? json_record(json, &rec, object, sizeof(object)) : rc;
	if (len >= 0 && asprintf(ret,
	                         e->format == SHIP_ARRAY    ? "[%.*s]"
	                         : e->format == SHIP_NDJSON ? "%.*s\n"
	                                                    : "%.*s",
	                         (int)len, object) < 0)
		len = -ENOMEM;
	(void)json_free(json);
	(void)reader_free(reader);
	return len < 0 ? (int)len : 0;
}
