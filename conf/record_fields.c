#include "conf/record_fields.h"

#include <stddef.h>

static const struct fields {
	const char *type;
	const char *fields;
	const char *more[5];
} known[] = {
        {"b",
         "timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,jobId,vmta,"
         "header_X-FBLId",
         {"header_X-MessageID"}},
        {"rb",
         "timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,header_X-FBLId",
         {"header_X-MessageID"}},
        {"f",
         "timeLogged,format,header_To,header_Return-Path,reportedDomain,header_X-FBLId",
         {"orig", "rcpt", "feedbackType", "header_X-MessageID"}},
};

static const struct fields unknown = {0};

static const struct fields *find(struct slice type)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is(type, known[i].type))
			return &known[i];
	return &unknown;
}

const char *record_fields_of(struct slice type)
{
	return find(type)->fields;
}

const char *const *record_fields_more(struct slice type)
{
	return find(type)->more;
}
