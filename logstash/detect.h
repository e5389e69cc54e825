/*
 * detect.h - detects whether Logstash, which is being replaced, reads the same files on this host.
 */
#ifndef LOGSTASH_DETECT_H
#define LOGSTASH_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/*
 * Searches Logstash's pipelines and position files ("sincedb") under root ("" for this host) for
 * the directory and base name of a source's acct-file.  Returns true if one names it, and writes
 * the path of that file into ret.
 */
bool logstash_reads(const char *root, const struct conf *conf, char *ret, size_t size);

#endif
