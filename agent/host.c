#include "agent/host.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 256

static bool is_address(const char *name)
{
	struct in6_addr address;
	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);
	return len > n && strcasecmp(name + len - n, end) == 0;
}

bool host_is_ours(const char *host, const char *machine)
{
	char name[NAME_SIZE];
	if (!host)
		return true;
	bool bracket = host[0] == '[';
	size_t len = strcspn(host + bracket, bracket ? "]" : ":");
	if (len == 0 || len >= sizeof(name))
		return false;
	memcpy(name, host + bracket, len);
	name[len] = '\0';
	if (bracket)
		return is_address(name);
	return is_address(name) || !strchr(name, '.') || ends_with(name, ".localhost") ||
	       strcasecmp(name, machine) == 0;
}
