/* Implements rig_reader.h: lines to records, recorded as events. */
#include "tests/unit/csv/rig_reader.h"

#include "base/utf8.h"

struct events got, whole;

static char *fields_text[] = {"b a,b,c", "rb b,d"};
const struct strlist record_fields = {fields_text, 2};
static const struct reader_conf conf = {RECORD_MAX, &record_fields, "logType"};

void forget(struct events *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->v[i].text);
		free(e->v[i].header);
	}
	e->n = 0;
}

static size_t add(char *at, size_t n, size_t size, struct slice s)
{
	for (size_t i = 0; i < s.len && n + 3 < size; i++) {
		if (s.text[i] == '\n' || s.text[i] == '\r') {
			at[n++] = '\\';
			at[n++] = s.text[i] == '\n' ? 'n' : 'r';
		} else {
			at[n++] = s.text[i] ? s.text[i] : '0';
		}
	}
	at[n] = '\0';
	return n;
}

static char *describe(int result, const struct reader *r, const struct record *rec)
{
	static const char letters[] = {[READ_BLANK] = '-',
	                               [READ_HEADER] = 'H',
	                               [READ_COLUMNS] = 'C',
	                               [READ_RECORD] = 'R',
	                               [READ_REJECT] = 'X'};
	static char text[65536];
	size_t n = (size_t)sprintf(text, "%c", letters[result]);
	for (size_t i = 0; result == READ_RECORD && i < rec->nfields; i++) {
		n = add(text, n, sizeof(text), slice_of(i == 0 ? " " : "|"));
		n = add(text, n, sizeof(text), rec->fields[i]);
		assert_int_equal(rec->fields[i].text[rec->fields[i].len], '\0');
		assert_true(utf8_valid(rec->fields[i].text, rec->fields[i].len));
	}
	if (result == READ_REJECT) {
		n = add(text, n, sizeof(text), slice_of(" "));
		n = add(text, n, sizeof(text), rec->raw);
		n = add(text, n, sizeof(text), slice_of(": "));
		(void)add(text, n, sizeof(text), slice_of(reader_why(r)));
	}
	return strdup(text);
}

static void note(struct events *e, int result, const struct reader *r, const struct record *rec)
{
	struct slice header = reader_header(r);
	assert_true(e->n < EVENTS_MAX);
	struct event *v = &e->v[e->n++];
	*v = (struct event){
	        result, {0}, describe(result, r, rec), strndup(header.text, header.len)};
	if (result != READ_BLANK)
		v->mark = rec->mark;
}

/* As the agent does it: keep unfinished records, seek back after a reject. */
void take_in(struct follow *f, struct reader *r, bool final, struct events *e)
{
	struct line line;
	struct record rec;
	int kind;
	assert_int_equal(follow_head(f, final), 0);
	while ((kind = follow_next(f, final, &line)) == FOLLOW_LINE) {
		assert_int_equal(follow_head(f, final), 0);
		int result = reader_feed(r, &line, &rec);
		assert_in_range(result, READ_MORE, READ_REJECT);
		uint64_t start;
		if (result == READ_MORE) {
			assert_true(reader_pending(r, &start));
			follow_keep(f, start);
			continue;
		}
		assert_false(reader_pending(r, &start));
		note(e, result, r, &rec);
		if (result == READ_REJECT)
			follow_seek(f, rec.mark.end);
	}
	assert_int_equal(kind, final ? FOLLOW_END : FOLLOW_NOTHING);
	if (kind != FOLLOW_END || reader_finish(r, &line, &rec) == READ_BLANK)
		return;
	note(e, READ_REJECT, r, &rec);
	follow_seek(f, rec.mark.end);
	take_in(f, r, true, e);
}

struct follow *open_follow(void)
{
	struct follow *f;
	int fd = open(temp_path("f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(follow_open(&f, fd, false, RECORD_MAX + 2), 0);
	return f;
}

struct reader *new_reader(const char *header)
{
	struct reader *r;
	assert_int_equal(reader_new(&r, &conf), 0);
	assert_int_equal(reader_begin(r, slice_of(header)), 0);
	return r;
}

/* The file grows in two pieces, cut at byte cut. */
void read_pieces(const void *data, size_t len, size_t cut, struct events *e)
{
	forget(e);
	temp_put("f", O_TRUNC, data, cut);
	struct follow *f = open_follow();
	struct reader *r = new_reader("");
	if (cut < len) {
		take_in(f, r, false, e);
		temp_put("f", O_APPEND, (const char *)data + cut, len - cut);
		take_in(f, r, false, e);
	}
	take_in(f, r, true, e);
	(void)reader_free(r);
	(void)follow_close(f);
}

static void joined(const struct events *e, char *ret, size_t size)
{
	size_t n = 0;
	ret[0] = '\0';
	for (size_t i = 0; i < e->n && n < size; i++)
		n += (size_t)snprintf(ret + n, size - n, "%s\n", e->v[i].text);
}

void expect_bytes(const void *data, size_t len, const char *want)
{
	static char text[1 << 18];
	read_pieces(data, len, len, &got);
	joined(&got, text, sizeof(text));
	assert_string_equal(text, want);
}

void expect(const char *data, const char *want)
{
	expect_bytes(data, strlen(data), want);
}

int reader_teardown(void **state)
{
	forget(&got);
	forget(&whole);
	return temp_teardown(state);
}
