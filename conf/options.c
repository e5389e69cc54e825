#include "conf/options.h"

#include <string.h>

#include "base/nearest.h"
#include "conf/conf.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define IN_CONF(field)                                                                             \
	.offset = offsetof(struct conf, field), .size = sizeof(((struct conf *)0)->field)
#define IN_SOURCE(field)                                                                           \
	.section = "source", .offset = offsetof(struct conf_source, field),                        \
	.size = sizeof(((struct conf_source *)0)->field)
#define IN_ENDPOINT(field)                                                                         \
	.section = "endpoint", .offset = offsetof(struct ship_conf, field),                        \
	.size = sizeof(((struct ship_conf *)0)->field)

/* The choices are in the order of the enums. */
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const first_starts[] = {"live", "now", "all", NULL};
static const char *const orders[] = {"oldest-first", "fair", NULL};
static const char *const formats[] = {"array", "object", "ndjson", NULL};
static const char *const compressions[] = {"none", "gzip", NULL};
_Static_assert(LOG_LEVEL_ERROR == 0 && LOG_LEVEL_DEBUG == 3, "levels[]");
_Static_assert(FIRST_LIVE == 0 && FIRST_NOW == 1 && FIRST_ALL == 2, "first_starts[]");
_Static_assert(SHIP_ARRAY == 0 && SHIP_OBJECT == 1 && SHIP_NDJSON == 2, "formats[]");

static const char *const reject_body[] = {"MySQL Error", "Fatal error", "<br />\n<b>Fatal error",
                                          "{\"Success\":false", NULL};

