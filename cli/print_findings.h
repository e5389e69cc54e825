/*
 * print_findings.h - prints findings on standard output, one line each, or as JSON.
 */
#ifndef CLI_PRINT_FINDINGS_H
#define CLI_PRINT_FINDINGS_H

#include <stdbool.h>

#include "base/finding.h"
#include "base/json_writer.h"

struct findings {
	bool json;
	unsigned n[FINDING_PROBLEM + 1]; /* by level */
	unsigned unchecked;
	struct json_writer writer;
};

/*
 * A finding_fn; arg is a struct findings.
 *
 *     problem  /etc/pmta/config:12: records lacks rb: ... -> records b, rb
 */
void findings_print(const struct finding *f, void *arg);

/* Call after the last finding: closes the JSON. */
void findings_end(struct findings *f);

#endif
