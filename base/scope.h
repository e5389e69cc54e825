/*
 * scope.h - frees a variable's value at the end of its scope, unless it is explicitly stolen.
 *
 *     scope_free char *text = strdup(name);
 *     ...
 *     *ret = STEAL(text);
 */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include <stdlib.h>
#include <unistd.h>

static inline void scope_free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void scope_close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define scope_free __attribute__((cleanup(scope_free_ptr)))
#define scope_close __attribute__((cleanup(scope_close_fd)))

/* Takes the value of a variable and leaves it empty: NULL, or -1 for a descriptor. */
#define STEAL(p)                                                                                   \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})
#define STEAL_FD(fd)                                                                               \
	({                                                                                         \
		int stolen_ = (fd);                                                                \
		(fd) = -1;                                                                         \
		stolen_;                                                                           \
	})

#endif
