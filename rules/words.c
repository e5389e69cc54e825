#include "rules/words.h"

static const struct {
	const char *name, *title;
} verdicts[VERDICTS] = {
        [VERDICT_HARD] = {"hard", "Hard"},          [VERDICT_SOFT] = {"soft", "Soft"},
        [VERDICT_BLOCK] = {"block", "Block"},       [VERDICT_IGNORE] = {"ignore", "Ignore"},
        [VERDICT_UNKNOWN] = {"unknown", "Unknown"},
};

const struct action actions[] = {
        {"delete-subscriber", "deleteuser", true, true},
        {"unconfirm-subscriber", "unconfirmuser", true, true},
        {"blacklist-subscriber", "blacklistuser", true, true},
        {"blacklist-address", "blacklistemail", true, true},
        {"delete-subscriber-and-delete-bounce", "deleteuserandbounce", true, false},
        {"unconfirm-subscriber-and-delete-bounce", "unconfirmuseranddeletebounce", true, false},
        {"blacklist-subscriber-and-delete-bounce", "blacklistuseranddeletebounce", true, false},
        {"blacklist-address-and-delete-bounce", "blacklistemailanddeletebounce", true, false},
        {"delete-bounce", "deletebounce", false, false},
        {NULL, NULL, false, false},
};

const char *verdict_name(enum verdict v)
{
	return verdicts[v].name;
}

const char *verdict_title(enum verdict v)
{
	return verdicts[v].title;
}

bool words_equal(struct slice a, const char *b)
{
	for (size_t i = 0; i < a.len; i++)
		if (words_lower(a.text[i]) != words_lower(b[i]))
			return false;
	return b[a.len] == '\0';
}

bool verdict_named(struct slice word, enum verdict *ret)
{
	for (int i = 0; i < VERDICTS; i++) {
		if (!words_equal(word, verdicts[i].name))
			continue;
		*ret = (enum verdict)i;
		return true;
	}
	return false;
}

const struct action *action_named(struct slice word)
{
	for (const struct action *a = actions; a->name; a++)
		if (words_equal(word, a->name) || words_equal(word, a->alias))
			return a;
	return NULL;
}
