/*
 * This file handles two traps of OpenSSL: by default it asks the terminal for the password of a
 * key, and its errors are in a queue per thread, which must be emptied or libcurl would report
 * them.
 */
#include "doctor/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static void name_of(const X509_NAME *name, char *ret, int size)
{
	if (X509_NAME_get_text_by_NID(name, NID_commonName, ret, size) < 0 &&
	    !X509_NAME_oneline(name, ret, size))
		ret[0] = '\0';
}

static bool seconds_of(const ASN1_TIME *time, int64_t *ret)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

static int take(X509 *x, struct certificate *ret)
{
	struct certificate c = {0};
	if (!x || !seconds_of(X509_get0_notBefore(x), &c.begins_s) ||
	    !seconds_of(X509_get0_notAfter(x), &c.ends_s)) {
		ERR_clear_error();
		return -EINVAL;
	}
	name_of(X509_get_subject_name(x), c.subject, sizeof(c.subject));
	name_of(X509_get_issuer_name(x), c.issuer, sizeof(c.issuer));
	*ret = c;
	return 0;
}

int certificate_parse(const char *pem, struct certificate *ret)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	if (!bio)
		return -ENOMEM;
	X509 *x = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	int rc = take(x, ret);
	X509_free(x);
	BIO_free(bio);
	return rc;
}

static int read_x509(X509 **ret, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return err_set(err, -errno, "read \"%s\": %m", path);
	*ret = PEM_read_X509(f, NULL, no_password, NULL);
	(void)fclose(f);
	ERR_clear_error();
	return *ret ? 0
	            : err_set(err, -EINVAL, "\"%s\" contains no certificate in PEM format", path);
}

int certificate_read(const char *path, struct certificate *ret, struct err *err)
{
	X509 *x = NULL;
	int rc = read_x509(&x, path, err);
	if (rc == 0 && take(x, ret) < 0)
		rc = err_set(err, -EINVAL, "\"%s\": the dates of the certificate cannot be read",
		             path);
	X509_free(x);
	return rc;
}

int certificate_key_fits(const char *path, const char *key_path, bool *ret, struct err *err)
{
	X509 *x = NULL;
	int rc = read_x509(&x, path, err);
	FILE *f = rc == 0 ? fopen(key_path, "re") : NULL;
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, no_password, NULL) : NULL;
	if (rc == 0 && !f)
		rc = err_set(err, -errno, "read \"%s\": %m", key_path);
	else if (rc == 0 && !key)
		rc = err_set(err, -EINVAL,
		             "\"%s\" contains no key that can be read without a password",
		             key_path);
	if (rc == 0)
		*ret = X509_check_private_key(x, key) == 1;
	if (f)
		(void)fclose(f);
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(x);
	return rc;
}
