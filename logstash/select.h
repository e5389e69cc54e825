/*
 * select.h - which rows a pipeline's conditions let through, as far as that is known beforehand.
 *
 * Known of a row are its type, the input that reads it and the input's path; so conditions about
 * the first cell, and about type, tags and path of the input, have an answer.  All others are
 * SELECT_MAYBE.
 */
#ifndef LOGSTASH_SELECT_H
#define LOGSTASH_SELECT_H

#include "logstash/config.h"

enum select { SELECT_NO, SELECT_MAYBE, SELECT_YES };

/* A row as Logstash sees it. */
struct select_row {
	const struct pipeline *p;
	const char *type; /* its first cell: "b" */
	unsigned input;   /* the file input */
	const char *path; /* the input's path, a pattern */
};

/* The answer of one condition; that of "" is SELECT_YES. */
enum select select_condition(const struct select_row *row, const char *condition);

/* The answer of a branch: its condition, and none of those before it. */
enum select select_branch(const struct select_row *row, size_t branch);

/* Does a row get to a plugin?  The conditions around it decide. */
enum select select_reaches(const struct select_row *row, unsigned plugin);

/* Is a row dropped by a drop filter? */
enum select select_dropped(const struct select_row *row);

#endif
