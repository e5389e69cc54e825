/*
 * octeth_lines.h - a record as a line for the Process page of Octeth's administration, where
 * bounces and complaints can be pasted while the webhook is down:
 *
 *     bounce,ORIG,Hard|Soft        b and rb: the address the mail was sent from
 *     complaint,RCPT               f: the address of the complainer
 */
#ifndef CMD_OCTETH_LINES_H
#define CMD_OCTETH_LINES_H

#include <stdbool.h>
#include <sys/types.h>

#include "record/record.h"
#include "rules/rules.h"

/*
 * Writes the line, without line end, into ret; verdict is that of the rules.  Returns its length, 0
 * for a record of a type that the page does not accept, or -EINVAL with *ret_why (a fixed string)
 * if the record has no usable address.  Returns -ENOSPC if room is too small.
 */
ssize_t octeth_line(const struct record *rec, enum rules_verdict verdict, char *ret, size_t room,
                    const char **ret_why);

#endif
