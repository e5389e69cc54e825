# make fuzz T=60: run each fuzzer for T seconds from its seeds; an input that crashes it is left in
# $(FUZZ)/found.  make $(FUZZ)/fuzz_NAME builds one, to be run by hand.

FUZZ_CC    ?= clang-14
FUZZ       := build/fuzz
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := -std=gnu17 -D_GNU_SOURCE -DVERSION='"fuzz"' -I. -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all \
	-Werror=incompatible-pointer-types \
	$(shell pkg-config --cflags $(PKGS))
FUZZ_OBJ   := $(patsubst %.c,$(FUZZ)/%.o,$(filter-out cmd/main.c,$(SRC)))
PACKAGES_FUZZ := $(PACKAGES) clang-14 libclang-rt-14-dev
T ?= 60

$(FUZZ)/%.o: %.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(FUZZ)/fuzz_%: $(FUZZ)/tests/fuzz/fuzz_%.o $(FUZZ_OBJ)
	@echo "  LD    $@"
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

# fuzz_tailer has a second source file.
$(FUZZ)/fuzz_tailer: $(FUZZ)/tests/fuzz/tailer_files.o

-include $(FUZZ_OBJ:.o=.d) $(wildcard $(FUZZ)/tests/fuzz/*.d)

.PHONY: fuzz deps-fuzz
.SECONDARY:
deps-fuzz:
	$(call install_packages,$(PACKAGES_FUZZ))

fuzz: deps-fuzz
	@$(MAKE) --no-print-directory -j$$(nproc) $(FUZZ_NAMES:%=$(FUZZ)/fuzz_%)
	@tests/fuzz/run $(FUZZ) $(T) $(FUZZ_NAMES)
