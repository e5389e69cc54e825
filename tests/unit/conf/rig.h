/*
 * rig.h - the files that the fixtures name, in a temporary folder, and loading a configuration
 * together with the mistakes that are reported.
 */
#ifndef UNIT_CONF_RIG_H
#define UNIT_CONF_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "conf/conf.h"

/* The folder; the environment variable CONF_TEST_DIR has its path, too. */
extern char dir[];

/* Once for all tests of the program. */
int set_up(void **state);
int tear_down(void **state);

void write_file(const char *name, const char *text, size_t len, mode_t mode);
char *read_all(const char *path);

/* conf_load(); ret_reported gets the reported mistakes, one in each line. */
int load(struct conf **ret, const char *path, char **ret_reported);
/* Loads a file in which no mistake is reported. */
struct conf *load_good(const char *path);
/* Loads text as a file in which no mistake is reported. */
struct conf *load_text(const char *text);

/* The output of conf_print().  The caller frees it. */
char *print(const struct conf *conf);

#endif
