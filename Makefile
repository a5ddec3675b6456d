# fairgate. `make help` lists the targets; nothing here runs a compiler before the packages are there.
#
#   CC=clang-14      another compiler, in folders of its own
#   SAN=address      address and undefined-behaviour sanitizers; SAN=thread: data races
#   CASE=caps        `make test`, `make accept`, `make e2e`, `make chart`, `make oracle` and `make model`: only what has this in its name
#   SOURCES='webhook/base/*.c'      `make unit`: compile and link no more than these
#   V=1              show the commands
#   VIEW=1           `make bench`: the live view of 100,000 pods instead; CLUSTER=1: pods created in a real control plane;
#                    SHARED=1: what three replicas let in a second
#   SEED=7           `make e2e` and `make oracle`: the same chances again
#   SHOW=1           `make e2e`: each step of a story and what it printed; goes on after one that fails; `make model`: counterexamples
#   LONG=1           `make model`: the long runs instead

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS  ?= $(if $(SAN),-O1,-O2) -g
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PREFIX  ?= /usr/local

# Where a flavour is built: release, address, clang-14-release, ...
flavour = $(filter-out gcc-,$(notdir $(CC))-)$(1)
FLAVOUR := $(call flavour,$(or $(SAN),release))
BUILD   := build/$(FLAVOUR)
Q       := $(if $(V),,@)

# ---- flags

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wold-style-definition \
	-Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings \
	-Wdouble-promotion -Wimplicit-fallthrough -Wno-missing-field-initializers
FLAGS := -std=gnu11 -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -Iwebhook
HARDEN := -fstack-protector-strong -fPIE
LINK := -pie -Wl,-z,relro,-z,now

SAN_ := -D_FORTIFY_SOURCE=2
SAN_address := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_thread := -fsanitize=thread -fno-omit-frame-pointer
SAN_fuzzer := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(origin SAN_$(SAN)),undefined)
$(error SAN=$(SAN): expected address, thread or nothing)
endif
# gcc finds uninitialised values that aren't when it instruments code.
SANITIZE := $(SAN_$(SAN)) $(if $(SAN),$(if $(findstring clang,$(CC)),,-Wno-maybe-uninitialized))

# Looked up at the first use, because pkg-config may not be there before.
LIBRARIES := libh2o-evloop openssl jansson yaml-0.1 libpcre2-8 libcurl
LIBRARY_FLAGS = $(eval LIBRARY_FLAGS := $$(shell pkg-config --cflags $$(LIBRARIES)))$(LIBRARY_FLAGS)
LIBS = $(eval LIBS := $$(shell pkg-config --libs $$(LIBRARIES)) -pthread)$(LIBS)

COMPILE = $(CC) $(FLAGS) -include webhook/base/banned.h $(LIBRARY_FLAGS) $(CPPFLAGS) $(WARNINGS) \
	$(HARDEN) $(SANITIZE) $(CFLAGS)
LINKER = $(CC) $(LINK) $(SANITIZE) $(CFLAGS) $(LDFLAGS)

# ---- what there is

SOURCES ?= webhook/*.c webhook/*/*.c
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(SOURCES)))
MAIN    := $(BUILD)/webhook/main.o
ARCHIVE := $(BUILD)/webhook.a

narrowed = $(if $(CASE),$(foreach name,$(1),$(if $(findstring $(CASE),$(name)),$(name))),$(1))
UNIT_SOURCES := $(wildcard tests/unit/*.c tests/unit/*/*.c)
UNIT_TESTS   := $(patsubst %.c,$(BUILD)/%,$(call narrowed,$(filter %_test.c,$(UNIT_SOURCES))))
UNIT_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %_test.c,$(UNIT_SOURCES)))
UNIT_ARCHIVE := $(BUILD)/unit.a
REPLAYS := $(patsubst %_fuzz.c,$(BUILD)/%_replay,$(wildcard tests/fuzz/*_fuzz.c))
TOOLS   := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/unit/% tests/fuzz/% tests/e2e/%,$(wildcard tests/*/*.c)))
WITHOUT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/without_*.c))

# ---- for people

# As many jobs as processors, unless the caller said how many.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
INNER = +$(Q)$(MAKE) --no-print-directory $(JOBS)
ENSURE = @[ -z "$$(tests/deps.sh missing $(1))" ] || $(MAKE) --no-print-directory deps FOR=$(1)
TEST_SAN := $(or $(SAN),address)
TEST_BUILD := build/$(call flavour,$(TEST_SAN))
RUN_TESTS = @tests/run --build $(TEST_BUILD) --threads build/$(call flavour,thread) --case '$(CASE)'

