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

# ---- What is built from what --------------------------------------------------------------------------------------
# Each folder's closure under the include table of docs/hacking.md (scripts/check-includes). Tests and tools link just
# these objects, so a folder that reaches upwards does not link.
CLOSURE_base     := base
CLOSURE_io       := io base
CLOSURE_kernels  := kernels base
CLOSURE_catalog  := catalog io base
CLOSURE_text     := text io base
CLOSURE_dialogue := dialogue catalog text io base
CLOSURE_vectors  := vectors catalog kernels io base
CLOSURE_model    := model kernels io base
CLOSURE_train    := train model kernels io base
CLOSURE_session  := session dialogue vectors model catalog text kernels io base
FOLDERS := base io kernels catalog text dialogue vectors model train session

# The highest folders that each tool stands on.
TOP_tsv2bin    := catalog
TOP_bin2tsv    := catalog
TOP_embed      := vectors
TOP_similar    := session
TOP_synthconv  := session
TOP_tokenize   := text train
TOP_lora-train := train
TOP_chat       := session
TOP_evaluate   := session

TOOLS := $(subst _,-,$(notdir $(basename $(sort $(wildcard cmd/*.cc)))))
BINARIES := $(TOOLS:%=$(BUILD)/%)

NVCC ?= $(shell command -v nvcc 2>/dev/null || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
CUDA_ARCHS ?= 80 90
CUDA_SOURCES := $(if $(NVCC),$(sort $(wildcard kernels/*_cuda.cu kernels/*/*_cuda.cu)))
ifneq ($(CUDA_SOURCES),)
  CPPFLAGS += -DMATINEE_CUDA
  LDLIBS   += $(patsubst %/bin/nvcc,%/lib64/libcudart_static.a,$(realpath $(NVCC))) -lrt
endif

sources = $(sort $(if $(filter kernels,$(1)),$(wildcard kernels/*.cc kernels/*/*.cc),$(wildcard lib/$(1)/*.cc)))
objects = $(patsubst %.cc,$(BUILD)/%.o,$(call sources,$(1))) \
          $(if $(filter kernels,$(1)),$(CUDA_SOURCES:%.cu=$(BUILD)/%.o)) \
          $(if $(filter dialogue,$(1)),$(EMBEDDED))
closure = $(foreach folder,$(sort $(foreach top,$(1),$(CLOSURE_$(top)))),$(call objects,$(folder)))

# Text that the programs carry inside themselves (the phrasebook), so that they run from any folder.
EMBEDDED :=
-include lib/dialogue/embed.mk

.DEFAULT_GOAL := all
.PHONY: all
all: $(BINARIES)  ## build every tool into build/

$(BUILD)/%_avx512.o: ISA := -march=x86-64-v4
$(BUILD)/%_avx512bf16.o: ISA := -march=x86-64-v4 -mavx512bf16
$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(ISA) -MMD -MP -c -o $@ $<

$(BUILD)/%_cuda.o: %_cuda.cu
	@mkdir -p $(@D)
	$(NVCC) -std=c++20 -O3 -I. -DMATINEE_CUDA --Werror all-warnings -Xcompiler -Wall \
	  $(foreach arch,$(CUDA_ARCHS),-gencode arch=compute_$(arch),code=sm_$(arch)) \
	  -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS)) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

define tool_rule
$(BUILD)/$(1): $(BUILD)/cmd/$(subst -,_,$(1)).o $(call closure,$(TOP_$(1)))
	$$(CXX) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$^ $$(LDLIBS)
endef
$(foreach tool,$(TOOLS),$(eval $(call tool_rule,$(tool))))

# ---- Tests: one program per folder ---------------------------------------------------------------------------------
TESTED := $(foreach folder,$(FOLDERS),$(if $(wildcard tests/$(folder)/*_test.cc),$(folder)))
TEST_PROGRAMS := $(TESTED:%=$(BUILD)/tests/%_test)
SUPPORT := $(patsubst %.cc,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.cc)))
define test_rule
$(BUILD)/tests/$(1)_test: $(patsubst %.cc,$(BUILD)/%.o,$(sort $(wildcard tests/$(1)/*_test.cc))) $(SUPPORT) $(call closure,$(1))
	$$(CXX) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$^ $$(LDLIBS) -lgtest -lgtest_main
.PHONY: test-$(1)
test-$(1): $(BUILD)/tests/$(1)_test
	REAL_DATA=$(REAL_DATA) $$< --gtest_brief=1
endef
$(foreach folder,$(TESTED),$(eval $(call test_rule,$(folder))))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
