# SPDX-License-Identifier: GPL-2.0-only
# criu-lite.  Rooms are found by wildcard: a new file in criu/ROOM/ needs no line here.
#   O=DIR  where everything is built (build)      V=1  show command lines
#   CC=clang                                      SANITIZE=address,undefined
#   T=NAME only these tests                       WERROR=1  warnings are errors
#   COVERAGE=1 with gcov (make coverage)

MAKEFLAGS += --no-builtin-rules
O ?= build
V ?= 0
DESTDIR ?=
PREFIX ?= /usr/local
SANITIZE ?=
COVERAGE ?= 0
HOSTCC ?= $(CC)
WERROR ?= 0
T ?=

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n' $(1) $(patsubst $(O)/%,%,$@))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

include Makefile.config

# --- flags ---

WARNINGS := -Wall -Wextra -Werror=implicit-function-declaration -Werror=unused-result \
	    -Werror=incompatible-pointer-types -Werror=int-conversion -Werror=return-type
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
CFLAGS ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -Icriu -I$(O)/images $(LIB_CFLAGS)
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARNINGS)
SAN_CFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
# gcov's counters: test/coverage/counters.c says what becomes of them.
ifeq ($(COVERAGE),1)
COV_CFLAGS := --coverage -fprofile-update=atomic -O0 -fdata-sections \
	      -fno-builtin-fork -fno-builtin-execv -fno-builtin-execvp# else gcov writes its files there
COV_LDFLAGS := -Wl,-T,test/coverage/counters.lds -Wl,--wrap=__gcov_exit
LIB_LDLIBS += -lgcov
cov_objs := $(O)/test/coverage/counters.o
endif
ALL_LDFLAGS := -Wl,--as-needed -Wl,-z,relro -Wl,-z,now $(LDFLAGS) $(SAN_CFLAGS) $(COV_LDFLAGS)
DEPFLAGS = -MMD -MP -MF $@.d

# --- what there is ---