/* clang-format off */
const struct option options[] = {
	{"", "state-dir", OPTION_PATH, IN_CONF(state_dir), .fallback = "/var/lib/pmta-shipper",
	 .help = "where positions, batches in flight and dead letters are kept"},
	{"", "runtime-dir", OPTION_PATH, IN_CONF(runtime_dir),
	 .help = "where the control socket is made; unset: in state-dir"},
	{"", "log-level", OPTION_CHOICE, IN_CONF(log_level), .choices = levels, .fallback = "info",
	 .help = "the lowest level that is logged"},
	{"", "log-format", OPTION_CHOICE, IN_CONF(log_json), .choices = log_formats, .fallback = "text",
	 .help = "log lines as text, or as one JSON object each"},
	{"", "first-start", OPTION_CHOICE, IN_CONF(first_start), .choices = first_starts, .fallback = "live",
	 .help = "which of the files that already exist are read the first time"},
	{"", "metrics-listen", OPTION_TEXT, IN_CONF(metrics_listen), .fallback = "127.0.0.1:9468",
	 .may_be_empty = true, .help = "HOST:PORT of the metrics listener; empty: none"},
	{"", "rescan", OPTION_TIME, IN_CONF(rescan_ms), .min = 100, .max = HOUR, .fallback = "30s",
	 .help = "how often directories are scanned, even without an event"},
	{"", "record-max", OPTION_SIZE, IN_CONF(record_max), .min = 4 * KIB, .max = 16 * MIB,
	 .fallback = "64KiB", .help = "a longer row is a dead letter"},
	{"", "drain", OPTION_TIME, IN_CONF(drain_ms), .max = HOUR, .fallback = "10s",
	 .help = "how long a stop waits for requests in flight"},
	{"", "dead-max-records", OPTION_NUMBER, IN_CONF(dead_max_records), .min = 1,
	 .max = UINT64_C(1000000000), .fallback = "100000", .help = "most dead letters kept"},
	{"", "dead-max-bytes", OPTION_SIZE, IN_CONF(dead_max_bytes), .min = 64 * KIB,
	 .max = 1024 * GIB, .fallback = "256MiB", .help = "most bytes of dead letters kept"},
	{"", "rules", OPTION_LIST, IN_CONF(rules), .help = "files of bounce rules; patterns are allowed"},

	{IN_SOURCE(acct_file), .key = "acct-file", .type = OPTION_PATH, .required = true,
	 .help = "the accounting file, as PowerMTA's acct-file directive names it"},
	{IN_SOURCE(move_to), .key = "move-to", .type = OPTION_PATH, .may_be_empty = true, .fallback = "",
	 .help = "where PowerMTA moves finished files; empty: nowhere"},
	{IN_SOURCE(records), .key = "records", .type = OPTION_LIST,
	 .help = "the record types that are shipped"},
	{IN_SOURCE(endpoint_name), .key = "endpoint", .type = OPTION_TEXT, .required = true,
	 .help = "the endpoint they are shipped to"},
	{IN_SOURCE(fair), .key = "order", .type = OPTION_CHOICE, .choices = orders,
	 .fallback = "oldest-first", .help = "which file is read first when there are several"},
	{IN_SOURCE(record_fields), .key = "record-fields", .type = OPTION_LIST,
	 .help = "the columns of files that have no header"},

	{IN_ENDPOINT(url), .key = "url", .type = OPTION_TEXT, .required = true, .may_be_empty = true,
	 .help = "where records are posted; empty: not configured yet"},
	{IN_ENDPOINT(format), .key = "format", .type = OPTION_CHOICE, .choices = formats,
	 .fallback = "array", .help = "the form of a request's body"},
	{IN_ENDPOINT(signature_file), .key = "signature-file", .type = OPTION_FILE, .may_be_empty = true,
	 .fallback = "", .help = "file with the secret sent as X-Octeth-Signature"},
	{IN_ENDPOINT(token_file), .key = "token-file", .type = OPTION_FILE, .may_be_empty = true,
	 .fallback = "", .help = "file with the secret sent as Authorization: Bearer"},
	{IN_ENDPOINT(headers), .key = "headers", .type = OPTION_LIST,
	 .help = "additional request headers, each \"Name: value\""},
	{IN_ENDPOINT(batch_records), .key = "batch-records", .type = OPTION_NUMBER, .min = 1, .max = 10000,
	 .fallback = "500", .help = "most records in a request (array, ndjson)"},
	{IN_ENDPOINT(batch_bytes), .key = "batch-bytes", .type = OPTION_SIZE, .min = 4 * KIB,
	 .max = 64 * MIB, .fallback = "1MiB", .help = "most bytes in a request"},
	{IN_ENDPOINT(batch_age_ms), .key = "batch-age", .type = OPTION_TIME, .max = HOUR, .fallback = "1s",
	 .help = "longest time a record waits for others"},
	{IN_ENDPOINT(in_flight), .key = "in-flight", .type = OPTION_NUMBER, .min = 1, .max = 256,
	 .help = "most requests at a time; unset: 4, or 16 with format object"},
	{IN_ENDPOINT(requests_per_minute), .key = "requests-per-minute", .type = OPTION_NUMBER,
	 .max = 1000000, .fallback = "0", .help = "most requests per minute to that host; 0: no limit"},
	{IN_ENDPOINT(connect_timeout_ms), .key = "connect-timeout", .type = OPTION_TIME, .min = 100,
	 .max = 10 * MINUTE, .fallback = "10s", .help = "longest time to connect"},
	{IN_ENDPOINT(timeout_ms), .key = "timeout", .type = OPTION_TIME, .min = 100, .max = HOUR,
	 .fallback = "60s", .help = "longest time for a whole request"},
	{IN_ENDPOINT(retry_min_ms), .key = "retry-min", .type = OPTION_TIME, .min = 10, .max = HOUR,
	 .fallback = "1s", .help = "shortest time before a request is tried again"},
	{IN_ENDPOINT(retry_max_ms), .key = "retry-max", .type = OPTION_TIME, .min = 10, .max = DAY,
	 .fallback = "5m", .help = "longest time before a request is tried again"},
	{IN_ENDPOINT(hold_interval_ms), .key = "hold-interval", .type = OPTION_TIME, .min = 100,
	 .max = DAY, .fallback = "60s", .help = "how often a held endpoint is tried"},
	{IN_ENDPOINT(gzip), .key = "compress", .type = OPTION_CHOICE, .choices = compressions,
	 .fallback = "none", .help = "whether request bodies are compressed"},
	{IN_ENDPOINT(type_field), .key = "type-field", .type = OPTION_TEXT, .fallback = "logType",
	 .help = "the name under which a record's type is sent"},
	{IN_ENDPOINT(fill.on), .key = "fill-addresses", .type = OPTION_BOOL, .fallback = "true",
	 .help = "complaints without orig and rcpt get them from their headers"},
	{IN_ENDPOINT(fill.reported_to), .key = "fbl-addresses", .type = OPTION_LIST,
	 .help = "addresses or @domains that receive reports: as orig of a complaint they do not count"},
	{IN_ENDPOINT(refuse_limit), .key = "refuse-limit", .type = OPTION_NUMBER, .max = 1000000,
	 .fallback = "50", .help = "records refused in a row before the endpoint is held; 0: never"},
	{IN_ENDPOINT(ca_file), .key = "ca-file", .type = OPTION_FILE, .may_be_empty = true, .fallback = "",
	 .help = "certificates to trust; empty: the system's"},
	{IN_ENDPOINT(client_cert), .key = "client-cert", .type = OPTION_FILE, .may_be_empty = true,
	 .fallback = "", .help = "certificate to show to the server"},
	{IN_ENDPOINT(client_key), .key = "client-key", .type = OPTION_FILE, .may_be_empty = true,
	 .fallback = "", .help = "its private key"},
	{IN_ENDPOINT(proxy), .key = "proxy", .type = OPTION_TEXT, .may_be_empty = true, .fallback = "",
	 .help = "proxy to use; empty: none"},
	{IN_ENDPOINT(allow_http), .key = "allow-http", .type = OPTION_BOOL, .fallback = "false",
	 .help = "allow http:// to hosts other than this one"},
	{IN_ENDPOINT(accept_html), .key = "accept-html", .type = OPTION_BOOL, .fallback = "false",
	 .help = "a 2xx answer that is an HTML page is an acceptance"},
	{IN_ENDPOINT(reject_body), .key = "reject-body", .type = OPTION_LIST, .defaults = reject_body,
	 .help = "a 2xx answer that begins with this is a failure"},
	{.section = NULL},
};
/* clang-format on */

const struct option *option_named(const char *section, const char *key)
{
	for (const struct option *o = options; o->key; o++)
		if (strcmp(o->section, section) == 0 && strcmp(o->key, key) == 0)
			return o;
	return NULL;
}

const char *option_nearest(const char *section, const char *name)
{
	const char *ret = NULL;
	unsigned best = NEAREST_NONE;
	for (const struct option *o = options; o->key; o++)
		if (strcmp(o->section, section) == 0 && nearest_is(name, o->key, &best))
			ret = o->key;
	return ret;
}

const char *option_nearest_section(const char *name)
{
	static const char *const sections[] = {"source", "endpoint"};
	return nearest_of(name, sections, 2);
}
