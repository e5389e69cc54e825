#include "rules/words.h"

static const struct {
	const char *name, *title;
} verdicts[RULES_VERDICTS] = {
        [RULES_HARD] = {"hard", "Hard"},          [RULES_SOFT] = {"soft", "Soft"},
        [RULES_BLOCK] = {"block", "Block"},       [RULES_IGNORE] = {"ignore", "Ignore"},
        [RULES_UNKNOWN] = {"unknown", "Unknown"},
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

const char *rules_verdict_name(enum rules_verdict v)
{
	return verdicts[v].name;
}

const char *rules_verdict_title(enum rules_verdict v)
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

struct slice words_trim(struct slice s)
{
	while (s.len > 0 && (*s.text == ' ' || *s.text == '\t'))
		s = (struct slice){s.text + 1, s.len - 1};
	while (s.len > 0 && (s.text[s.len - 1] == ' ' || s.text[s.len - 1] == '\t'))
		s.len--;
	return s;
}

size_t words_first_len(struct slice s)
{
	size_t n = 0;
	while (n < s.len && s.text[n] != ' ' && s.text[n] != '\t')
		n++;
	return n;
}

bool rules_verdict_named(struct slice word, enum rules_verdict *ret)
{
	for (int i = 0; i < RULES_VERDICTS; i++) {
		if (!words_equal(word, verdicts[i].name))
			continue;
		*ret = (enum rules_verdict)i;
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