protos := $(wildcard images/*.proto)
pb_c := $(protos:images/%.proto=$(O)/images/%.pb-c.c)
pb_h := $(pb_c:.c=.h)
# opts.proto uses the options of protobuf's own descriptor.
ifneq ($(wildcard images/opts.proto),)
pb_google := $(O)/images/google/protobuf/descriptor.pb-c
pb_c += $(pb_google).c
pb_h += $(pb_google).h
endif

srcs := $(filter-out criu/pie/%,$(wildcard criu/*/*.c criu/arch/$(ARCH)/*.c))
asms := $(wildcard criu/arch/$(ARCH)/*.S)
main_src := criu/cli/main.c
objs := $(srcs:%.c=$(O)/%.o) $(asms:%.S=$(O)/%.o)
lib_objs := $(filter-out $(main_src:%.c=$(O)/%.o),$(objs)) $(pb_c:.c=.o) $(O)/pie/blobs.o

unit_srcs := $(wildcard test/unit/*.c)
units := $(unit_srcs:%.c=$(O)/%)
case_srcs := $(wildcard test/cases/*/*.c)
cases := $(case_srcs:%.c=$(O)/%)
case_lib := $(patsubst %.c,$(O)/%.o,$(wildcard test/lib/*.c))
# Programs that bench, storm, faults and big dump.
subjects := $(patsubst %.c,$(O)/%,$(wildcard $(addsuffix /*.c,$(addprefix test/,bench storm faults big))))
# Programs of many files: the one of test/torture, and the one that measures the kernel.
torture := $(O)/test/torture/torture
tracking := $(O)/test/facts/tracking
# Fuzzers: linked with libFuzzer (make fuzz, a build of its own), or to try given inputs (make check).
fuzzers := $(patsubst %.c,$(O)/%,$(wildcard test/fuzz/*.c))
fuzz_lib := $(patsubst %.c,$(O)/%.o,$(filter-out %/replay.c,$(wildcard test/fuzz/lib/*.c)))
replays := $(fuzzers:$(O)/test/fuzz/%=$(O)/test/fuzz/replay/%)
objs_of = $(patsubst %.c,$(O)/%.o,$(wildcard $(addsuffix /*.c,$(1))))

.PHONY: all config deps clean tests units install uninstall demo check lint bench bench-iterations faults storm big torture format format-check \
	compile_commands.json fuzz fuzzers coverage check-sanitizers

all: $(if $(wildcard $(main_src)),$(O)/criu-lite,$(O)/libcriu-lite.a)

config:
	@scripts/install-deps --check $(BUILD_NEEDS)

deps:
	@scripts/install-deps --install $(BUILD_NEEDS) $(TEST_NEEDS)

vm-deps:
	@scripts/install-deps --install $(BUILD_NEEDS) $(TEST_NEEDS) $(VM_NEEDS)

lint-deps:
	@scripts/install-deps --install $(BUILD_NEEDS) $(TEST_NEEDS) $(LINT_NEEDS)

# Other flags or another compiler: everything is built again (not for -Werror alone).
flags_text = $(CC) $(filter-out -Werror,$(CPPFLAGS) $(ALL_CFLAGS) $(COV_CFLAGS) $(ALL_LDFLAGS) $(PIE_CFLAGS))
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(flags_text)' | cmp -s - $@ || echo '$(flags_text)' >$@

# --- protobuf ---

$(O)/images/%.pb-c.c $(O)/images/%.pb-c.h: images/%.proto | config
	$(call say,PROTOC)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=images --proto_path=/usr/include --c_out=$(O)/images $<

$(O)/images/google/protobuf/%.pb-c.c $(O)/images/google/protobuf/%.pb-c.h: \
		/usr/include/google/protobuf/%.proto | config
	$(call say,PROTOC)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=/usr/include --c_out=$(O)/images $<

/usr/include/google/protobuf/%.proto: | config ;

# Generated code follows its generator's style.
$(O)/images/%.pb-c.o: $(O)/images/%.pb-c.c $(O)/flags | $(pb_h)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 $(CFLAGS) -w $(SAN_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# --- the tool ---

san_of = $(if $(filter $(NO_SANITIZE),$(1)),,$(SAN_CFLAGS))

$(O)/%.o: %.c $(O)/flags | config $(pb_h)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(call san_of,$<) $(COV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/%.o: %.S | config
	$(call say,AS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -g $(DEPFLAGS) -c -o $@ $<

# The list of objects is a file, so that an object that went away leaves the archive too.
$(O)/libcriu-lite.list: FORCE
	@mkdir -p $(@D)
	@echo '$(sort $(lib_objs))' | cmp -s - $@ || echo '$(sort $(lib_objs))' >$@

$(O)/libcriu-lite.a: $(lib_objs) $(O)/libcriu-lite.list
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $(lib_objs)

$(O)/criu-lite: $(main_src:%.c=$(O)/%.o) $(O)/libcriu-lite.a $(cov_objs)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

.PHONY: FORCE
FORCE:

# --- the manual and the shell completion, made from the rows of criu/cli/options.c and the tables of criu/files ---

docs := $(O)/criu-lite.8 $(O)/criu-lite-files.7 $(O)/criu-lite.bash
ifneq ($(wildcard $(main_src)),)
all: $(docs)
endif

$(O)/gen-docs: criu/cli/man/gen.c criu/cli/options.c criu/cli/options.h criu/cli/version.h \
		criu/base/options.h | config
	$(call say,HOSTCC)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -D_GNU_SOURCE -Icriu -O1 $(WARNINGS) -o $@ $(filter %.c,$^)

$(O)/criu-lite.8: criu/cli/man/criu-lite.8.in $(O)/gen-docs
	$(call say,DOC)
	$(Q)$(O)/gen-docs $< >$@

# The tables are full of the kinds' functions: the whole tool is linked in.
$(O)/gen-files-doc: $(O)/criu/files/man/gen.o $(O)/libcriu-lite.a $(cov_objs)
	$(call say,LINK)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(O)/criu-lite-files.7: criu/files/man/criu-lite-files.7.in $(O)/gen-files-doc
	$(call say,DOC)
	$(Q)$(O)/gen-files-doc $< >$@

$(O)/criu-lite.bash: scripts/completion/criu-lite.bash.in $(O)/gen-docs
	$(call say,DOC)
	$(Q)$(O)/gen-docs $< >$@

# --- the blobs: freestanding programs that end up inside tasks ---

PIE_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fPIE -fvisibility=hidden -mgeneral-regs-only \
	      -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	      -D_GNU_SOURCE -Icriu $(WARNINGS) \
	      $(call cc-option,-fno-tree-loop-distribute-patterns)# else gcc's memset calls itself
pie_srcs = $(wildcard $(addprefix criu/pie/,$(1)))
PARASITE_OBJS ?= $(patsubst criu/%.c,$(O)/%.o,$(call pie_srcs,parasite.c par_*.c string.c))
RESTORER_OBJS ?= $(patsubst criu/%.c,$(O)/%.o,$(call pie_srcs,restorer.c rst_*.c string.c))
BLOBS := $(basename $(notdir $(wildcard criu/pie/parasite.c criu/pie/restorer.c)))

$(O)/pie/%.o: criu/pie/%.c $(O)/flags | config
	$(call say,PIE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PIE_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/pie/parasite.elf: $(PARASITE_OBJS)
$(O)/pie/restorer.elf: $(RESTORER_OBJS)
$(O)/pie/%.elf: criu/pie/blob.lds
	$(call say,LD)
	$(Q)$(LD) -static -pie --no-dynamic-linker -z text --build-id=none -T $< -o $@ $(filter %.o,$^)

$(O)/pie/%.bin: $(O)/pie/%.elf criu/pie/SIZES scripts/check-blob
	$(call say,BLOB)
	$(Q)$(OBJCOPY) -O binary $< $@
	$(Q)scripts/check-blob $< $@ criu/pie/SIZES

# blob_NAME_start and blob_NAME_end; an empty blob where its source is not there.
$(O)/pie/blobs.S: Makefile
	@mkdir -p $(@D)
	@{ echo '.section .rodata.blobs, "a", @progbits'; \
	for b in parasite restorer; do \
		echo ".balign 16"; echo ".globl blob_$${b}_start, blob_$${b}_end"; \
		echo "blob_$${b}_start:"; \
		if [ -e criu/pie/$$b.c ]; then echo ".incbin \"$(O)/pie/$$b.bin\""; fi; \
		echo "blob_$${b}_end:"; echo ".byte 0"; \
	done; \
	echo '.section .note.GNU-stack, "", @progbits'; } >$@

$(O)/pie/blobs.o: $(O)/pie/blobs.S $(BLOBS:%=$(O)/pie/%.bin)
	$(call say,AS)
	$(Q)$(CC) -c -o $@ $<

# --- tests ---

tests: units $(cases) $(subjects) $(torture) $(tracking) $(O)/test/rig/launch $(replays)
units: $(units)
fuzzers: $(fuzzers)

$(O)/test/unit/%: test/unit/%.c $(O)/libcriu-lite.a $(cov_objs) | config
	$(call say,UNIT)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itest -Itest/unit $(ALL_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $< \
		$(O)/libcriu-lite.a $(cov_objs) $(LIB_LDLIBS) -lpthread

$(O)/test/coverage/%.o: test/coverage/%.c $(O)/flags | config
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -DCOUNTERS_DIR='"$(abspath $(O))"' $(ALL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/test/lib/%.o: test/lib/%.c $(O)/flags | config
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -Itest/lib $(ALL_CFLAGS) -pthread $(DEPFLAGS) -c -o $@ $<

# A line "/* ldflags: -lfoo */" in the source adds to the link.
word_of = $(shell sed -n 's|^/\* $(1): \(.*\) \*/$$|\1|p' $(2))

$(O)/test/cases/%: test/cases/%.c $(case_lib) | config
	$(call say,CASE)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -Itest/lib $(ALL_CFLAGS) -pthread $(DEPFLAGS) \
		-o $@ $< $(case_lib) $(call word_of,ldflags,$<)

$(subjects): $(O)/test/%: test/%.c test/rig/subject.c test/rig/subject.h | config
	$(call say,SUBJECT)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -Itest/rig $(ALL_CFLAGS) -pthread -o $@ $(filter %.c,$^)

$(call objs_of,test/torture test/facts) $(O)/test/rig/subject.o: $(O)/%.o: %.c $(O)/flags | config
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -Itest/rig $(ALL_CFLAGS) -pthread $(DEPFLAGS) -c -o $@ $<

$(torture): $(call objs_of,test/torture)
$(tracking): $(call objs_of,test/facts) $(O)/test/rig/subject.o
$(torture) $(tracking):
	$(call say,SUBJECT)
	$(Q)$(CC) $(ALL_CFLAGS) -pthread -o $@ $^

$(O)/test/rig/launch: test/rig/launch.c | config
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(ALL_CFLAGS) -o $@ $<

# What a fuzzer does itself is not what it is to reach.
comma := ,
$(O)/test/fuzz/%.o: test/fuzz/%.c $(O)/flags | config $(pb_h)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itest $(ALL_CFLAGS) $(subst $(comma)fuzzer-no-link,,$(SAN_CFLAGS)) $(DEPFLAGS) -c -o $@ $<

$(fuzzers): $(O)/test/fuzz/%: $(O)/test/fuzz/%.o $(fuzz_lib) $(O)/libcriu-lite.a
	$(call say,FUZZER)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIB_LDLIBS) -lpthread

$(replays): $(O)/test/fuzz/replay/%: $(O)/test/fuzz/%.o $(O)/test/fuzz/lib/replay.o $(fuzz_lib) $(O)/libcriu-lite.a $(cov_objs)
	$(call say,REPLAY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS) -lpthread

-include $(shell find $(O) -name '*.d' 2>/dev/null)


# --- targets for people ---

install: all
	install -D -m 755 $(O)/criu-lite $(DESTDIR)$(PREFIX)/sbin/criu-lite
	install -D -m 644 $(O)/criu-lite.8 $(DESTDIR)$(PREFIX)/share/man/man8/criu-lite.8
	install -D -m 644 $(O)/criu-lite-files.7 $(DESTDIR)$(PREFIX)/share/man/man7/criu-lite-files.7
	install -D -m 644 $(O)/criu-lite.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/criu-lite

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/criu-lite $(DESTDIR)$(PREFIX)/share/man/man8/criu-lite.8 \
		$(DESTDIR)$(PREFIX)/share/man/man7/criu-lite-files.7 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/criu-lite

# Packages first: what they bring is only seen by a make that starts after them.
demo: deps
	@$(MAKE) --no-print-directory O=$(O) all
	@BIN=$(O)/criu-lite test/demo

# The same on a kernel with soft-dirty bits, emulated; KERNEL=6.1 there.
demo-vm: vm-deps
	@$(MAKE) --no-print-directory O=$(O) all
	@test/vm/run --kernel $(or $(KERNEL),6.12) --build $(O) --timeout 900 -- \
		env MIB=32 BIN=$(abspath $(O))/criu-lite $(CURDIR)/test/demo

check: deps
	@$(MAKE) --no-print-directory O=$(O) WERROR=1 all tests
	@T='$(T)' scripts/run-checks $(O)

# The same on Debian's 6.1 and 6.12, under QEMU: what test/vm/subset names, or all.  KERNEL=6.1 only that one,
# PART=NAME only that part (test/vm/check).  check-vm-cross: dumped on one kernel, restored on the other.
check-vm check-vm-all check-vm-cross: vm-deps
	@$(MAKE) --no-print-directory O=$(O) WERROR=1 all tests
	@test/vm/check $(if $(filter %-all,$@),--all) --build $(O) $(if $(SUMMARY),--summary $(SUMMARY)) \
		$(patsubst %,--part %,$(if $(filter %-cross,$@),cross,$(PART))) $(KERNEL)

# PEER=PATH is measured in turn with the tool.
bench: all tests
	@test/bench/run --build $(O) $(if $(PEER),--peer $(PEER))

# What one more iteration costs; KERNEL=6.12: there, with less memory.
bench-iterations: all tests $(if $(KERNEL),vm-deps)
	@$(if $(KERNEL),test/vm/run --kernel $(KERNEL) --build $(O) --timeout 7200 --) $(CURDIR)/test/bench/iterations \
		--build $(abspath $(O)) $(if $(PEER),--peer $(PEER)) --mib $(or $(MIB),$(if $(KERNEL),256,1024))

# The long forms; make check runs shorter ones.
faults storm big: all tests
	@test/$@/run --build $(O)

# Incremental dumps under a program that uses memory in all ways.  SEEDS=N FIRST=S TRACKER=HOW JOBS=N
torture: all tests
	@test/torture/run --build $(O) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST)) \
		$(if $(TRACKER),--tracker $(TRACKER)) $(if $(JOBS),--jobs $(JOBS)) $(if $(SUMMARY),--summary $(SUMMARY))

