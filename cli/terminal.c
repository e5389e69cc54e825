#include "cli/terminal.h"
#include "base/scope.h"
#include "base/text.h"
#include "base/units.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l"
#define LEAVE "\x1b[?7h\x1b[?25h\x1b[?1049l"
#define INDENT 4 /* of what goes on in the next row */

#define RED "\x1b[1;31m"
#define YELLOW "\x1b[33m"
#define GREEN "\x1b[32m"
#define PLAIN "\x1b[0m"

static struct {
	bool open, keys; /* keys: standard input is a terminal, as it was before */
	struct termios before;
	volatile sig_atomic_t resized;
} screen;

bool terminal_there(void)
{
	const char *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

bool terminal_colour(void)
{
	const char *no = getenv("NO_COLOR");
	return terminal_there() && !(no && no[0]);
}

/* ---- colour ---- */

static const char *colour_of(const char *word, size_t *ret_len)
{
	static const struct {
		const char *word, *colour;
	} words[] = {
	        {"PROBLEM", RED},     {"ok", GREEN},    {"held", RED},
	        {"retrying", YELLOW}, {"unknown", RED}, {"not configured", YELLOW},
	        {"paused", YELLOW},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*ret_len = strlen(words[i].word);
		if (strncmp(word, words[i].word, *ret_len) == 0)
			return words[i].colour;
	}
	return NULL;
}

/* The word that says how things are: a PROBLEM anywhere, the state of an endpoint. */
static const char *telling_word(const char *line, size_t len)
{
	const char *problem = memmem(line, len, "PROBLEM", 7);
	if (problem || len < 9 || strncmp(line, "endpoint ", 9) != 0)
		return problem;
	const char *colon = memmem(line, len, ": ", 2);
	return colon ? colon + 2 : NULL;
}

static void paint_line(FILE *f, const char *line, size_t len, bool colour)
{
	size_t word_len = 0;
	const char *word = colour ? telling_word(line, len) : NULL;
	const char *how = word ? colour_of(word, &word_len) : NULL;
	if (!how || (size_t)(word - line) + word_len > len) {
		(void)fwrite(line, 1, len, f);
		return;
	}
	const char *rest = word + word_len;
	(void)fwrite(line, 1, (size_t)(word - line), f);
	(void)fprintf(f, "%s%.*s" PLAIN, how, (int)word_len, word);
	(void)fwrite(rest, 1, len - (size_t)(rest - line), f);
}

void terminal_paint(FILE *f, const char *text, bool colour)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		paint_line(f, text, len, colour);
		if (text[len] == '\n')
			(void)fputc('\n', f);
		text += len + (text[len] == '\n');
	}
}

/* ---- taking the screen, and giving it back however we end ---- */

static void put(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);
		if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