.PHONY: all help deps test unit accept lint chart docs fuzz run demo e2e oracle model bench image-test install install-files clean program unit-programs test-programs threads-programs FORCE
.DEFAULT_GOAL := all
ifeq ($(MAKELEVEL),0)
.NOTPARALLEL: # `make -j8 test lint` is one after the other, each with eight jobs
endif

all: ## build build/fairgate (with SAN=: build/$SAN/fairgate)
	@missing=$$(tests/deps.sh missing build); [ -z "$$missing" ] || \
		{ echo "missing: $$missing"; echo "'make deps' installs what is needed"; exit 1; }
	$(INNER) program

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '%-18s%s\n' "$$name" "$$text"; done
	@sed -n '/^#   [A-Z]*=/s/^# / /p' Makefile

deps: ## install the Debian packages that are missing (FOR=build, demo, test, lint, model, bench, e2e or image; default: all)
	@tests/deps.sh install $(FOR)

test: ## all tests under sanitizers (CASE=word narrows, SAN=thread switches)
	$(call ENSURE,test)
	$(INNER) SAN=$(TEST_SAN) test-programs
	$(INNER) SAN=thread threads-programs
	$(RUN_TESTS) unit golden cases corpus scripts threads

unit: ## only the unit tests (CASE=word narrows)
	$(call ENSURE,test)
	$(INNER) SAN=$(TEST_SAN) unit-programs
	$(RUN_TESTS) unit

accept: ## rewrite the expectations of the golden folders; read the diff (CASE=word narrows)
	$(call ENSURE,test)
	$(INNER) SAN=$(TEST_SAN) program
	$(RUN_TESTS) --accept golden

lint: ## format, clang-tidy, layers, lengths, headers, scripts, and whether docs/reference.md is up to date
	$(call ENSURE,lint)
	$(INNER) program
	@FLAGS='$(FLAGS) $(LIBRARY_FLAGS) -DFAIRGATE_VERSION="lint"' tests/run --build $(BUILD) lint

chart: ## the Helm chart, without Kubernetes: lint, schemas, what its renderings must have, what it refuses (CASE=word narrows; needs Go)
	$(call ENSURE,e2e)
	$(INNER) program
	@FAIRGATE='$(CURDIR)/$(BUILD)/fairgate' tests/chart/run --case '$(CASE)'

docs: ## write docs/reference.md anew from the program's tables
	$(call ENSURE,build)
	$(INNER) program
	@bash -c '. tests/lint/reference.bash; reference $(BUILD)/fairgate' > $(BUILD)/reference.md
	@cp $(BUILD)/reference.md docs/reference.md

fuzz: ## run one fuzzer: NAME=json SECONDS=60
	$(call ENSURE,lint)
	$(INNER) CC=clang-14 SAN=fuzzer build/clang-14-fuzzer/tests/fuzz/$(NAME)_fuzz
	@mkdir -p build/fuzz/$(NAME) tests/fuzz/corpus/$(NAME)
	build/clang-14-fuzzer/tests/fuzz/$(NAME)_fuzz -max_total_time=$(or $(SECONDS),60) -timeout=10 \
		-print_final_stats=1 -artifact_prefix=build/fuzz/$(NAME)- \
		build/fuzz/$(NAME) tests/fuzz/corpus/$(NAME)

run: ## serve the sample policies on loopback until Ctrl-C
	$(call ENSURE,demo)
	$(INNER) program
	@tests/demo/run.sh

demo: ## serve, send recorded reviews, show the verdicts, stop
	$(call ENSURE,demo)
	$(INNER) program
	@tests/demo/demo.sh

e2e: ## scenarios in a real control plane, whose programs are built once (CASE=word narrows; needs Go)
	$(call ENSURE,e2e)
	$(INNER) program $(WITHOUT)
	@FAIRGATE='$(CURDIR)/$(BUILD)/fairgate' tests/e2e/run --case '$(CASE)' $(if $(SHOW),--show)

oracle: ## our readings against those of Kubernetes' own libraries (N=100000 inputs a kind, SEED=1; CASE=word narrows; needs Go)
	$(call ENSURE,e2e)
	$(INNER) SAN=$(TEST_SAN) $(TEST_BUILD)/tests/oracle/reading
	@tests/oracle/run $(TEST_BUILD)/tests/oracle/reading -case '$(CASE)' $(if $(N),-count $(N)) $(if $(SEED),-seed $(SEED))

model: ## is the protocol of the shared caps sound? SPIN models of it (CASE=word narrows, LONG=1: for hours)
	$(call ENSURE,model)
	@tests/model/run --case '$(CASE)' $(if $(SHOW),--show) $(if $(LONG),--long --memory 12000 --seconds 14400)

