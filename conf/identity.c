#include "conf/identity.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conf_identity(const struct conf *conf, char ret[CONF_IDENTITY_SIZE])
{
	char real[PATH_MAX], written[HASH_HEX_SIZE], resolved[HASH_HEX_SIZE];
	const char *path = realpath(conf->state_dir, real) ? real : conf->state_dir;
	struct hash128 hash = hash_bytes(conf->state_dir, strlen(conf->state_dir));
	hash_hex(&hash, written);
	hash = hash_bytes(path, strlen(path));
	hash_hex(&hash, resolved);
	(void)snprintf(ret, CONF_IDENTITY_SIZE, "%s %s", written, resolved);
}

bool conf_identity_match(const char *a, const char *b)
{
	const size_t one = HASH_HEX_SIZE - 1, both = CONF_IDENTITY_SIZE - 1;
	if (strlen(a) != both || strlen(b) != both)
		return false;
	return memcmp(a, b, one) == 0 || memcmp(a, b + one + 1, one) == 0 ||
	       memcmp(a + one + 1, b, one) == 0 || memcmp(a + one + 1, b + one + 1, one) == 0;
}