/* Only what a signal handler may call. */
static void take(void)
{
	struct termios t = screen.before;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (screen.keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
	put(ENTER, sizeof(ENTER) - 1);
}

static void give_back(void)
{
	put(LEAVE, sizeof(LEAVE) - 1);
	if (screen.keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

/* At once, for the agent that is being asked may take its time. */
static void on_end(int number)
{
	(void)number;
	give_back();
	_exit(0);
}

static void on_stop(int number)
{
	int saved = errno;
	(void)number;
	give_back();
	(void)raise(SIGSTOP);
	take();
	screen.resized = 1;
	errno = saved;
}

static void on_size(int number)
{
	(void)number;
	screen.resized = 1;
}

static int catch_signals(void)
{
	static const struct {
		int number;
		void (*handler)(int);
	} wanted[] = {{SIGINT, on_end},  {SIGTERM, on_end},  {SIGHUP, on_end},
	              {SIGQUIT, on_end}, {SIGTSTP, on_stop}, {SIGWINCH, on_size}};
	struct sigaction act = {0};
	(void)sigfillset(&act.sa_mask); /* one handler after the other */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		act.sa_handler = wanted[i].handler;
		act.sa_flags = wanted[i].number == SIGWINCH ? 0 : SA_RESTART;
		if (sigaction(wanted[i].number, &act, NULL) < 0)
			return -errno;
	}
	return 0;
}

int terminal_open(struct err *err)
{
	screen.keys = tcgetattr(STDIN_FILENO, &screen.before) == 0;
	int rc = catch_signals();
	if (rc < 0)
		return err_set(err, rc, "catch signals: %s", strerror(-rc));
	screen.open = true;
	take();
	return 0;
}

void terminal_close(void)
{
	if (screen.open)
		give_back();
	screen.open = false;
}

/* ---- drawing ---- */

struct page {
	FILE *f;
	size_t rows, columns; /* there are */
	size_t row;           /* the next one */
	size_t left_out;
	bool colour;
};

static size_t width_of(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* How many bytes of a line fit into width, up to a blank if there is one. */
static size_t fitting(const char *line, size_t len, size_t width)
{
	if (width_of(line, len) <= width)
		return len;
	size_t fit = 0, blank = 0, n = 0;
	for (; fit < len; fit++) {
		n += ((unsigned char)line[fit] & 0xc0) != 0x80;
		if (n > width)
			break;
		if (line[fit] == ' ')
			blank = fit;
	}
	return blank > width / 2 ? blank : fit;
}

static void put_row(struct page *p, size_t indent, const char *text, size_t len)
{
	if (p->row >= p->rows) {
		p->left_out++;
		return;
	}
	/* Cleared first: after a row as wide as the screen the last column would go, too. */
	(void)fprintf(p->f, "\x1b[K%*s", (int)indent, "");
	paint_line(p->f, text, len, p->colour);
	(void)fputs("\r\n", p->f);
	p->row++;
}

static void put_line(struct page *p, const char *line, size_t len)
{
	size_t indent = 0;
	do {
		size_t n = fitting(line, len, p->columns - indent);
		put_row(p, indent, line, n);
		while (n < len && line[n] == ' ')
			n++;
		line += n;
		len -= n;
		indent = p->columns > 4 * INDENT ? INDENT : 0;
	} while (len > 0);
}

static void draw_page(struct page *p, const char *text, const char *footer)
{
	(void)fputs("\x1b[H", p->f);
	while (*text) {
		size_t len = strcspn(text, "\n");
		put_line(p, text, len);
		text += len + (text[len] == '\n');
	}
	char last[256];
	int n = p->left_out > 0 ? snprintf(last, sizeof(last), "(%zu more row%s) %s", p->left_out,
	                                   units_s(p->left_out), footer)
	                        : snprintf(last, sizeof(last), "%s", footer);
	size_t len = n < 0 ? 0 : strlen(last);
	(void)fputs("\x1b[J", p->f);
	(void)fwrite(last, 1, len < p->columns ? len : p->columns, p->f);
}

int terminal_draw(const char *text, const char *footer)
{
	struct winsize size;
	struct text t;
	struct page page = {.rows = 23, .columns = 80, .colour = terminal_colour()};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
		page.rows = size.ws_row - 1U;
		page.columns = size.ws_col;
	}
	page.f = text_begin(&t);
	if (page.f)
		draw_page(&page, text, footer);
	scope_free char *out = text_end(&t);
	if (!out)
		return -ENOMEM;
	put(out, t.len);
	return 0;
}

bool terminal_wait(int64_t ms)
{
	struct pollfd fd = {screen.keys ? STDIN_FILENO : -1, POLLIN, 0};
	sigset_t all, before;
	char key;
	(void)sigemptyset(&all);
	(void)sigaddset(&all, SIGWINCH);
	(void)sigaddset(&all, SIGTSTP);
	/* Blocked while we look, so that none comes between the look and the sleep. */
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	const struct timespec left = {screen.resized ? 0 : ms / 1000,
	                              screen.resized ? 0 : ms % 1000 * 1000000};
	int rc = ppoll(&fd, 1, &left, &before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	screen.resized = 0;
	if (rc <= 0 || fd.revents == 0)
		return true;
	ssize_t n = read(STDIN_FILENO, &key, 1);
	return n > 0 && key != 'q' && key != 'Q' && key != '\x04';
}
