/* Commands say what lies beside the files that they look at. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "csv/catalog.h"

static void report_folder(const struct conf_source *s, const char *folder,
                          const struct beside kinds[BESIDE_KINDS],
                          void (*report)(const char *source, const char *text))
{
	const struct acct_template t = acct_template(s->acct_file);
	char line[BESIDE_LINE], text[BESIDE_LINE + FIX_MAX + 16], clean[2 * sizeof(text)];
	struct fix fix = {0};
	for (int k = 0; k < BESIDE_KINDS; k++) {
		if (kinds[k].n == 0)
			continue;
		const char *command = beside_fix(&fix, &t, k, folder, kinds[k].name);
		(void)snprintf(text, sizeof(text), "%s%s%s",
		               beside_line(&kinds[k], k, folder, line), *command ? " -> " : "",
		               command);
		utf8_printable(text, strlen(text), clean, sizeof(clean));
		report(s->name, clean);
	}
}

void catalog_report_beside(const struct catalog *c,
                           void (*report)(const char *source, const char *text))
{
	for (size_t i = 0; i < c->conf->nsources; i++) {
		const struct conf_source *s = &c->conf->sources[i];
		char live[PATH_MAX];
		conf_source_folder(s, live, sizeof(live));
		report_folder(s, live, c->besides[i].in[BESIDE_LIVE], report);
		report_folder(s, s->move_to, c->besides[i].in[BESIDE_MOVED], report);
	}
}
