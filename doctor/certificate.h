/*
 * certificate.h - subject and dates of a certificate.  Only certificate.c includes OpenSSL.
 */
#ifndef DOCTOR_CERTIFICATE_H
#define DOCTOR_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct certificate {
	char subject[256], issuer[256]; /* common names, or the full names */
	int64_t begins_s, ends_s;       /* since the epoch */
};

/* Reads the first certificate of a PEM text.  Returns 0, -EINVAL if there is none, or -ENOMEM. */
int certificate_parse(const char *pem, struct certificate *ret) MUST_CHECK;

/* Reads the first certificate of a PEM file. */
int certificate_read(const char *path, struct certificate *ret, struct err *err) MUST_CHECK;

/* *ret is true if the key in key_path belongs to the first certificate in path. */
int certificate_key_fits(const char *path, const char *key_path, bool *ret,
                         struct err *err) MUST_CHECK;

#endif
