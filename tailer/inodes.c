/*
 * The files of a source by inode: a hash table with a chain in each bucket.  Without it, each new
 * path would be compared with every known file: with 100,000 archives, half a minute at a start.
 */
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "tailer/impl.h"

static struct tail_file **bucket(struct tail_file **buckets, size_t n, uint64_t ino)
{
	return &buckets[(ino * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (n - 1)];
}

static void put(struct tail_file **buckets, size_t n, struct tail_file *f)
{
	struct tail_file **first = bucket(buckets, n, f->ino);
	f->same_inode = *first;
	*first = f;
}

/* Doubles the table when it has as many files as buckets.  Without memory the chains get longer. */
static void grow(struct source *s)
{
	if (s->ninodes < s->inodes_room)
		return;
	size_t room = s->inodes_room ? 2 * s->inodes_room : 64;
	struct tail_file **buckets = calloc(room, sizeof(struct tail_file *));
	if (!buckets)
		return;
	for (size_t i = 0; i < s->inodes_room; i++) {
		for (struct tail_file *f = s->inodes[i], *next; f; f = next) {
			next = f->same_inode;
			put(buckets, room, f);
		}
	}
	free(s->inodes);
	s->inodes = buckets;
	s->inodes_room = room;
}

void file_drop_inode(struct tail_file *f)
{
	struct source *s = f->source;
	if (!f->has_inode)
		return;
	struct tail_file **p = bucket(s->inodes, s->inodes_room, f->ino);
	while (*p != f)
		p = &(*p)->same_inode;
	*p = f->same_inode;
	f->has_inode = false;
	s->ninodes--;
}

void file_set_inode(struct tail_file *f, uint64_t dev, uint64_t ino)
{
	struct source *s = f->source;
	file_drop_inode(f);
	f->dev = dev;
	f->ino = ino;
	if (ino == 0)
		return;
	grow(s);
	if (s->inodes_room == 0) /* no memory: its bytes will identify it */
		return;
	put(s->inodes, s->inodes_room, f);
	f->has_inode = true;
	s->ninodes++;
}

struct tail_file *file_of_inode(const struct source *s, uint64_t dev, uint64_t ino, bool gz,
                                bool unseen)
{
	if (s->inodes_room == 0)
		return NULL;
	for (struct tail_file *f = *bucket(s->inodes, s->inodes_room, ino); f; f = f->same_inode) {
		if (f->ino == ino && f->dev == dev && f->gz == gz && !(unseen && f->seen))
			return f;
	}
	return NULL;
}

struct tail_file *file_same_inode(const struct tail_file *f, const struct tail_file *after)
{
	const struct source *s = f->source;
	if (s->inodes_room == 0)
		return NULL;
	struct tail_file *other = after ? after->same_inode
	                                : *bucket(s->inodes, s->inodes_room, f->ino);
	while (other && (other == f || other->ino != f->ino || other->dev != f->dev))
		other = other->same_inode;
	return other;
}
