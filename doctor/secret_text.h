/*
 * secret_text.h - mistakes in the text of a secret, which would be sent as it is.  Pure.
 */
#ifndef DOCTOR_SECRET_TEXT_H
#define DOCTOR_SECRET_TEXT_H

#include "base/finding.h"
#include "base/slice.h"

struct secret_mistake {
	enum finding_level level;
	const char *why; /* "begins with a byte order mark"; NULL: the secret looks right */
	const char *sed; /* the script that removes it; NULL for none */
};

/* Looks at the bytes of a secret file; its line end is no part of the secret. */
struct secret_mistake secret_text_look(struct slice text);

#endif