# What the tests reach of criu/ without pie/: $(O)/coverage/html, and as text.  LEAST=PERCENT or it fails.
coverage: deps
	@$(MAKE) --no-print-directory O=$(O)/coverage COVERAGE=1 all tests
	@test/coverage/run $(O)/coverage $(or $(LEAST),85)

# Unit tests and cases with AddressSanitizer, its look for leaks and UndefinedBehaviorSanitizer; all takes longer.
check-sanitizers: deps
	@$(MAKE) --no-print-directory O=$(O)/sanitizers SANITIZE=address,undefined all tests
	@CASE_WAIT_S=5 test/rig/ways $(O)/sanitizers test/rig/sanitizers

# All parsers with damaged input, found by coverage.  SECONDS=N each (60), FUZZER=NAME only that one.
FUZZ_BUILD := O=$(O)/fuzz CC=clang SANITIZE=address,undefined,fuzzer-no-link
fuzz: lint-deps
	@$(MAKE) --no-print-directory $(FUZZ_BUILD) fuzzers
	@test/fuzz/run --build $(O)/fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(if $(FUZZER),--only $(FUZZER)) \
		$(if $(OUTPUT),--output $(OUTPUT)) $(if $(SUMMARY),--summary $(SUMMARY))

# Only what belongs to us and is C; generated code and the blob's linker script are not.
c_files = $(shell find criu lib test images -name '*.[ch]' -not -name '*.pb-c.*' 2>/dev/null)
sh_files = $(shell grep -lE '^\#!/bin/(ba)?sh' -r scripts test .ci 2>/dev/null)

