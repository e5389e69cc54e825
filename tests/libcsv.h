/*
 * libcsv.h - one row split by libcsv, with the options of csv/reader.c, to check simple_split().
 */
#ifndef TESTS_LIBCSV_H
#define TESTS_LIBCSV_H

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "csv/simple.h"

#define LIBCSV_CELLS 600

struct libcsv_row {
	struct slice cells[LIBCSV_CELLS];
	size_t n, rows;
	char *arena;
	size_t used;
};

static int libcsv_no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int libcsv_only_lf(unsigned char c)
{
	return c == CSV_LF;
}

static void libcsv_on_cell(void *text, size_t len, void *arg)
{
	struct libcsv_row *r = arg;
	if (r->n < LIBCSV_CELLS) {
		char *at = r->arena + r->used;
		if (len > 0)
			memcpy(at, text, len);
		r->cells[r->n] = (struct slice){at, len};
		r->used += len;
	}
	r->n++;
}

static void libcsv_on_row(int c, void *arg)
{
	(void)c;
	((struct libcsv_row *)arg)->rows++;
}

/* True if text, without its line end, is one whole row.  ret->arena must have len bytes. */
static bool libcsv_split(const char *text, size_t len, struct libcsv_row *ret)
{
	struct csv_parser p;
	ret->n = ret->rows = ret->used = 0;
	if (csv_init(&p, CSV_STRICT) != 0)
		abort();
	csv_set_space_func(&p, libcsv_no_space);
	csv_set_term_func(&p, libcsv_only_lf);
	bool taken = csv_parse(&p, text, len, libcsv_on_cell, libcsv_on_row, ret) == len &&
	             csv_parse(&p, "\n", 1, libcsv_on_cell, libcsv_on_row, ret) == 1;
	csv_free(&p);
	return taken && ret->rows == 1;
}

/* The difference between simple_split() and libcsv for a row without LF and NUL, or NULL. */
static const char *libcsv_differs(const char *text, size_t len, size_t max)
{
	static struct slice cells[LIBCSV_CELLS];
	static struct libcsv_row row;
	char *copy = malloc(len + 1);
	row.arena = malloc(len + 1);
	if (!copy || !row.arena)
		abort();
	memcpy(copy, text, len);
	size_t n = simple_split(copy, len, cells, max);
	bool whole = libcsv_split(text, len, &row);
	const char *why = NULL;
	if (n > max)
		why = "more cells than there is room for";
	else if (n > 0 && !whole)
		why = "libcsv takes no such row";
	else if (n > 0 && n != row.n)
		why = "another number of cells";
	for (size_t i = 0; i < n && !why; i++) {
		if (cells[i].len != row.cells[i].len ||
		    memcmp(cells[i].text, row.cells[i].text, row.cells[i].len) != 0)
			why = "another cell";
		else if (cells[i].text[cells[i].len] != '\0' ||
		         cells[i].text + cells[i].len > copy + len)
			why = "no NUL after a cell";
	}
	free(copy);
	free(row.arena);
	return why;
}

#endif
