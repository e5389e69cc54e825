/*
 * fault.h - named points at which a test build ends the process as if it had been killed.
 *
 * `make FAULTS=1` builds them in: with PMTA_FAULT=NAME:N in the environment, the process gets a
 * SIGKILL when it passes the point NAME for the Nth time.  Other builds compile them to nothing.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef FAULTS
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