lint: lint-deps
	@$(MAKE) --no-print-directory O=$(O) lint-parts

.PHONY: lint-deps lint-parts lint-layers lint-headers lint-globals lint-messages lint-shell lint-gcc lint-clang \
	check-vm check-vm-all check-vm-cross demo-vm vm-deps
lint-parts: lint-layers lint-headers lint-globals lint-messages lint-shell format-check lint-gcc lint-clang
	@echo 'lint: nothing found'

lint-layers:
	@scripts/check-layers

lint-headers: $(pb_h)
	@scripts/check-headers -Icriu -I$(O)/images $(LIB_CFLAGS)

lint-globals: all
	@scripts/check-globals $(O)

lint-messages:
	@if [ -x scripts/check-messages ]; then scripts/check-messages; fi

lint-shell:
	@shellcheck $(sh_files)

lint-gcc lint-clang: lint-%:
	@$(MAKE) --no-print-directory O=$(O)/lint-$* CC=$* WERROR=1 all tests

format:
	clang-format -i $(c_files)

format-check:
	@clang-format --dry-run --Werror $(c_files) || { echo 'run: make format' >&2; false; }

# What editors and clang tools read.
compile_commands.json: $(pb_h)
	@{ echo '['; sep=; \
	for f in $(srcs) $(unit_srcs) $(case_srcs); do \
		printf '%s{ "directory": "%s", "file": "%s", "command": "%s" }\n' "$$sep" '$(CURDIR)' $$f \
			"$(CC) $(CPPFLAGS) -Itest -Itest/unit $(ALL_CFLAGS) -c $$f"; sep=,; \
	done; echo ']'; } >$@

clean:
	rm -rf $(O) compile_commands.json
