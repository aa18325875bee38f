# Matinee: everything is built, tested, trained and installed from here. `make help` lists the targets.
#
#   mk/folders.mk     which folder may use which, and what each tool stands on
#   mk/stamps.mk      files that change when flags and other values do
#   mk/tools.mk       objects, CUDA, MPI, programs
#   mk/tests.mk       unit tests, shell tests, benchmarks
#   mk/emulation.mk   CUDA code on the CPU
#   mk/gpu.mk         checks and measurements on a GPU
#   mk/fuzz.mk        fuzz targets
#   mk/train.mk       tables to adapter
#   mk/checks.mk      formatting, linting
#   mk/install.mk     tools, man pages

BUILD    ?= build
PREFIX   ?= /usr/local
CXX      ?= g++
REAL_DATA ?= ../shared/data
VERSION  ?= 0.1.0

# CPPFLAGS, CXXFLAGS, LDFLAGS and LDLIBS are free for the user; they are added to what the sources need.
OPT      ?= -O3
ISA      := -march=x86-64-v3
# Off: flow-based warnings that g++ 12 gives at -O3 for correct code inside fmt and libstdc++ (gcc bugs 105651, 105329,
# 105762).
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-psabi -Wno-restrict -Wno-stringop-overflow \
            -Wno-stringop-overread -Wno-array-bounds -Wno-maybe-uninitialized -Werror
ifdef SAN
  override BUILD := $(BUILD)-san
  OPT      := -O1
  SANITIZE := -fsanitize=address,undefined
endif
# Line numbers for debuggers and sanitizers take a tenth of the compile time.
LINES    := $(if $(SAN)$(findstring ccache,$(CXX)),-g1)
COMPILE   = $(CXX) -I. $(DEFINES) $(CPPFLAGS) -std=c++20 $(OPT) $(LINES) -pthread -ffp-contract=off $(WARN) \
            $(SANITIZE) $(if $(SAN),-fno-sanitize-recover=undefined -fno-omit-frame-pointer) $(CXXFLAGS) $(ISA)
LINK      = $(CXX) -pthread $(SANITIZE) $(LDFLAGS) -Wl,--as-needed
LIBS      = -lboost_program_options -lfmt -lsimdjson -lisal -lpcre2-8 -lutf8proc -lxxhash -ldnnl -lgomp -ledit -ldl \
            -lcpp-httplib $(LDLIBS)

# A line for each file; make V=1 shows the commands.
Q := $(if $(V),,@)
say = @printf '  %-5s %s\n' $(1) $(2)
# A build without -j would use one processor of many.
PARALLEL = $(if $(findstring j,$(filter-out --%,$(MAKEFLAGS))),,-j$(shell nproc))

.DEFAULT_GOAL := all
include $(patsubst %,mk/%.mk,stamps folders tools train fuzz tests emulation gpu checks install)

.PHONY: all deps help clean
all: $(BINARIES)  ## build every tool into build/ (the default)

deps:
	@scripts/install-deps build

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | \
	  awk -F'\t' '{ printf "  make %-18s %s\n", $$1, $$2 }'

clean:  ## remove build/
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
