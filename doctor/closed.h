/*
 * closed.h - a file or folder that cannot be read.
 */
#ifndef DOCTOR_CLOSED_H
#define DOCTOR_CLOSED_H

#include "doctor/doctor.h"

/*
 * Reports it, with the consequence (then): a problem, with the command that opens it for the
 * service's user; or "not checked", if this process is another user and the service may be able to.
 */
void closed_tell(const struct doctor *d, const char *what, const char *path, int error,
                 const char *then);

/* Returns a remark for the text if the path is on NFS, else "". */
const char *closed_on_nfs(const char *path);

#endif
