/*
 * memory.h - how much memory an agent may need.
 */
#ifndef CONF_MEMORY_H
#define CONF_MEMORY_H

#include "conf/conf.h"

/*
 * The most memory that an agent with this configuration uses, in bytes, with that many files in its
 * folders; without rules.
 */
uint64_t conf_worst_memory(const struct conf *conf, uint64_t files);

#endif
