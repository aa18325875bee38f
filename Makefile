# Matinee: everything is built, tested, trained and installed from here. `make help` lists the targets.

BUILD    ?= build
PREFIX   ?= /usr/local
CXX      ?= g++
PYTHON   ?= python3
REAL_DATA ?= ../shared/data
VERSION  := 0.1.0

OPT      ?= -O3
ISA      := -march=x86-64-v3
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-psabi -Werror
CPPFLAGS += -I. -DMATINEE_VERSION='"$(VERSION)"'
CXXFLAGS += -std=c++20 $(OPT) -g1 -pthread -ffp-contract=off $(WARN)
LDFLAGS  += -pthread
LDLIBS   += -lboost_program_options -lfmt -lsimdjson -lisal -lpcre2-8 -lutf8proc -ldnnl -lgomp -ledit -ldl
ifdef SAN
  BUILD    := $(BUILD)-san
  OPT      := -O1
  CXXFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
  LDFLAGS  += -fsanitize=address,undefined
endif
