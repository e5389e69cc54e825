/* select_match.h - the part of regular expressions that pipelines select rows with. */
#ifndef LOGSTASH_SELECT_MATCH_H
#define LOGSTASH_SELECT_MATCH_H

#include "logstash/select.h"

/*
 * Does the expression match a row of this type?  Understood are such as ^b, and ^(b|rb), and
 * ^"?[bf]"?, and ^b,|^rb, ; what follows the comma makes a match uncertain.
 */
enum select select_match_row(const char *regex, const char *type);

/* Does it match a text that is known, such as b or /var/log/pmta/bounces-*.csv? */
enum select select_match_text(const char *regex, const char *text);

#endif
