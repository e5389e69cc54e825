/*
 * dns.h - what the DNS says, in bounded time.  Only dns.c includes the resolver's headers.
 *
 * Not for `run`: it blocks, DNS_SECONDS_MAX at most for each name server.
 */
#ifndef DOCTOR_DNS_H
#define DOCTOR_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DNS_NAME_SIZE 256
#define DNS_ANSWERS_MAX 16
#define DNS_SECONDS_MAX 3

struct dns_answers {
	char text[DNS_ANSWERS_MAX][DNS_NAME_SIZE]; /* host names, or addresses as text */
	size_t n;
};

/* A name server on 127.0.0.1 at that port instead of the host's own; 0: the host's. */
extern uint16_t dns_test_port;

/*
 * The mail servers of a domain, best first; n is 0 when it has none.  Returns 0, -ENOENT when there
 * is no such domain, or -EAGAIN when no name server answered.
 */
int dns_mx(const char *domain, struct dns_answers *ret) MUST_CHECK;

/* The addresses of a host, of both families; else the same. */
int dns_addresses(const char *host, struct dns_answers *ret) MUST_CHECK;

/* The words for what they returned. */
const char *dns_error(int rc);

#endif
