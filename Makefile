# pmta-shipper.  To try it, use `make demo` and `make check`.
#
#   make            build/pmta-shipper
#   make demo       install missing packages, build, run against stand-ins, print what arrived
#   make check      install missing packages, build, run all tests; SAN=1: under ASan and UBSan
#   make check-page the page in a headless Chromium; installs one
#   make torture    T=180 SEED=: kills and faults under load; all records must be accounted for
#   make bench      speed and memory, compared with other shippers
#   make check-instructions  fails if a record costs more instructions than before
#   make lint       all automatic checks of the source;  make fuzz T=60: the fuzzers
#   make deb        the Debian package;  make check-deb: installs and tests it
#   make install    DESTDIR= PREFIX=/usr/local
#   make format     clang-format over the tree

VERSION := $(shell sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n1)
PREFIX  ?= /usr/local
CC      ?= cc
PYTHON  := /usr/bin/python3
SAN     ?= 0
FAULTS  ?= 0

BUILD  := build$(if $(filter 1,$(SAN)),/san)$(if $(filter 1,$(FAULTS)),/faults)
PKGS   := libcurl libcrypto libcjson sqlite3 libsystemd libmicrohttpd zlib libpcre2-8 libxxhash
PACKAGES := gcc libc6-dev pkg-config libcsv-dev libcurl4-openssl-dev libssl-dev libcjson-dev libinotifytools0-dev \
	libsqlite3-dev libsystemd-dev libmicrohttpd-dev libxxhash-dev \
	zlib1g-dev libpcre2-dev
PACKAGES_CHECK := $(PACKAGES) libcmocka-dev python3 python3-pytest python3-pytest-xdist openssl ca-certificates mandoc mount

CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. $(WARN) $(CFLAGS) \
	$(if $(filter 1,$(SAN)),$(SANFLAGS)) $(if $(filter 1,$(FAULTS)),-DFAULTS) $(shell pkg-config --cflags $(PKGS))
LIBS := -lcsv -lresolv $(shell pkg-config --libs $(PKGS))

# The rooms, by floor: a room may use rooms on lower floors, but no other room on its own floor.
# tests/lint/includes reads this table, and each unit test links only the rooms that it may use.
FLOOR_0 := base
FLOOR_1 := record
FLOOR_2 := state ship follow
FLOOR_3 := tailer
FLOOR_4 := conf
FLOOR_5 := rules
FLOOR_6 := csv pmta service cli status
FLOOR_7 := agent archive doctor logstash
FLOOR_8 := ruletool
FLOOR_9 := cmd

FLOORS := 0 1 2 3 4 5 6 7 8 9
ROOMS  := $(foreach n,$(FLOORS),$(FLOOR_$n))
SRC    := $(wildcard $(ROOMS:%=%/*.c))
OBJ    := $(SRC:%.c=$(BUILD)/%.o)
LIB    := $(filter-out $(BUILD)/cmd/main.o,$(OBJ))
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*/test_*.c))
WRITER_SRC := $(wildcard fixtures/*.c)

.PHONY: all demo check check-page torture valgrind unit system install format clean deps deps-check bench-rules
.SECONDARY:
all: $(BUILD)/pmta-shipper

$(BUILD)/pmta-shipper: $(OBJ)
	@echo "  LD    $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/pmta-writer: $(WRITER_SRC:%.c=$(BUILD)/%.o)
	@echo "  LD    $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/%.o: %.c Makefile CHANGELOG.md
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# .incbin: the compiler does not report this dependency to make.
$(BUILD)/status/page.o: status/page.html
$(BUILD)/logstash/install.o: conf/pmta-shipper.conf

# A unit test links only its room and the floors below it, so the linker proves the table.
# Arguments of room_rule: ROOM, the rooms on lower floors.
define room_rule
$(BUILD)/tests/$(1)/%: $(BUILD)/tests/unit/$(1)/%.o $(filter $(2:%=$(BUILD)/%/%.o) $(BUILD)/$(1)/%.o,$(LIB))
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	@$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka
endef
below := $(empty)
$(foreach n,$(FLOORS),\
	$(foreach room,$(FLOOR_$n),$(eval $(call room_rule,$(room),$(below))))\
	$(eval below += $(FLOOR_$n)))

# A test that includes a rig.h of its room also links the room's rigs.
RIGGED := $(shell grep -l '/rig[a-z_]*\.h"' tests/unit/*/test_*.c)
$(foreach t,$(RIGGED),$(eval $(t:tests/unit/%.c=$(BUILD)/tests/%): \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard $(dir $t)rig*.c))))

