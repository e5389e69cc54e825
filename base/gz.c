#include "base/gz.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define IN_SIZE 16384
#define SKIP_SIZE 32768

struct gz {
	int fd;
	uint64_t in_offset;  /* where to read compressed bytes next */
	uint64_t out_offset; /* uncompressed bytes produced so far */
	bool inside;         /* a member has begun and not ended */
	z_stream z;
	unsigned char in[IN_SIZE];
};

bool gz_begins(int fd)
{
	unsigned char magic[2];
	return pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

int gz_open(struct gz **ret, int fd)
{
	struct gz *gz = calloc(1, sizeof(*gz));
	if (!gz)
		return -ENOMEM;
	gz->fd = fd;
	if (inflateInit2(&gz->z, 15 + 16) != Z_OK) { /* 16: gzip only */
		free(gz);
		return -ENOMEM;
	}
	*ret = gz;
	return 0;
}

struct gz *gz_close(struct gz *gz)
{
	if (gz) {
		(void)inflateEnd(&gz->z);
		free(gz);
	}
	return NULL;
}

static void rewind_gz(struct gz *gz)
{
	(void)inflateReset(&gz->z);
	gz->z.avail_in = 0;
	gz->inside = false;
	gz->in_offset = gz->out_offset = 0;
}

/* Refills the input.  Returns 1 if there is some, 0 if the file ends here for now, or -errno. */
static int refill(struct gz *gz)
{
	if (gz->z.avail_in > 0)
		return 1;
	ssize_t n = pread(gz->fd, gz->in, sizeof(gz->in), (off_t)gz->in_offset);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	gz->in_offset += (uint64_t)n;
	gz->z.next_in = gz->in;
	gz->z.avail_in = (unsigned)n;
	return 1;
}

/* Reduces *left, which may be NULL. */
static void spend(uint64_t *left, uint64_t n)
{
	if (left)
		*left -= n < *left ? n : *left;
}

/* Returns the next bytes in order.  Empty members give no bytes, but they cost *left, too. */
static ssize_t inflate_some(struct gz *gz, void *data, size_t len, uint64_t *left)
{
	gz->z.next_out = data;
	gz->z.avail_out = (unsigned)(len < 1 << 30 ? len : 1 << 30);
	const unsigned want = gz->z.avail_out;
	while (gz->z.avail_out == want) {
		if (left && *left == 0)
			return -EAGAIN;
		int rc = refill(gz);
		if (rc <= 0)
			return rc;
		const unsigned before = gz->z.avail_in;
		rc = inflate(&gz->z, Z_NO_FLUSH);
		spend(left, before - gz->z.avail_in);
		gz->inside = rc != Z_STREAM_END;
		if (rc == Z_STREAM_END) /* another member may follow (RFC 1952, section 2.2) */
			rc = inflateReset(&gz->z);
		if (rc != Z_OK && rc != Z_BUF_ERROR) {
			rewind_gz(gz); /* the file may be complete next time */
			return rc == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
		}
	}
	gz->out_offset += want - gz->z.avail_out;
	spend(left, want - gz->z.avail_out);
	return (ssize_t)(want - gz->z.avail_out);
}

int gz_skip_to(struct gz *gz, uint64_t offset, uint64_t *left)
{
	unsigned char skip[SKIP_SIZE];
	if (offset < gz->out_offset)
		rewind_gz(gz);
	while (gz->out_offset < offset) {
		uint64_t n_max = offset - gz->out_offset;
		if (left && *left > 0 && *left < n_max)
			n_max = *left;
		if (n_max > sizeof(skip))
			n_max = sizeof(skip);
		ssize_t n = inflate_some(gz, skip, (size_t)n_max, left);
		if (n <= 0)
			return (int)n;
	}
	return 0;
}

ssize_t gz_read_at(struct gz *gz, void *data, size_t len, uint64_t offset)
{
	int rc = gz_skip_to(gz, offset, NULL);
	if (rc < 0 || gz->out_offset != offset)
		return rc;
	size_t got = 0;
	while (got < len) {
		ssize_t n = inflate_some(gz, (char *)data + got, len - got, NULL);
		if (n < 0)
			return got > 0 ? (ssize_t)got : n;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

bool gz_whole(const struct gz *gz)
{
	return gz->in_offset > 0 && !gz->inside;
}

bool gz_length_hint(int fd, uint32_t *ret)
{
	unsigned char end[4];
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 18 || !gz_begins(fd) || pread(fd, end, 4, size - 4) != 4)
		return false;
	*ret = end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
	return true;
}

size_t gz_bound(size_t len)
{
	return compressBound(len) + 18; /* gzip's header and trailer are larger than zlib's */
}

int gz_compress(const void *data, size_t len, void *ret, size_t *ret_len)
{
	z_stream z = {0};
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return -ENOMEM;
	z.next_in = (void *)data; /* zlib's API has no const; it does not write there */
	z.avail_in = (unsigned)len;
	z.next_out = ret;
	z.avail_out = (unsigned)*ret_len;
	int rc = deflate(&z, Z_FINISH);
	*ret_len = z.total_out;
	(void)deflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -ENOSPC;
}
