/*
 * certificate.h - who a certificate is for, and how long.  Only certificate.c includes OpenSSL.
 */
#ifndef DOCTOR_CERTIFICATE_H
#define DOCTOR_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct certificate {
	char subject[256], issuer[256]; /* common names, or the whole */
	int64_t begins_s, ends_s;       /* since the epoch */
};

/* The first certificate of a PEM text.  0, -EINVAL when there is none that can be read, -ENOMEM. */
int certificate_parse(const char *pem, struct certificate *ret) MUST_CHECK;

/* The first certificate of a PEM file. */
int certificate_read(const char *path, struct certificate *ret, struct err *err) MUST_CHECK;

/* *ret: the key in one file belongs to the first certificate in the other. */
int certificate_key_fits(const char *path, const char *key_path, bool *ret,
                         struct err *err) MUST_CHECK;

#endif
