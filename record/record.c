#include "record/record.h"

#include "record/columns.h"

static const struct {
	const char *word;
	enum record_type type;
} types[] = {
        {"b", RECORD_BOUNCED},   {"rb", RECORD_REMOTE_BOUNCE}, {"f", RECORD_FEEDBACK},
        {"d", RECORD_DELIVERED}, {"t", RECORD_TRANSIENT},      {"tq", RECORD_TRANSIENT_QUEUE},
        {"r", RECORD_RECEIVED},  {"rs", RECORD_REMOTE_STATUS},
};

enum record_type record_type_of(struct slice cell)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (slice_is(cell, types[i].word))
			return types[i].type;
	}
	if (cell.len < 1 || cell.len > 3)
		return RECORD_NOT_A_TYPE;
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.text[i] < 'a' || cell.text[i] > 'z')
			return RECORD_NOT_A_TYPE;
	}
	return RECORD_OTHER;
}

struct slice record_get(const struct record *rec, const char *column)
{
	size_t i = columns_find(rec->columns, column);
	return i < rec->nfields ? rec->fields[i] : SLICE_EMPTY;
}
