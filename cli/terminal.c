#include "cli/terminal.h"
#include "base/paint.h"
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
#define PLAIN "\x1b[0m"
#define INDENT 4 /* of the continuation of a line in the next row */

static struct {
	bool open, keys; /* keys: standard input is a terminal; before is its old state */
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

/* Colour ends with the row: a row that is left out must not leave its colour on. */
static void paint(FILE *f, const char *text, size_t len)
{
	static const char *const colours[] = {"\x1b[32m", "\x1b[33m", "\x1b[1;31m", PLAIN};
	bool open = false;
	for (const char *end = text + len; text < end; text++) {
		if (paint_is(*text)) {
			open = *text != *PAINT_END;
			(void)fputs(colours[*text - *PAINT_GOOD], f);
		} else {
			(void)fputc(*text, f);
		}
	}
	if (open)
		(void)fputs(PLAIN, f);
}

void terminal_paint(FILE *f, const char *text)
{
	paint(f, text, strlen(text));
}

/* ---- taking the screen, and restoring it at every exit ---- */

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

/* Calls only functions that are safe in a signal handler. */
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

/* Exits at once, since the agent may take long to answer. */
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
	(void)sigfillset(&act.sa_mask); /* one handler at a time */
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
	size_t rows, columns; /* of the screen */
	size_t row;           /* the next row */
	size_t left_out;
};

/* A mark has no width, nor have the bytes after the first one of a character. */
static bool has_width(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80 && !paint_is(c);
}

static size_t width_of(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += has_width(text[i]);
	return n;
}

/* The number of bytes of a line that fit into width, up to a blank if there is one. */
static size_t fitting(const char *line, size_t len, size_t width)
{
	if (width_of(line, len) <= width)
		return len;
	size_t fit = 0, blank = 0, n = 0;
	for (; fit < len; fit++) {
		n += has_width(line[fit]);
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
	/* Clear first: after a row as wide as the screen, this would erase its last column. */
	(void)fprintf(p->f, "\x1b[K%*s", (int)indent, "");
	paint(p->f, text, len);
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
	struct page page = {.rows = 23, .columns = 80};
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
	/* Blocked here, so that no signal comes between the check and the sleep. */
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
