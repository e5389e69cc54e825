#include "rules/prefilter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX 12               /* the part of a literal that is in the automaton */
#define OUTPUT (UINT32_C(1) << 31) /* a transition to a state where a literal ends */
#define NOWHERE UINT32_MAX

/* A literal that ends in a state. */
struct ending {
	uint32_t literal, before; /* before: length of the literal's part before the piece */
	uint32_t next;            /* next ending in the same state; NOWHERE: the last */
};

struct state {
	uint32_t endings; /* first of them, or NOWHERE */
	uint32_t shorter; /* the next state on the failure path that has endings; 0: none */
	uint32_t fail;
};

struct prefilter {
	const struct slice *literals;
	size_t nliterals;
	unsigned char class_of[256];
	size_t nclasses;
	uint32_t *to; /* nstates * nclasses; the row's beginning, with OUTPUT */
	struct state *states;
	size_t nstates;
	struct ending *endings; /* one per literal */
};

/* Returns the start of the piece: after digits, dots and blanks, which all texts have, if enough
 * follows them. */
static size_t piece_from(struct slice s)
{
	size_t at = 0;
	if (s.len <= PIECE_MAX)
		return 0;
	while (at < s.len && !isalpha((unsigned char)s.text[at]))
		at++;
	return s.len - at >= 6 ? at : 0;
}

static size_t piece_len(struct slice s, size_t from)
{
	return s.len - from < PIECE_MAX ? s.len - from : PIECE_MAX;
}

static void find_classes(struct prefilter *p)
{
	p->nclasses = 1; /* 0: in no literal */
	for (size_t i = 0; i < p->nliterals; i++) {
		size_t from = piece_from(p->literals[i]);
		size_t len = piece_len(p->literals[i], from);
		for (size_t j = from; j < from + len; j++) {
			unsigned char c = (unsigned char)p->literals[i].text[j];
			if (p->class_of[c] == 0) /* fewer than 256, as there are no capitals */
				p->class_of[c] = (unsigned char)p->nclasses++;
		}
	}
}

static size_t states_needed(const struct prefilter *p)
{
	size_t n = 1;
	for (size_t i = 0; i < p->nliterals; i++)
		n += piece_len(p->literals[i], piece_from(p->literals[i]));
	return n;
}

static void add_literal(struct prefilter *p, size_t i)
{
	const struct slice s = p->literals[i];
	size_t from = piece_from(s), len = piece_len(s, from);
	uint32_t at = 0;
	for (size_t j = from; j < from + len; j++) {
		uint32_t *to = &p->to[at * p->nclasses + p->class_of[(unsigned char)s.text[j]]];
		if (*to == NOWHERE) {
			p->states[p->nstates] = (struct state){.endings = NOWHERE};
			*to = (uint32_t)p->nstates++;
		}
		at = *to;
	}
	p->endings[i] = (struct ending){(uint32_t)i, (uint32_t)from, p->states[at].endings};
	p->states[at].endings = (uint32_t)i;
}

/* Breadth first: a state takes missing transitions from its longest proper suffix. */
static void link_states(struct prefilter *p, uint32_t *queue)
{
	size_t head = 0, tail = 0;
	for (size_t c = 0; c < p->nclasses; c++) {
		if (p->to[c] == NOWHERE)
			p->to[c] = 0;
		else
			queue[tail++] = p->to[c];
	}
	while (head < tail) {
		uint32_t at = queue[head++];
		struct state *s = &p->states[at];
		const struct state *f = &p->states[s->fail];
		s->shorter = f->endings != NOWHERE ? s->fail : f->shorter;
		for (size_t c = 0; c < p->nclasses; c++) {
			uint32_t *to = &p->to[at * p->nclasses + c];
			uint32_t other = p->to[s->fail * p->nclasses + c];
			if (*to == NOWHERE) {
				*to = other;
				continue;
			}
			p->states[*to].fail = other;
			queue[tail++] = *to;
		}
	}
}

/* Turns state numbers into row offsets, marked if a literal ends in the state. */
static void finish_table(struct prefilter *p)
{
	for (size_t i = 0; i < p->nstates * p->nclasses; i++) {
		const struct state *s = &p->states[p->to[i]];
		uint32_t row = p->to[i] * (uint32_t)p->nclasses;
		p->to[i] = row | (s->endings != NOWHERE || s->shorter ? OUTPUT : 0);
	}
}

