#include "status/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/text.h"

/*
 * What the page may run is named by a word that is another for each answer, so that nothing that
 * comes to stand in it by mistake would ever run.
 */
#define PLACEHOLDER "@NONCE@"

/* The assembler reads the file: no tool is needed, and no C array of its bytes to be parsed. */
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
