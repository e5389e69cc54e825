/*
 * check_print.h - prints the result of `rules check` on standard output.
 */
#ifndef RULETOOL_CHECK_PRINT_H
#define RULETOOL_CHECK_PRINT_H

#include "ruletool/check.h"

void rules_check_print(const struct rules_check *c); /* for people */
void rules_check_json(const struct rules_check *c);  /* for programs */

#endif
