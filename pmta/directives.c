#include "pmta/directives.h"

#include <errno.h>
#include <string.h>

#include "base/scope.h"
#include "base/shell.h"
#include "conf/record_fields.h"

/* Returns true if name is in the comma-separated list. */
static bool listed(const char *list, const char *name)
{
	for (const char *p = list; *p;) {
		size_t len = strcspn(p, ",");
		if (len == strlen(name) && strncmp(p, name, len) == 0)
			return true;
		p += len;
		p += *p == ',';
	}
	return false;
}

/* entry is as in the configuration: "b timeQueued,timeLogged,...". */
static void print_fields(const char *entry, bool extended, FILE *out)
{
	size_t len = strcspn(entry, " ");
	const char *const *more = record_fields_more((struct slice){entry, len});
	(void)fprintf(out, "    record-fields %s", entry);
	for (; extended && *more; more++)
		if (!listed(entry + len + 1, *more))
			(void)fprintf(out, ",%s", *more);
	(void)fputc('\n', out);
}

/* PowerMTA needs double quotes around a value with blanks. */
static const char *quote_for(const char *path)
{
	return strchr(path, ' ') ? "\"" : "";
}

void directives_print_block(const struct conf_source *s, bool extended, FILE *out)
{
	const char *q = quote_for(s->acct_file);
	(void)fprintf(out, "<acct-file %s%s%s>\n", q, s->acct_file, q);
	if (*s->move_to) {
		/* Complaints are few; PowerMTA ignores move-interval without move-to. */
		bool complaints = s->records.n == 1 && conf_source_ships(s, "f");
		q = quote_for(s->move_to);
		(void)fprintf(out, "    move-interval %s\n    move-to %s%s%s\n",
		              complaints ? "24h" : "1h", q, s->move_to, q);
	}
	(void)fputs("    records ", out);
	for (size_t i = 0; i < s->records.n; i++) {
		const char *type = s->records.v[i];
		(void)fprintf(out, "%s%s", i > 0 ? ", " : "",
		              strcmp(type, "f") == 0 ? "feedback-loop" : type);
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < s->record_fields.n; i++)
		print_fields(s->record_fields.v[i], extended, out);
	(void)fputs("    world-readable yes\n</acct-file>\n\n", out);
}

static void print_remote_bounces(FILE *out)
{
	(void)fputs("# rb records exist only if PowerMTA itself receives the bounces that come "
	            "back by\n"
	            "# mail. With the domain of your return paths in place of bounce.example.com, "
	            "whose\n"
	            "# MX must be this host:\n"
	            "#\n"
	            "#     relay-domain bounce.example.com\n"
	            "#     <bounce-processor>\n"
	            "#         deliver-unmatched-email yes\n"
	            "#         <address-list>\n"
	            "#             domain bounce.example.com\n"
	            "#         </address-list>\n"
	            "#     </bounce-processor>\n"
	            "#\n"
	            "# A changed bounce-processor needs a restart of PowerMTA. If the MX is "
	            "Octeth's own\n"
	            "# receiver, leave this out: there are no rb records then, and nothing is "
	            "missing.\n"
	            "\n",
	            out);
}

static void print_complaints(FILE *out)
{
	(void)fputs(
	        "# f records exist only if PowerMTA receives the complaint reports. With the\n"
	        "# address you registered with the feedback loops, whose MX must be this host:\n"
	        "#\n"
	        "#     relay-domain fbl.example.com\n"
	        "#     <feedback-loop-processor>\n"
	        "#         <address-list>\n"
	        "#             address /fbl@fbl.example.com/\n"
	        "#         </address-list>\n"
	        "#     </feedback-loop-processor>\n"
	        "\n",
	        out);
}

static void print_shell(const char *text, FILE *out)
{
	scope_free char *quoted = shell_quoted(text);
	(void)fprintf(out, " %s", quoted ? quoted : text);
}

static void print_command(const struct conf *conf, const char *command, FILE *out)
{
	(void)fprintf(out, "#     %s", command);
	for (size_t i = 0; i < conf->nsources; i++)
		if (*conf->sources[i].move_to)
			print_shell(conf->sources[i].move_to, out);
	(void)fputc('\n', out);
}

static bool any_moves(const struct conf *conf)
{
	for (size_t i = 0; i < conf->nsources; i++)
		if (*conf->sources[i].move_to)
			return true;
	return false;
}

static void print_commands(const struct conf *conf, FILE *out)
{
	(void)fputs("# Run, as root, once the blocks are pasted:\n#\n", out);
	if (any_moves(conf)) {
		print_command(conf, "mkdir -p", out);
		print_command(conf, "chown pmta:pmta", out);
	}
	(void)fputs("#     pmta reload\n", out);
}

int directives_print(const struct conf *conf, bool extended, FILE *out)
{
	(void)fputs("# For PowerMTA's configuration, usually /etc/pmta/config.\n\n", out);
	for (size_t i = 0; i < conf->nsources; i++)
		directives_print_block(&conf->sources[i], extended, out);
	if (conf_ships(conf, "rb"))
		print_remote_bounces(out);
	if (conf_ships(conf, "f"))
		print_complaints(out);
	print_commands(conf, out);
	if (fflush(out) != 0 || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
