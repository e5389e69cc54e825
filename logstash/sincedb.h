/*
 * sincedb.h - the position file of Logstash's file input ("sincedb").
 *
 * One line per file:
 *
 *     inode major minor offset [time [path]]
 *
 * The older form ends with the offset.  Offset is the end of the last complete line that was read;
 * time is when the file last changed, in seconds; path is where it was then, and may contain
 * blanks.  Logstash runs on Java, where major is bits 24 to 31 of st_dev and minor the 24 bits
 * below them, so that on Linux a disk is usually "0 64769"; other programs may write the kernel's
 * own "253 1".  (The file input's SincedbRecordSerializer; JRuby's FileStat.)
 */
#ifndef LOGSTASH_SINCEDB_H
#define LOGSTASH_SINCEDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sincedb_entry {
	uint64_t ino, major, minor, offset;
	const char *path; /* "" when the line has none */
};

struct sincedb {
	struct sincedb_entry *entries;
	size_t n, room;
};

/*
 * Adds the entries of a file; a later line with the same inode and device replaces an earlier one.
 * Returns 0; -EINVAL with the line in err when the file is not a sincedb; or another negative errno
 * when it cannot be read.
 */
int sincedb_load(struct sincedb *db, const char *path, struct err *err) MUST_CHECK;
void sincedb_free(struct sincedb *db);

/* Returns true if the entry belongs to a file on this device (st_dev). */
bool sincedb_on_device(const struct sincedb_entry *e, uint64_t dev);

/* Returns the file name at the end of its path; "" when it has none. */
const char *sincedb_name(const struct sincedb_entry *e);

/* Writes a line about a file, as Logstash does. */
int sincedb_line(char *ret, size_t size, uint64_t ino, uint64_t dev, uint64_t offset,
                 int64_t now_ms, const char *path) MUST_CHECK;

#endif
