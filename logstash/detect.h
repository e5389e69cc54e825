/*
 * detect.h - whether the shipper that is being replaced reads the same files on this host.
 */
#ifndef LOGSTASH_DETECT_H
#define LOGSTASH_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/*
 * Look through Logstash's pipelines and position files ("sincedb") under root ("" for this host)
 * for the folder and base name of a source's acct-file.  Returns whether one names it, and writes
 * which file that is into ret.
 */
bool logstash_reads(const char *root, const struct conf *conf, char *ret, size_t size);

#endif
