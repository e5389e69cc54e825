/*
 * rig.h - the files that the fixtures name, in a folder of their own, and loading with what was
 * told.
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

/* The folder, which is $CONF_TEST_DIR, too. */
extern char dir[];

/* For the whole group of tests. */
int set_up(void **state);
int tear_down(void **state);

void write_file(const char *name, const char *text, size_t len, mode_t mode);
char *read_all(const char *path);

/* conf_load(), and all that was told, as lines. */
int load(struct conf **ret, const char *path, char **ret_told);
/* Nothing was told. */
struct conf *load_good(const char *path);
/* The configuration that text is. */
struct conf *load_text(const char *text);

/* conf_print() as text. */
char *print(const struct conf *conf);

#endif
