/* Implements rig.h: files at rest and a store. */
#include "tests/unit/csv/rig.h"

#include "base/gz.h"
#include "record/event_id.h"

struct fixture fx;

void set_source(size_t i, const char *name, const char *acct, const char *move_to)
{
	(void)snprintf(fx.acct[i], sizeof(fx.acct[i]), "%s", temp_path(acct));
	(void)snprintf(fx.moved[i], sizeof(fx.moved[i]), "%s", temp_path(move_to));
	fx.sources[i] = (struct conf_source){.name = (char *)(uintptr_t)name,
	                                     .acct_file = fx.acct[i],
	                                     .move_to = fx.moved[i],
	                                     .records = {fx.types, 1}};
}

int setup(void **state)
{
	struct err err = {0};
	if (temp_setup(state) < 0)
		return -1;
	memset(&fx, 0, sizeof(fx));
	fx.types[0] = (char *)(uintptr_t) "b";
	set_source(0, "first", "live/b.csv", "moved");
	set_source(1, "second", "live2/b.csv", "moved2");
	fx.endpoint.type_field = (char *)(uintptr_t) "type";
	fx.conf = (struct conf){.record_max = 4096,
	                        .sources = fx.sources,
	                        .nsources = 1,
	                        .endpoints = &fx.endpoint,
	                        .nendpoints = 1};
	static const char *const folders[] = {"live", "live2", "moved", "moved2"};
	for (size_t i = 0; i < 4; i++)
		if (mkdir(temp_path(folders[i]), 0700) < 0)
			return -1;
	(void)snprintf(fx.state, sizeof(fx.state), "%s", temp_path("state"));
	return store_open(&fx.store, fx.state, "state", &err);
}

int teardown(void **state)
{
	ledger_free(&fx.known.ledger);
	catalog_close(&fx.catalog);
	fx.store = store_close(fx.store);
	return temp_teardown(state);
}

void look_through(void)
{
	catalog_close(&fx.catalog);
	assert_int_equal(catalog_open(&fx.catalog, &fx.conf, fx.store), 0);
}

/* ---- entries of the store ---- */

/* text is "HEADER ROW ROW"; its first n rows are settled. */
struct store_file entry_of(const char *path, const char *text, size_t n, struct ladder *ladder)
{
	struct stat st;
	struct event_salt salt;
	const char *row = strchr(text, '\n') + 1;
	assert_int_equal(stat(temp_path(path), &st), 0);
	event_salt_make(&salt, text, (size_t)(row - text) - 1, row, strcspn(row, "\n"));
	struct store_file f = {.source = "first",
	                       .name = strrchr(path, '/') + 1,
	                       .dev = st.st_dev,
	                       .ino = st.st_ino,
	                       .size = strlen(text),
	                       .salt = salt.hash};
	*ladder = (struct ladder){0};
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(row, "\n") + 1;
		uint64_t start = (uint64_t)(row - text);
		const struct mark mark = {start, start + len, event_id(&salt, start, row, len)};
		ladder_push(ladder, &mark);
		f.offset = mark.end;
		row += len;
	}
	return f;
}

void put_entry(struct store_file f, const struct ladder *ladder, const struct ledger *ledger,
               const char *header)
{
	f.id = ++fx.last_id;
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(store_file_put(fx.store, &f, ladder, ledger, slice_of(header)), 0);
	assert_int_equal(store_commit(fx.store, 1000), 0);
}

/* Writes the file, and an entry in the store with the first n rows settled. */
void settled(const char *path, const char *text, size_t n)
{
	struct ladder ladder;
	const struct ledger none = {0};
	temp_rewrite(path, text);
	const struct store_file f = entry_of(path, text, n, &ladder);
	put_entry(f, &ladder, &none, "");
}

void zip(const char *path, const char *text, size_t cut)
{
	char packed[1024];
	size_t len = sizeof(packed);
	assert_int_equal(gz_compress(text, strlen(text), packed, &len), 0);
	temp_put(path, O_TRUNC, packed, len - cut);
}

void rename_to(const char *from, const char *to)
{
	assert_int_equal(rename(temp_path(from), temp_path(to)), 0);
}

void link_to(const char *from, const char *to)
{
	assert_int_equal(link(temp_path(from), temp_path(to)), 0);
}
