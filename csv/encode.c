#include "csv/encode.h"

#include <errno.h>

#include "record/json.h"
#include "rules/judge.h"

static int read_and_write(struct reader *reader, const struct encode *e, struct slice header,
                          const struct line *row, const struct hash128 *id, char *ret, size_t room,
                          size_t *ret_len)
{
	struct record rec;
	struct judge_text verdict;
	int rc = reader_begin(reader, header);
	if (rc < 0)
		return rc;
	rc = reader_row(reader, row, &rec);
	if (rc != READ_RECORD)
		return rc < 0 ? rc : -EBADMSG;
	if (id)
		rec.mark.id = *id;
	rc = judge_record(e->rules, &rec, &verdict);
	if (rc != 0)
		return rc == JUDGE_WITHHELD ? -ECANCELED : rc;
	ssize_t n = json_record(&rec, e->fill, ret, room);
	if (n < 0)
		return (int)n;
	*ret_len = (size_t)n;
	return 0;
}

int encode_row(const struct encode *e, struct slice header, const struct line *row,
               const struct hash128 *id, char *ret, size_t room, size_t *ret_len)
{
	struct reader *reader = NULL;
	int rc = reader_new(&reader, &e->reader);
	if (rc == 0)
		rc = read_and_write(reader, e, header, row, id, ret, room, ret_len);
	(void)reader_free(reader);
	return rc;
}
