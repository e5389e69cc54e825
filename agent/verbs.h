/*
 * verbs.h - what an operator tells the running agent through the control socket; for agent/ only.
 *
 * The first line of each answer is the exit status of the command that asked; the answer is the
 * caller's, or NULL when out of memory.
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
