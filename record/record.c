#include "record/record.h"

#include "record/columns.h"

const char *const record_type_names[RECORD_TYPES] = {
        [RECORD_DELIVERED] = "d",        [RECORD_BOUNCED] = "b",        [RECORD_TRANSIENT] = "t",
        [RECORD_TRANSIENT_QUEUE] = "tq", [RECORD_RECEIVED] = "r",       [RECORD_FEEDBACK] = "f",
        [RECORD_REMOTE_BOUNCE] = "rb",   [RECORD_REMOTE_STATUS] = "rs", [RECORD_OTHER] = "other",
};

enum record_type record_type_of(struct slice cell)
{
	if (cell.len < 1 || cell.len > 3)
		return RECORD_NOT_A_TYPE;
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.text[i] < 'a' || cell.text[i] > 'z')
			return RECORD_NOT_A_TYPE;
	}
	/* Compares letter by letter (two at most) for speed: this runs for each record. */
	const char second = cell.len > 1 ? cell.text[1] : '\0';
	for (enum record_type t = RECORD_DELIVERED; cell.len < 3 && t < RECORD_OTHER; t++) {
		const char *name = record_type_names[t];
		if (name[0] == cell.text[0] && name[1] == second)
			return t;
	}
	return RECORD_OTHER;
}

struct slice record_get(const struct record *rec, const char *column)
{
	size_t i = columns_find(rec->columns, column);
	return i < rec->nfields ? rec->fields[i] : SLICE_EMPTY;
}
