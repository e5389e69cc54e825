/*
 * install.h - puts a generated configuration in the place of the present one, last of all.
 *
 * The text goes to FILE.new, is read as 'check' reads it, and is renamed to FILE when it is right.
 * So FILE is at any time the whole former configuration or the whole new one.
 */
#ifndef LOGSTASH_INSTALL_H
#define LOGSTASH_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

enum install_result {
	INSTALL_DONE,     /* FILE is new */
	INSTALL_REPLACED, /* FILE is new, and the edited one is FILE.old */
	INSTALL_MISTAKES, /* FILE.new has mistakes, which were reported; FILE is unchanged */
	INSTALL_EDITED,   /* FILE was edited and is unchanged; FILE.new has the text */
};

/*
 * A file that was edited is replaced only if replace is set.  Edited is what differs from the
 * package's file and from what install_digest() was written for.  A new file has the owner and the
 * mode of the present one.  Returns 0 with ret_result, or a negative errno with the reason in err;
 * then FILE is unchanged.
 */
int install_conf(const char *file, const char *text, bool replace, conf_mistake_fn *mistake,
                 void *arg, enum install_result *ret_result, struct err *err) MUST_CHECK;

#define INSTALL_DIGEST_SIZE 128

/* Writes the comment line, with its end, that belongs before a text: it shows later edits. */
void install_digest(const char *text, char ret[INSTALL_DIGEST_SIZE]);

#endif
