/*
 * redirect.h - a receiver that answers with a redirect: looks where it leads, and advises that
 * address as url only if it would serve.
 */
#ifndef DOCTOR_REDIRECT_H
#define DOCTOR_REDIRECT_H

#include <stdbool.h>

#include "doctor/doctor.h"
#include "doctor/probe.h"

/* Returns true for the address of a page on which people log in. */
bool redirect_is_login(const char *url);

/*
 * Returns true if a request to "to" may carry the credentials for "from": the same host and port,
 * encrypted.
 */
bool redirect_keeps_credentials(const char *from, const char *to);

/* Returns NULL if the address may stand in url for from, else why not. */
const char *redirect_unfit(const char *from, const char *to);

/* Asks the target of a redirect, with an empty POST, and reports one finding. */
void redirect_look(const struct doctor *d, const struct ship_conf *e, const char *what,
                   const struct probe *first);

#endif
