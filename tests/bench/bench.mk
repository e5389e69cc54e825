# make bench: speed and memory, compared with other programs on the same rows.  tests/bench/bench.py
# --help and docs/PERFORMANCE.md describe the measurements.  Included by the Makefile.
#
#   make bench                    everything, with sizes that take minutes
#   make bench ONLY=throughput,memory ROWS=1000000 RUNS=5
#   make check-instructions       instructions per record, compared with tests/bench/instructions

BENCH_BIN := build/bench/sink build/bench/libcsv_alone
PACKAGES_BENCH := $(PACKAGES) python3 openssl

build/bench/sink: tests/bench/sink.c tests/bench/sink_body.c tests/bench/sink_body.h
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -std=gnu17 -D_GNU_SOURCE -I. $(WARN) -O2 -g -o $@ $(filter %.c,$^) -lz

build/bench/libcsv_alone: tests/bench/libcsv_alone.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -std=gnu17 -D_GNU_SOURCE -I. $(WARN) -O2 -g -o $@ $< -lcsv

# syslog-ng, unpacked with its dependencies and not installed: its installation would replace the
# host's own syslog daemon.
build/syslog-ng/usr/sbin/syslog-ng:
	@echo "  GET   syslog-ng"
	@mkdir -p build/syslog-ng/debs/partial
	@cd build/syslog-ng/debs && apt-get download -qq -o APT::Sandbox::User=root \
		syslog-ng-core syslog-ng-mod-http
	@apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
		-o Dir::Cache::archives=$(CURDIR)/build/syslog-ng/debs \
		syslog-ng-core syslog-ng-mod-http >/dev/null
	@for deb in build/syslog-ng/debs/*.deb; do dpkg -x "$$deb" build/syslog-ng; done
	@rm -r build/syslog-ng/debs

.PHONY: bench deps-bench check-instructions
deps-bench:
	$(call install_packages,$(PACKAGES_BENCH))

bench: deps-bench
	@$(MAKE) --no-print-directory -j$$(nproc) build/syslog-ng/usr/sbin/syslog-ng \
		build/nginx/usr/sbin/nginx $(BENCH_BIN) $(BUILD)/pmta-shipper $(BUILD)/pmta-writer
	@PMTA_SHIPPER=$(BUILD)/pmta-shipper PMTA_WRITER=$(BUILD)/pmta-writer \
		$(PYTHON) tests/bench/bench.py $(if $(ROWS),--rows $(ROWS)) \
		$(if $(RUNS),--runs $(RUNS)) $(if $(ONLY),--only $(ONLY)) $(BENCH_ARGS)

check-instructions: deps-bench
	$(call install_packages,valgrind)
	@$(MAKE) --no-print-directory -j$$(nproc) $(BENCH_BIN) $(BUILD)/pmta-shipper $(BUILD)/pmta-writer
	@PMTA_SHIPPER=$(BUILD)/pmta-shipper PMTA_WRITER=$(BUILD)/pmta-writer \
		$(PYTHON) tests/bench/instructions.py
