#include "status/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/text.h"

/*
 * The page runs only scripts marked with a nonce, which differs for each answer.  So a script that
 * gets into the page by mistake never runs.
 */
#define PLACEHOLDER "@NONCE@"

/* The assembler includes the file: no tool is needed, and no C array of its bytes is parsed. */
__asm__(".pushsection .rodata\n"
        ".global page_html\n"
        "page_html:\n"
        ".incbin \"status/page.html\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char page_html[];

char *page_text(char *ret_csp, size_t size)
{
	struct hash128 random;
	struct text t;
	char nonce[HASH_HEX_SIZE];
	if (getrandom(random.bytes, sizeof(random.bytes), 0) != (ssize_t)sizeof(random.bytes))
		return NULL;
	hash_hex(&random, nonce);
	FILE *f = text_begin(&t);
	if (!f)
		return NULL;
	const char *p = page_html;
	for (const char *at = strstr(p, PLACEHOLDER); at; at = strstr(p, PLACEHOLDER)) {
		(void)fprintf(f, "%.*s%s", (int)(at - p), p, nonce);
		p = at + strlen(PLACEHOLDER);
	}
	(void)fputs(p, f);
	(void)snprintf(ret_csp, size,
	               "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; "
	               "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
	               "frame-ancestors 'none'",
	               nonce, nonce);
	return text_end(&t);
}
