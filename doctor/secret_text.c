#include "doctor/secret_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <strings.h>

#include "base/utf8.h"

static bool begins(struct slice s, const char *word)
{
	size_t n = strlen(word);
	return s.len >= n && strncasecmp(s.text, word, n) == 0;
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static bool any(struct slice s, int (*is)(int))
{
	for (size_t i = 0; i < s.len; i++)
		if (is((unsigned char)s.text[i]))
			return true;
	return false;
}

static int above_ascii(int c)
{
	return c > 0x7e;
}

struct secret_mistake secret_text_look(struct slice s)
{
	while (s.len > 0 && (s.text[s.len - 1] == '\n' || s.text[s.len - 1] == '\r'))
		s.len--;
	if (s.len == 0) /* the check of the configuration reports it */
		return (struct secret_mistake){FINDING_OK, NULL, NULL};
	if (utf8_bom(s.text, s.len) > 0)
		return (struct secret_mistake){FINDING_PROBLEM, "begins with a byte order mark",
		                               "1s/^\\xef\\xbb\\xbf//"};
	if (isblank((unsigned char)s.text[0]) || isblank((unsigned char)s.text[s.len - 1]))
		return (struct secret_mistake){FINDING_PROBLEM, "begins or ends with a blank",
		                               "s/^[[:blank:]]*//; s/[[:blank:]\\r]*$//"};
	if (s.len > 1 && is_quote(s.text[0]) && s.text[0] == s.text[s.len - 1])
		return (struct secret_mistake){FINDING_PROBLEM, "is in quotes",
		                               "s/^.//; s/.\\r*$//"};
	if (begins(s, "Bearer ") || begins(s, "Authorization:") || begins(s, "X-Octeth-Signature:"))
		return (struct secret_mistake){
		        FINDING_PROBLEM, "begins with the name of its header, which the agent adds",
		        "s/^[A-Za-z-]*: *//; s/^[Bb]earer *//"};
	if (any(s, isblank))
		return (struct secret_mistake){FINDING_WARNING, "has a blank in it", NULL};
	if (any(s, above_ascii))
		return (struct secret_mistake){FINDING_WARNING, "has bytes outside ASCII in it",
		                               NULL};
	return (struct secret_mistake){FINDING_OK, NULL, NULL};
}
