/*
 * listen.h - who can reach metrics-listen.
 */
#ifndef DOCTOR_LISTEN_H
#define DOCTOR_LISTEN_H

enum listen_reach {
	LISTEN_HERE,  /* this host */
	LISTEN_SOME,  /* hosts that reach one address, or a name that may stand for any */
	LISTEN_EVERY, /* hosts that reach any address of this host */
};

/* address: "HOST:PORT", an IPv6 address in brackets. */
enum listen_reach listen_reach(const char *address);

#endif
