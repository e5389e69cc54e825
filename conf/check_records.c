/* check_records.c - the record types a source ships, and its columns for files without a header. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "conf/check.h"
#include "conf/options.h"
#include "conf/record_fields.h"

/* PowerMTA's configuration writes feedback-loop where its files write f. */
static const char *type_named(const char *name)
{
	return strcmp(name, "feedback-loop") == 0 ? "f" : name;
}

static bool is_type(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	return n >= 1 && n <= 3 && name[n] == '\0';
}

static bool has(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], text) == 0)
			return true;
	return false;
}

static void add(struct strlist *list, const char *text, struct mistakes *m)
{
	if (!strlist_add(list, text))
		m->no_memory = true;
}

static void replace(struct strlist *list, struct strlist *by)
{
	strlist_clear(list);
	*list = *by;
}

/* A source of complaints is recognised by its name or its file's: fbl, fbl.csv, fbl-eu.csv. */
static bool is_fbl(const struct conf_source *s)
{
	const char *slash = strrchr(s->acct_file, '/');
	const char *base = slash ? slash + 1 : s->acct_file;
	return strcmp(s->name, "fbl") == 0 || strncmp(base, "fbl", 3) == 0;
}

static void default_records(struct conf_source *s, struct mistakes *m)
{
	if (is_fbl(s)) {
		add(&s->records, "f", m);
		return;
	}
	add(&s->records, "b", m);
	add(&s->records, "rb", m);
}

static void read_records(struct conf_source *s, unsigned line, struct mistakes *m)
{
	struct strlist types = {0};
	if (s->records.n == 0)
		mistake(m, line, "'records' is empty: nothing would be shipped");
	for (size_t i = 0; i < s->records.n; i++) {
		const char *type = type_named(s->records.v[i]);
		if (!is_type(type))
			mistake(m, line,
			        "'records' has '%s': a type is one to three lower-case letters, "
			        "such as b, rb or f",
			        type);
		else if (has(&types, type))
			mistake(m, line, "'records' has '%s' twice", type);
		else
			add(&types, type, m);
	}
	replace(&s->records, &types);
}

static void default_fields(struct conf_source *s, struct mistakes *m)
{
	for (size_t i = 0; i < s->records.n; i++) {
		const char *type = s->records.v[i];
		const char *fields = record_fields_of(slice_of(type));
		char entry[1024];
		if (!fields)
			continue;
		(void)snprintf(entry, sizeof(entry), "%s %s", type, fields);
		add(&s->record_fields, entry, m);
	}
}

/* Checks one field name.  Returns what is wrong with it, or NULL. */
static const char *field_wrong(const char *field)
{
	if (*field == '*')
		return "'*' does not say which columns there are (list them, or let PowerMTA "
		       "write a header)";
	if (*field == '!')
		return "'!' does not say which columns are left (list them, or let PowerMTA "
		       "write a header)";
	if (!*field)
		return "a name is missing between two commas";
	for (const char *p = field; *p; p++)
		if (*p <= ' ' || *p == 0x7f || strchr("\"'*!", *p))
			return "a column name must not contain blanks, quotes, '*' or '!'";
	return NULL;
}

/* Copies "b  timeQueued, timeLogged" without its blanks.  Returns what is wrong, or NULL. */
static const char *tidy(char *entry, char *ret, size_t size)
{
	size_t n = strcspn(entry, " \t");
	char *rest = entry + n + strspn(entry + n, " \t");
	entry[n] = '\0';
	const char *type = type_named(entry);
	if (!is_type(type) || !*rest)
		return "must be a type and its columns, such as \"b timeQueued,timeLogged\"";
	size_t used = (size_t)snprintf(ret, size, "%s ", type);
	for (char *field = strsep(&rest, ","); field; field = strsep(&rest, ",")) {
		field += strspn(field, " \t");
		size_t len = strlen(field);
		while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\t'))
			field[--len] = '\0';
		const char *why = field_wrong(field);
		if (why)
			return why;
		used += (size_t)snprintf(ret + used, size - used, "%s%s", field, rest ? "," : "");
	}
	return NULL;
}

static bool same_type(const struct strlist *entries, const char *entry)
{
	size_t n = strcspn(entry, " ") + 1;
	for (size_t i = 0; i < entries->n; i++)
		if (strncmp(entries->v[i], entry, n) == 0)
			return true;
	return false;
}

static void read_fields(struct conf_source *s, unsigned line, struct mistakes *m)
{
	struct strlist entries = {0};
	for (size_t i = 0; i < s->record_fields.n; i++) {
		const char *given = s->record_fields.v[i];
		size_t size = strlen(given) + 2;
		scope_free char *work = strdup(given);
		scope_free char *entry = malloc(size);
		if (!work || !entry) {
			m->no_memory = true;
			break;
		}
		const char *why = tidy(work, entry, size);
		if (why)
			mistake(m, line, "'record-fields' has '%s': %s", given, why);
		else if (same_type(&entries, entry))
			mistake(m, line, "'record-fields' has type '%.*s' twice",
			        (int)strcspn(entry, " "), entry);
		else
			add(&entries, entry, m);
	}
	replace(&s->record_fields, &entries);
}

void check_records(struct conf_source *s, const struct parsed_section *sec, struct mistakes *m)
{
	if (parsed_key(sec, "records"))
		read_records(s, parsed_line(sec, "records"), m);
	else
		default_records(s, m);
	if (parsed_key(sec, "record-fields"))
		read_fields(s, parsed_line(sec, "record-fields"), m);
	else
		default_fields(s, m);
}
