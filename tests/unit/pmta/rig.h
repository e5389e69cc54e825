/*
 * rig.h - runs verify_pmta() on texts: a configuration of ours and one of PowerMTA to
 * findings, one line each.
 */
#ifndef UNIT_PMTA_RIG_H
#define UNIT_PMTA_RIG_H

#include "tests/unit/temp.h"

#include "pmta/verify.h"

/* Sources "bounces" and, with complaints, "fbl", in /var/log/pmta. */
#define RIG_OURS                                                                                   \
	"source bounces { acct-file = \"/var/log/pmta/bounces.csv\" endpoint = \"octeth\" }\n"     \
	"endpoint octeth { url = \"\" }\n"
#define RIG_OURS_FBL                                                                               \
	"source fbl { acct-file = \"/var/log/pmta/fbl.csv\" endpoint = \"octeth\" }\n" RIG_OURS

/* PowerMTA's block for the sources of RIG_OURS, with nothing to report; %s goes into it. */
#define RIG_B                                                                                      \
	"timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,jobId,vmta," \
	"header_X-FBLId"
#define RIG_RB "timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,header_X-FBLId"
#define RIG_BLOCK                                                                                  \
	"<acct-file /var/log/pmta/bounces.csv>\nrecord-fields b " RIG_B                            \
	"\nrecord-fields rb " RIG_RB                                                               \
	"\ndelete-after never\nworld-readable yes\n%s\n</acct-file>\n"
#define RIG_PROCESSOR                                                                              \
	"relay-domain b.example\n<bounce-processor>\n<address-list>\ndomain b.example\n"           \
	"</address-list>\n</bounce-processor>\n"

/*
 * Returns the findings, "LEVEL[?] PLACE: TEXT -> FIX" a line, '?' for what was not checked; a file
 * of the test's folder is named without it.  Lines to paste follow, indented.  Valid until the next
 * call.
 */
const char *rig_verify(const char *ours, const char *theirs);

/* The same with RIG_OURS, and RIG_BLOCK with these lines in it, then more. */
const char *rig_verify_block(const char *inside, const char *more);

void rig_done(void);

#endif
