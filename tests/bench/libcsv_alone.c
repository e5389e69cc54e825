/*
 * libcsv_alone - the floor: the cost of parsing a file with libcsv and doing nothing with it.
 *
 * Blanks, line ends and strictness are set as in csv/reader.c; --default-blanks keeps libcsv's own
 * blanks for comparison (they trim fields, which is another format).
 */
#include <csv.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (128 << 10)

struct count {
	unsigned long long rows, cells;
};

static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int only_lf(unsigned char c)
{
	return c == CSV_LF;
}

static void on_cell(void *text, size_t len, void *arg)
{
	(void)text;
	(void)len;
	((struct count *)arg)->cells++;
}

static void on_row(int c, void *arg)
{
	(void)c;
	((struct count *)arg)->rows++;
}

static int scan(int fd, struct csv_parser *csv)
{
	static char block[BLOCK];
	struct count count = {0};
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		if (csv_parse(csv, block, (size_t)n, on_cell, on_row, &count) != (size_t)n)
			break;
	if (n != 0 || csv_fini(csv, on_cell, on_row, &count) != 0) {
		(void)fprintf(stderr, "libcsv_alone: %s\n", csv_strerror(csv_error(csv)));
		return 1;
	}
	(void)printf("rows %llu cells %llu\n", count.rows, count.cells);
	return 0;
}

int main(int argc, char **argv)
{
	struct csv_parser csv;
	int own = argc > 1 && strcmp(argv[1], "--default-blanks") == 0;

	if (argc != 2 + own || csv_init(&csv, CSV_STRICT) != 0) {
		(void)fputs("usage: libcsv_alone [--default-blanks] FILE\n", stderr);
		return 64;
	}
	if (!own) {
		csv_set_space_func(&csv, no_space);
		csv_set_term_func(&csv, only_lf);
	}
	int fd = open(argv[1 + own], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1 + own]);
		return 1;
	}
	int rc = scan(fd, &csv);
	csv_free(&csv);
	return rc;
}
