/*
 * verbs.h - an operator's commands to the running agent over the control socket.  Used in agent/
 * only.
 *
 * The first line of each answer is the exit status of the command that asked.  The caller owns the
 * answer; NULL when out of memory.
 */
#ifndef AGENT_VERBS_H
#define AGENT_VERBS_H

struct agent;
struct http_server_request;

char *verb_pause(struct agent *a, const struct http_server_request *request);
char *verb_resume(struct agent *a, const struct http_server_request *request);
char *verb_dead_retry(struct agent *a, const struct http_server_request *request);
char *verb_dead_drop(struct agent *a, const struct http_server_request *request);
char *verb_drain(struct agent *a, const struct http_server_request *request);

#endif