-include $(OBJ:.o=.d) $(wildcard $(BUILD)/tests/unit/*/*.d) $(wildcard $(BUILD)/fixtures/*.d)

# Packages are installed only if one is missing, so a second run needs neither root nor a network.
define install_packages
@missing=$$(dpkg-query -W -f='$${db:Status-Status} $${Package}\n' $(1) 2>/dev/null | \
	awk '$$1 == "installed" {print $$2}' | sort > /tmp/.pmta-have.$$$$; \
	printf '%s\n' $(1) | sort | comm -23 - /tmp/.pmta-have.$$$$; rm -f /tmp/.pmta-have.$$$$); \
if [ -n "$$missing" ]; then \
	echo "installing:" $$missing; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing; \
fi
endef

deps:
	$(call install_packages,$(PACKAGES))
deps-check:
	$(call install_packages,$(PACKAGES_CHECK))

demo: deps-check
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/pmta-shipper $(BUILD)/pmta-writer
	@$(PYTHON) fixtures/demo.py $(BUILD)/pmta-shipper

check: deps-check
	@$(MAKE) --no-print-directory -j$$(nproc) unit; unit=$$?; \
	$(MAKE) --no-print-directory -j$$(nproc) system && [ $$unit = 0 ]

unit: $(UNIT)
	@tests/run-units $(UNIT)

$(BUILD)/shim.so: tests/torture/shim.c Makefile
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -shared -fPIC $(WARN) -O1 -o $@ $< -ldl

$(BUILD)/faults/pmta-shipper: $(SRC)
	@$(MAKE) --no-print-directory FAULTS=1 $@

# A real nginx for the tests.  It is only unpacked: installing it would start a server here.
build/nginx/usr/sbin/nginx:
	@mkdir -p build/nginx
	@cd build/nginx && apt-get download -qq nginx && dpkg -x nginx_*.deb . && rm nginx_*.deb

# Likewise promtool, which checks metrics and alert rules.
build/prometheus/usr/bin/promtool:
	@mkdir -p build/prometheus
	@cd build/prometheus && apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && \
		rm prometheus_*.deb

system: build/nginx/usr/sbin/nginx build/prometheus/usr/bin/promtool build/bench/sink $(BUILD)/pmta-shipper $(BUILD)/pmta-writer $(BUILD)/shim.so $(BUILD)/faults/pmta-shipper
	@PMTA_SHIPPER=$(BUILD)/pmta-shipper PMTA_WRITER=$(BUILD)/pmta-writer \
		PMTA_SHIPPER_FAULTS=$(BUILD)/faults/pmta-shipper PMTA_SHIM_SO=$(BUILD)/shim.so \
		$(PYTHON) -m pytest -q -n 6 -p no:cacheprovider tests/system

# The page in a real browser, which `make check` alone does not install.
check-page: deps-check
	$(call install_packages,chromium chromium-driver fonts-dejavu-core)
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/pmta-shipper $(BUILD)/pmta-writer
	@PMTA_SHIPPER=$(BUILD)/pmta-shipper PMTA_WRITER=$(BUILD)/pmta-writer \
		$(PYTHON) -m pytest -q -n 2 -p no:cacheprovider tests/system/test_page.py

install: $(BUILD)/pmta-shipper
	install -D -m 755 $(BUILD)/pmta-shipper $(DESTDIR)$(PREFIX)/bin/pmta-shipper
	install -D -m 644 docs/pmta-shipper.8 $(DESTDIR)$(PREFIX)/share/man/man8/pmta-shipper.8
	install -D -m 644 docs/pmta-shipper.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/pmta-shipper.conf.5
	install -D -m 644 docs/pmta-shipper.rules.5 $(DESTDIR)$(PREFIX)/share/man/man5/pmta-shipper.rules.5
	install -D -m 644 conf/rules.d/50-starter.rules \
		$(DESTDIR)$(PREFIX)/share/pmta-shipper/rules.d/50-starter.rules
	install -D -m 644 conf/pmta-shipper.conf \
		$(DESTDIR)$(PREFIX)/share/doc/pmta-shipper/pmta-shipper.conf.example
	install -D -m 644 docs/MIGRATING.md $(DESTDIR)$(PREFIX)/share/doc/pmta-shipper/MIGRATING.md
	install -d $(DESTDIR)$(PREFIX)/share/doc/pmta-shipper/monitoring
	install -m 644 docs/monitoring/* $(DESTDIR)$(PREFIX)/share/doc/pmta-shipper/monitoring

format:
	clang-format -i $(wildcard $(ROOMS:%=%/*.[ch]) fixtures/*.[ch] tests/unit/*.[ch] tests/unit/*/*.[ch] tests/bench/*.[ch])

clean:
	rm -rf build

# Kills, stops, reloads and a misbehaving backend for T seconds per seed; SEED=n repeats one run.
TORTURE_T ?= $(if $(filter command line,$(origin T)),$(T),180)
torture: deps-check
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/pmta-shipper $(BUILD)/pmta-writer
	@PMTA_SHIPPER=$(BUILD)/pmta-shipper PMTA_WRITER=$(BUILD)/pmta-writer \
		$(PYTHON) tests/torture/torture.py --seconds $(TORTURE_T) $(if $(SEED),--seed $(SEED))

# Records judged per second, by the number of rules, and with the starter set.
$(BUILD)/bench-rules: $(BUILD)/tests/bench/rules.o $(filter $(BUILD)/rules/%.o $(BUILD)/base/%.o,$(OBJ))
	@echo "  LD    $@"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-rules: $(BUILD)/bench-rules
	@$(BUILD)/bench-rules conf/rules.d/50-starter.rules

# The agent under valgrind, with records, answers and a rotation; and some unit tests.
VALGRIND_UNIT := csv/test_reader csv/test_reader_rejects csv/test_reader_sweeps follow/test_follow \
	state/test_store state/test_store_files state/test_store_dead state/test_ledger record/test_json \
	ship/test_batch
VALGRIND_SYSTEM := tests/system/test_records.py -k "not megabytes"
valgrind: deps-check
	$(call install_packages,valgrind)
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/pmta-shipper $(BUILD)/pmta-writer \
		$(VALGRIND_UNIT:%=$(BUILD)/tests/%)
	@for t in $(VALGRIND_UNIT); do PMTA_VALGRIND_OF=$(BUILD)/tests/$$t tests/valgrind \
		>$(BUILD)/valgrind.log 2>&1 || { cat $(BUILD)/valgrind.log; exit 1; }; done
	@PMTA_VALGRIND_OF=$(BUILD)/pmta-shipper PMTA_SHIPPER=tests/valgrind \
		PMTA_WRITER=$(BUILD)/pmta-writer \
		$(PYTHON) -m pytest -q -n 2 -p no:cacheprovider $(VALGRIND_SYSTEM)

include tests/lint/lint.mk tests/fuzz/fuzz.mk tests/bench/bench.mk packaging/deb/deb.mk