static int build(struct prefilter *p)
{
	find_classes(p);
	size_t room = states_needed(p);
	if (room * p->nclasses >= OUTPUT)
		return -ENOMEM;
	uint32_t *queue = malloc(room * sizeof(*queue));
	p->to = malloc(room * p->nclasses * sizeof(*p->to));
	p->states = calloc(room, sizeof(*p->states));
	p->endings = calloc(p->nliterals + 1, sizeof(*p->endings));
	if (!queue || !p->to || !p->states || !p->endings) {
		free(queue);
		return -ENOMEM;
	}
	memset(p->to, 0xff, room * p->nclasses * sizeof(*p->to));
	p->states[p->nstates++] = (struct state){.endings = NOWHERE};
	for (size_t i = 0; i < p->nliterals; i++)
		add_literal(p, i);
	link_states(p, queue);
	free(queue);
	finish_table(p);
	uint32_t *less = realloc(p->to, p->nstates * p->nclasses * sizeof(*p->to));
	p->to = less ? less : p->to;
	return 0;
}

int prefilter_new(struct prefilter **ret, const struct slice *literals, size_t n)
{
	struct prefilter *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->literals = literals;
	p->nliterals = n;
	if (build(p) < 0) {
		(void)prefilter_free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

struct prefilter *prefilter_free(struct prefilter *p)
{
	if (p) {
		free(p->to);
		free(p->states);
		free(p->endings);
		free(p);
	}
	return NULL;
}

size_t prefilter_size(const struct prefilter *p)
{
	if (!p)
		return 0;
	return sizeof(*p) + p->nstates * (p->nclasses * sizeof(*p->to) + sizeof(*p->states)) +
	       p->nliterals * sizeof(*p->endings);
}

int hits_new(struct hits *ret, const struct prefilter *p)
{
	*ret = (struct hits){.turn = 1};
	ret->seen = calloc(p->nliterals + 1, sizeof(*ret->seen));
	ret->list = calloc(p->nliterals + 1, sizeof(*ret->list));
	ret->room = p->nliterals;
	if (ret->seen && ret->list)
		return 0;
	hits_clear(ret);
	return -ENOMEM;
}

void hits_clear(struct hits *h)
{
	free(h->seen);
	free(h->list);
	*h = (struct hits){0};
}

void hits_begin(struct hits *h)
{
	h->n = 0;
	if (++h->turn == 0) { /* after 2^32 texts, old marks would look new */
		memset(h->seen, 0, (h->room + 1) * sizeof(*h->seen));
		h->turn = 1;
	}
}

/* The piece ends at text[end].  Returns true if the rest of the literal is around it. */
static bool whole(const struct prefilter *p, const struct ending *e, struct slice text, size_t end)
{
	const struct slice s = p->literals[e->literal];
	size_t len = piece_len(s, e->before);
	size_t from = end + 1 - len;
	if (s.len == len)
		return true;
	if (from < e->before || text.len - (from - e->before) < s.len)
		return false;
	return memcmp(text.text + from - e->before, s.text, s.len) == 0;
}

static void collect(const struct prefilter *p, uint32_t state, struct slice text, size_t end,
                    struct hits *h)
{
	for (; state; state = p->states[state].shorter) {
		for (uint32_t i = p->states[state].endings; i != NOWHERE; i = p->endings[i].next) {
			if (hits_has(h, i) || !whole(p, &p->endings[i], text, end))
				continue;
			h->seen[i] = h->turn;
			h->list[h->n++] = i;
		}
	}
}

void prefilter_scan(const struct prefilter *p, struct slice text, struct hits *h)
{
	const uint32_t *to = p->to;
	uint32_t at = 0;
	for (size_t i = 0; i < text.len; i++) {
		at = to[at + p->class_of[(unsigned char)text.text[i]]];
		if (at & OUTPUT) {
			at &= ~OUTPUT;
			collect(p, at / (uint32_t)p->nclasses, text, i, h);
		}
	}
}