bench: ## requests a second beside a bare h2o server (VIEW=1: a large cluster's view; CLUSTER=1: pods created a second; SHARED=1: reservations a second of three replicas; both need Go)
	$(call ENSURE,bench)
	$(INNER) program $(TOOLS)
	@FAIRGATE='$(CURDIR)/$(BUILD)/fairgate' tests/bench/bench.sh $(if $(VIEW),view)$(if $(CLUSTER),cluster)$(if $(SHARED),reservations)

image-test: ## build the image twice on a Debian of its own, look into it and run it (needs root)
	$(call ENSURE,image)
	@tests/image/run

install: all install-files ## the program, its manual pages, what bash and zsh complete it with, under $(DESTDIR)$(PREFIX)

# Pages and completions are what the program says of itself.
PROGRAM ?= $(BUILD)/fairgate
SHARE := $(DESTDIR)$(PREFIX)/share
install-files:
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/fairgate
	@install -d $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	$(PROGRAM) --help=man > $(SHARE)/man/man1/fairgate.1
	@for command in $$($(PROGRAM) --complete '' | cut -f1); do \
		$(PROGRAM) $$command --help=man > $(SHARE)/man/man1/fairgate-$$command.1 || exit 1; \
	done
	@for command in $$($(PROGRAM) --complete certs '' | cut -f1); do \
		$(PROGRAM) certs $$command --help=man > $(SHARE)/man/man1/fairgate-certs-$$command.1 || exit 1; \
	done
	$(PROGRAM) completion bash > $(SHARE)/bash-completion/completions/fairgate
	$(PROGRAM) completion zsh > $(SHARE)/zsh/site-functions/_fairgate

clean: ## remove build/
	rm -rf build

# ---- for make

program: $(if $(wildcard webhook/main.c),$(BUILD)/fairgate)
	$(if $(filter release,$(FLAVOUR)),@[ ! -e $< ] || ln -f $< build/fairgate)

unit-programs: $(UNIT_TESTS)
	@:

test-programs: program $(UNIT_TESTS) $(REPLAYS) $(TOOLS)
	@:

# What runs a second time under TSan; the program itself where a script drives it.
THREADS_SCRIPTS := $(wildcard tests/*/*_threads_test.sh tests/*/*_threads_test.py)
threads-programs: $(filter %_threads_test,$(UNIT_TESTS)) $(if $(THREADS_SCRIPTS),program $(TOOLS))
	@:

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC  $(FLAVOUR)  $<"
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%.o: WARNINGS += -Wno-unused-parameter
$(BUILD)/tests/%.o: FLAGS += -Itests

# The version goes into one file, so that a commit rebuilds no more than that.
VERSIONED := $(filter %version.o,$(OBJECTS))
$(VERSIONED): CPPFLAGS += -DFAIRGATE_VERSION='"$(VERSION)"'
$(VERSIONED): $(BUILD)/version
$(BUILD)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@

# Made anew when a source file comes or goes.
$(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' > $@

$(ARCHIVE): $(filter-out $(MAIN),$(OBJECTS)) $(BUILD)/sources
	@rm -f $@
	$(Q)ar qcsT $@ $(filter %.o,$^)

$(BUILD)/fairgate: $(MAIN) $(ARCHIVE)
	@echo "  LD  $(FLAVOUR)  $@"
	$(Q)$(LINKER) -o $@ $^ $(LIBS)

# fairgate with a file of its own in the place of one of webhook/.
$(WITHOUT): %: %.o $(MAIN) $(ARCHIVE)
	@echo "  LD  $(FLAVOUR)  $@"
	$(Q)$(LINKER) -o $@ $^ $(LIBS)

# An archive, so that a test is linked with no helper that it doesn't use.
$(UNIT_ARCHIVE): $(UNIT_HELPERS)
	@rm -f $@
	$(Q)ar qcsT $@ $^

$(UNIT_TESTS): $(BUILD)/%: $(BUILD)/%.o $(UNIT_ARCHIVE) $(ARCHIVE)
	$(Q)$(LINKER) -o $@ $^ $(LIBS) -lcmocka

$(REPLAYS): %_replay: %_fuzz.o $(BUILD)/tests/fuzz/replay_main.o $(ARCHIVE)
	$(Q)$(LINKER) -o $@ $^ $(LIBS)

$(REPLAYS:%_replay=%_fuzz): %: %.o $(ARCHIVE)
	$(Q)$(LINKER) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(TOOLS): %: %.o $(ARCHIVE)
	$(Q)$(LINKER) -o $@ $^ $(LIBS)

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
