/*
 * json.h - a view as JSON for programs.  The names are stable and listed in pmta-shipper(8).
 */
#ifndef STATUS_JSON_H
#define STATUS_JSON_H

#include "status/view.h"

/* Returns the JSON; the caller frees it.  NULL when out of memory. */
char *status_json(const struct view *v);

#endif
