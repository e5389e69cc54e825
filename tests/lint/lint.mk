# make lint: all checks that a machine can do, so that no reviewer has to.  It takes less than a
# minute and a half; each check is also a target of its own.

PACKAGES_LINT := $(PACKAGES_CHECK) clang-14 clang-format-14 clang-tidy-14 cppcheck shellcheck
LINT_C   := $(SRC) $(WRITER_SRC)
LINT_ALL := $(wildcard $(ROOMS:%=%/*.[ch]) fixtures/*.[ch] tests/unit/*.[ch] tests/unit/*/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch])
LINT_SH  := $(shell grep -lE '^\#!/(bin/|usr/bin/env )(ba|da)?sh' .ci/* tests/run-units \
	tests/fuzz/* fixtures/tls/* packaging/*/* packaging/*/*/* 2>/dev/null)
LINT_SCRIPTS := $(sort $(wildcard tests/*/*.py tests/*/*.sh) $(shell grep -lsE '^\#!/' .ci/* \
	fixtures/* fixtures/*/* packaging/*/* packaging/*/*/* tests/* tests/*/*))
LINT_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DVERSION='"lint"' -I. $(shell pkg-config --cflags $(PKGS))
# False positives of the analyzer: it knows neither the cleanup attribute nor that a result is set
# whenever 0 is returned.
LINT_ANALYZE := -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-fd-leak \
	-Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-null-dereference \
	-Wno-analyzer-null-argument
LINTS := lint-format lint-includes lint-rooms lint-rings lint-names lint-words lint-banned \
	lint-sizes lint-shell lint-manual lint-cppcheck lint-gcc lint-clang lint-tidy

.PHONY: lint deps-lint $(LINTS)
deps-lint:
	$(call install_packages,$(PACKAGES_LINT))

lint: deps-lint
	@$(MAKE) --no-print-directory -k -j2 $(LINTS) && echo "lint: nothing found"

lint-format:
	@clang-format-14 --dry-run -Werror $(LINT_ALL)

lint-includes:
	@tests/lint/includes

lint-rooms:
	@tests/lint/rooms

lint-rings: $(OBJ)
	@tests/lint/rings $(OBJ)

# Documents and comments name only files that exist.
lint-names:
	@tests/lint/names

# Comments, messages and documents use the field's words, in whole sentences.
lint-words:
	@tests/lint/words

lint-banned:
	@tests/lint/banned $(filter-out tests/unit/%,$(LINT_ALL))

lint-sizes:
	@tests/lint/sizes $(LINT_ALL) $(LINT_SCRIPTS)

lint-shell:
	@shellcheck -S warning $(LINT_SH)

lint-manual:
	@mandoc -Tlint -Wwarning $(wildcard docs/*.[1-9])

# The leaks it reports are false because of the cleanup attribute; LeakSanitizer finds real ones.
lint-cppcheck:
	@cppcheck --quiet --enable=warning,performance,portability --std=c11 --inline-suppr \
		--suppress=missingIncludeSystem --suppress=memleak --error-exitcode=1 \
		-I. -D_GNU_SOURCE -DVERSION='"lint"' $(LINT_C)

lint-gcc:
	@printf '%s\0' $(LINT_C) | xargs -0 -n1 gcc $(LINT_CFLAGS) $(WARN) $(LINT_ANALYZE) \
		-c -o /dev/null

lint-clang:
	@printf '%s\0' $(LINT_C) | xargs -0 -n1 clang-14 $(LINT_CFLAGS) $(WARN) -O2 -c -o /dev/null

lint-tidy:
	@out=$$(clang-tidy-14 --quiet $(LINT_C) -- $(LINT_CFLAGS) 2>/dev/null) || \
		{ printf '%s\n' "$$out"; exit 1; }
