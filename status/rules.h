/*
 * rules.h - the bounce rules' part of `status`, of its JSON and of /metrics.
 */
#ifndef STATUS_RULES_H
#define STATUS_RULES_H

#include <stdio.h>

#include "base/json_writer.h"
#include "rules/rules.h"

/* r is NULL when there are no rules. */
void rules_status_text(FILE *f, const struct rules *r);
void rules_status_json(struct json_writer *w, const struct rules *r);
void rules_metrics(FILE *f, const struct rules *r);

#endif
