/*
 * descriptors.h - how many files each source may keep open, so that sockets and the store always
 * get a descriptor.
 */
#ifndef AGENT_DESCRIPTORS_H
#define AGENT_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

/* Descriptors that are needed even if no source keeps a file open ahead. */
uint64_t descriptors_reserved(const struct conf *conf);

/* Files that each source may keep open ahead under a limit of open files: 1 to TAIL_AHEAD. */
size_t descriptors_ahead(const struct conf *conf, uint64_t limit);

/* The same under this process's limit; logs what is less than TAIL_AHEAD. */
size_t descriptors_ahead_here(const struct conf *conf);

#endif
