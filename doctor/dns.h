/*
 * dns.h - DNS queries in bounded time.  Only dns.c includes the resolver's headers.
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

/* For tests: the port of a name server on 127.0.0.1; 0: the host's own name servers. */
extern uint16_t dns_test_port;

/*
 * Finds the mail servers of a domain, best first; n is 0 if it has none.  Returns 0, -ENOENT if the
 * domain does not exist, or -EAGAIN if no name server answered.
 */
int dns_mx(const char *domain, struct dns_answers *ret) MUST_CHECK;

/* Finds the IPv4 and IPv6 addresses of a host.  Returns the same. */
int dns_addresses(const char *host, struct dns_answers *ret) MUST_CHECK;

/* Returns a message for a negative result of these functions. */
const char *dns_error(int rc);

#endif
