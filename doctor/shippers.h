/*
 * shippers.h - another program that is configured to ship the same files.
 */
#ifndef DOCTOR_SHIPPERS_H
#define DOCTOR_SHIPPERS_H

#include "doctor/unit.h"

/* Reports one finding about it, by the state of its unit. */
void shippers_tell(const struct teller *to, const char *what, const char *program,
                   const char *where, const struct unit *u);

#endif
