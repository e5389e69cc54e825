#include "follow/beside.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The last suffix decides.  BESIDE_NONE: no rows are in it, or it is not yet complete. */
static const struct suffix {
	const char *text;
	enum beside_kind kind;
} suffixes[] = {
        {".tar", BESIDE_TAR},           {".tgz", BESIDE_TAR},     {".txz", BESIDE_TAR},
        {".tbz2", BESIDE_TAR},          {".tzst", BESIDE_TAR},    {".tar.gz", BESIDE_TAR},
        {".tar.xz", BESIDE_TAR},        {".tar.bz2", BESIDE_TAR}, {".tar.zst", BESIDE_TAR},
        {".tar.Z", BESIDE_TAR},         {".xz", BESIDE_XZ},       {".lzma", BESIDE_XZ},
        {".bz2", BESIDE_BZIP2},         {".zst", BESIDE_ZSTD},    {".zip", BESIDE_ZIP},
        {".gz", BESIDE_RENAMED},        {".lz4", BESIDE_PACKED},  {".Z", BESIDE_PACKED},
        {".7z", BESIDE_PACKED},         {".rar", BESIDE_PACKED},  {".lz", BESIDE_PACKED},
        {".lzo", BESIDE_PACKED},        {".br", BESIDE_PACKED},   {".gpg", BESIDE_PACKED},
        {".asc", BESIDE_PACKED},        {".enc", BESIDE_PACKED},  {".tmp", BESIDE_NONE},
        {".part", BESIDE_NONE},         {".swp", BESIDE_NONE},    {".lock", BESIDE_NONE},
        {".filepart", BESIDE_NONE},     {".md5", BESIDE_NONE},    {".sha1", BESIDE_NONE},
        {".sha256", BESIDE_NONE},       {".sha512", BESIDE_NONE}, {".done", BESIDE_RENAMED},
        {".processed", BESIDE_RENAMED}, {".old", BESIDE_RENAMED}, {".bak", BESIDE_RENAMED},
        {".sent", BESIDE_RENAMED},      {".1", BESIDE_RENAMED},
};

static const struct suffix *suffix_of(const char *name)
{
	const size_t len = strlen(name);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i].text);
		if (len > n && strcmp(name + len - n, suffixes[i].text) == 0)
			return &suffixes[i];
	}
	return NULL;
}

bool beside_is_date(const char *name)
{
	const size_t len = strlen(name);
	bool year = len >= 4 && len <= 10 && strncmp(name, "20", 2) == 0;
	return (year || len == 2) && isdigit((unsigned char)name[len - 1]) &&
	       strspn(name, year ? "0123456789-_." : "0123456789") == len;
}

/* "bounces-2026-11.tar.gz", "bounces-2026-11-21-0000.zip", "bounces-2026-11.csv" */
static enum beside_kind by_base(const struct acct_template *t, const char *name,
                                const struct suffix *s)
{
	size_t len = strlen(name) - (s ? strlen(s->text) : 0);
	const size_t ext_len = strlen(t->ext);
	bool ext = ext_len > 0 && len >= t->base_len + ext_len &&
	           strncmp(name + len - ext_len, t->ext, ext_len) == 0;
	if (ext)
		len -= ext_len;
	if (len < t->base_len || (!s && !ext))
		return BESIDE_NONE;
	const char *p = name + t->base_len, *end = name + len;
	if (p == end)
		return s ? s->kind : BESIDE_NONE;
	p += strchr("-_.", *p) != NULL;
	if (strncmp(p, "20", 2) != 0 || p + strspn(p, "0123456789-_.") < end)
		return BESIDE_NONE; /* the file of another template */
	return s ? s->kind : BESIDE_RENAMED;
}

/* rest: what follows the whole name of a file. */
static enum beside_kind by_rest(const struct acct_template *t, const char *rest,
                                const struct suffix *s)
{
	/* Without an extension, "acct.csv" is the file of another template. */
	bool rotated = *rest == '.' && rest[1] &&
	               strspn(rest + 1, "0123456789") == strlen(rest + 1);
	if (!*t->ext && !rotated && (!s || strcmp(rest, s->text) != 0))
		return BESIDE_NONE;
	if (!strchr(".-_~", *rest))
		return BESIDE_NONE;
	return s ? s->kind : BESIDE_RENAMED;
}

enum beside_kind beside_kind(const struct acct_template *t, const char *name, mode_t type)
{
	struct acct_name key;
	if (S_ISDIR(type))
		return strlen(name) > 2 && beside_is_date(name) ? BESIDE_FOLDER : BESIDE_NONE;
	if ((!S_ISREG(type) && !S_ISLNK(type)) || strncmp(name, t->base, t->base_len) != 0)
		return BESIDE_NONE;
	if (acct_name_parse(t, name, &key))
		return S_ISLNK(type) ? BESIDE_LINK : BESIDE_NONE;
	const struct suffix *s = suffix_of(name);
	const size_t len = acct_name_length(t, name);
	enum beside_kind kind = len > 0 ? by_rest(t, name + len, s) : by_base(t, name, s);
	return kind != BESIDE_NONE && S_ISLNK(type) ? BESIDE_LINK : kind;
}

