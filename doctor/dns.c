/*
 * This file handles three traps of the resolver: getaddrinfo() has no deadline, so each name is
 * asked for with single queries; TCP has no deadline either, so a truncated answer is used as it
 * is; a state made by res_ninit() must be closed by res_nclose().
 */
#include "doctor/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

uint16_t dns_test_port;

struct mx {
	unsigned preference;
	char host[DNS_NAME_SIZE];
};

static int open_resolver(struct __res_state *r)
{
	memset(r, 0, sizeof(*r));
	if (res_ninit(r) < 0)
		return -EAGAIN;
	r->retrans = DNS_SECONDS_MAX;
	r->retry = 1;
	r->options |= RES_IGNTC;
	if (dns_test_port != 0) {
		r->nscount = 1;
		r->nsaddr_list[0] = (struct sockaddr_in){.sin_family = AF_INET,
		                                         .sin_port = htons(dns_test_port),
		                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	}
	return 0;
}

/* Sends one query.  Returns the answer's length, 0 for no record of that type, or a negative errno.
 */
static int ask(const char *name, int type, unsigned char *ret, int size)
{
	struct __res_state r;
	if (open_resolver(&r) < 0)
		return -EAGAIN;
	int n = res_nquery(&r, name, ns_c_in, type, ret, size);
	int why = r.res_h_errno;
	res_nclose(&r);
	if (n >= 0)
		return n < size ? n : size;
	return why == NO_DATA ? 0 : why == HOST_NOT_FOUND ? -ENOENT : -EAGAIN;
}

static int by_preference(const void *a, const void *b)
{
	const struct mx *x = a, *y = b;
	return x->preference < y->preference ? -1 : x->preference > y->preference;
}

static bool read_mx(ns_msg *m, const ns_rr *rr, struct mx *ret)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	if (ns_rr_type(*rr) != ns_t_mx || ns_rr_rdlen(*rr) < 3)
		return false;
	ret->preference = (unsigned)data[0] << 8 | data[1];
	return ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), data + 2, ret->host,
	                          sizeof(ret->host)) >= 0;
}

int dns_mx(const char *domain, struct dns_answers *ret)
{
	unsigned char answer[4096];
	struct mx mx[DNS_ANSWERS_MAX];
	ns_msg m;
	ns_rr rr;
	size_t n = 0;
	ret->n = 0;
	int len = ask(domain, ns_t_mx, answer, sizeof(answer));
	if (len <= 0)
		return len;
	if (ns_initparse(answer, len, &m) < 0)
		return -EAGAIN;
	for (int i = 0; i < ns_msg_count(m, ns_s_an) && n < DNS_ANSWERS_MAX; i++)
		if (ns_parserr(&m, ns_s_an, i, &rr) == 0 && read_mx(&m, &rr, &mx[n]))
			n++;
	qsort(mx, n, sizeof(mx[0]), by_preference);
	for (size_t i = 0; i < n; i++)
		memcpy(ret->text[i], mx[i].host, DNS_NAME_SIZE);
	ret->n = n;
	return 0;
}

static int add_addresses(const char *host, int type, struct dns_answers *ret)
{
	unsigned char answer[4096];
	ns_msg m;
	ns_rr rr;
	int len = ask(host, type, answer, sizeof(answer));
	if (len <= 0)
		return len;
	if (ns_initparse(answer, len, &m) < 0)
		return -EAGAIN;
	unsigned wanted = type == ns_t_a ? 4 : 16;
	for (int i = 0; i < ns_msg_count(m, ns_s_an) && ret->n < DNS_ANSWERS_MAX; i++)
		if (ns_parserr(&m, ns_s_an, i, &rr) == 0 && (int)ns_rr_type(rr) == type &&
		    ns_rr_rdlen(rr) == wanted &&
		    inet_ntop(type == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(rr),
		              ret->text[ret->n], DNS_NAME_SIZE))
			ret->n++;
	return 0;
}

int dns_addresses(const char *host, struct dns_answers *ret)
{
	ret->n = 0;
	int rc = add_addresses(host, ns_t_a, ret);
	return rc < 0 ? rc : add_addresses(host, ns_t_aaaa, ret);
}

const char *dns_error(int rc)
{
	return rc == -ENOENT ? "the name does not exist" : "no name server answered in time";
}
