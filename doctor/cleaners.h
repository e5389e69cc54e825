/*
 * cleaners.h - programs on this host that delete or rename live accounting files.
 */
#ifndef DOCTOR_CLEANERS_H
#define DOCTOR_CLEANERS_H

#include "base/finding.h"
#include "conf/conf.h"

/*
 * Reports lines of cron, logrotate and tmpfiles under root ("": /) that act on a source's live
 * files, and a pmta-log-archiver that deletes them or those in move-to.  Returns their number.
 */
unsigned cleaners_tell(const char *root, const struct conf *conf, const struct teller *to);

#endif
