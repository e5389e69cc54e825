#include "state/store_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/scope.h"
#include "state/sql.h"

#define HEADER_AT 68 /* the application id: SQLite's file format, 1.3 */
#define LAST INT32_MAX

uint32_t store_pair_of_fd(int fd)
{
	unsigned char b[4];
	if (fd < 0 || pread(fd, b, sizeof(b), HEADER_AT) != (ssize_t)sizeof(b))
		return 0;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint32_t store_pair_of_file(const char *path)
{
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return store_pair_of_fd(fd);
}

static uint32_t next_of(uint32_t generation)
{
	return generation < LAST ? generation + 1 : 0;
}

bool store_pair_fits(const struct store_pair *p, uint32_t of_file)
{
	return p->generation == of_file || p->generation == next_of(of_file);
}

int store_pair_check(struct store_pair *p, struct sql *db, uint32_t of_file)
{
	int64_t both;
	int rc = sql_number(db, "PRAGMA application_id", 0, &both);
	if (rc < 0)
		return rc;
	*p = (struct store_pair){.generation = (uint32_t)both};
	return store_pair_fits(p, of_file) ? 0 : -ESTALE;
}

int store_pair_begin(struct store_pair *p, struct sql *db)
{
	char text[64];
	p->fresh = sql_log_emptied(db) || p->fresh;
	p->raised = p->fresh;
	if (!p->raised)
		return 0;
	(void)snprintf(text, sizeof(text), "PRAGMA application_id = %u", next_of(p->generation));
	return sql_script(db, text);
}

void store_pair_committed(struct store_pair *p, struct sql *db)
{
	if (p->raised) {
		p->generation = next_of(p->generation);
		p->fresh = false;
	}
	p->raised = false;
	/* The commit itself may have moved the log: then it has this generation, too. */
	p->fresh = sql_log_emptied(db) || p->fresh;
}

void store_pair_rolled_back(struct store_pair *p)
{
	p->raised = false;
}