size_t besides_count(const struct besides *b)
{
	size_t n = 0;
	for (int f = 0; b && f < BESIDE_FOLDERS; f++) {
		for (int k = 0; k < BESIDE_KINDS; k++)
			n += b->in[f][k].n;
	}
	return n;
}

void beside_add(struct beside kinds[BESIDE_KINDS], enum beside_kind kind, const char *name)
{
	struct beside *b = &kinds[kind];
	if (b->n++ == 0 || strcmp(name, b->name) < 0)
		(void)snprintf(b->name, sizeof(b->name), "%s", name);
}

void besides_find_lost(struct besides *b, const struct acct_template *t, int folder,
                       const char *path, const char *plain)
{
	char name[NAME_MAX + 16], full[PATH_MAX + NAME_MAX];
	struct stat st;
	for (size_t i = 0; !b->lost.name[0] && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", plain, suffixes[i].text);
		(void)snprintf(full, sizeof(full), "%s/%s", path, name);
		enum beside_kind kind = beside_kind(t, name, S_IFREG);
		if (kind == BESIDE_NONE || strlen(name) > NAME_MAX ||
		    fstatat(AT_FDCWD, full, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		(void)snprintf(b->lost.plain, sizeof(b->lost.plain), "%s", plain);
		(void)snprintf(b->lost.name, sizeof(b->lost.name), "%.*s", NAME_MAX, name);
		b->lost.folder = folder;
		b->lost.kind = kind;
	}
}

const char *beside_line(const struct beside *b, enum beside_kind kind, const char *folder,
                        char ret[BESIDE_LINE])
{
	static const char *const words[BESIDE_KINDS] = {
	        [BESIDE_XZ] = "packed with xz",
	        [BESIDE_BZIP2] = "packed with bzip2",
	        [BESIDE_ZSTD] = "packed with zstd",
	        [BESIDE_ZIP] = "in a zip archive",
	        [BESIDE_TAR] = "in a tar archive",
	        [BESIDE_PACKED] = "packed",
	        [BESIDE_RENAMED] = "not a name of acct-file",
	        [BESIDE_LINK] = "a symbolic link",
	        [BESIDE_FOLDER] = "a folder with files of acct-file",
	};
	char more[32] = "";
	if (b->n > 1)
		(void)snprintf(more, sizeof(more), " and %zu more", b->n - 1);
	(void)snprintf(ret, BESIDE_LINE, "\"%s\"%s in \"%s\" %s not read: %s", b->name, more,
	               folder, b->n > 1 ? "are" : "is", words[kind]);
	return ret;
}

/* Where a renamed file is found: its name if that is free, else the form of such names. */
static void target(const struct acct_template *t, const char *folder, const char *name,
                   char ret[static BESIDE_LINE])
{
	const size_t len = acct_name_length(t, name), n = strlen(name);
	const char *gz = n > 3 && strcmp(name + n - 3, ".gz") == 0 ? ".gz" : "";
	struct stat st;
	(void)snprintf(ret, BESIDE_LINE, "%s/%.*s%s", folder, (int)len, name, gz);
	if (len > 0 && fstatat(AT_FDCWD, ret, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	(void)snprintf(ret, BESIDE_LINE, "%s/%.*s-YYYY-MM-DD-NNNN%s%s", folder, (int)t->base_len,
	               t->base, t->ext, gz);
}

const char *beside_fix(struct fix *ret, const struct acct_template *t, enum beside_kind kind,
                       const char *folder, const char *name)
{
	static const char *const commands[BESIDE_KINDS] = {
	        [BESIDE_XZ] = "xz -d %s",
	        [BESIDE_BZIP2] = "bzip2 -d %s",
	        [BESIDE_ZSTD] = "zstd -d %s",
	        [BESIDE_ZIP] = "unzip -n %s -d %s",
	        [BESIDE_TAR] = "tar -xkf %s -C %s",
	        [BESIDE_PACKED] = "unpack %s into %s with the program that packed it",
	        [BESIDE_RENAMED] = "mv -n %s %s",
	        [BESIDE_LINK] = "set acct-file or move-to to what this shows: readlink -f %s",
	};
	char path[BESIDE_LINE], to[BESIDE_LINE], base[NAME_MAX + 1];
	ret->text[0] = '\0';
	if (kind <= BESIDE_NONE || kind >= BESIDE_KINDS)
		return ret->text;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)snprintf(base, sizeof(base), "%.*s", (int)t->base_len, t->base);
	(void)snprintf(to, sizeof(to), "%s", folder);
	if (kind == BESIDE_RENAMED)
		target(t, folder, name, to);
	if (kind == BESIDE_FOLDER)
		return fix_command(ret, "mv -n %s/%s* %s/", path, base, folder);
	return fix_command(ret, commands[kind], path, to);
}
