# Matinee: everything is built, tested, trained and installed from here. `make help` lists the targets.

BUILD    ?= build
PREFIX   ?= /usr/local
CXX      ?= g++
PYTHON   ?= python3
REAL_DATA ?= ../shared/data
VERSION  := 0.1.0

OPT      ?= -O3
ISA      := -march=x86-64-v3
# Off: flow-based warnings that g++ 12 gives at -O3 for code inside fmt and libstdc++ that is right (gcc bugs 105651, 105329, 105762).
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-psabi -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-maybe-uninitialized -Werror
CPPFLAGS += -I. -DMATINEE_VERSION='"$(VERSION)"'
CXXFLAGS += -std=c++20 $(OPT) -g1 -pthread -ffp-contract=off $(WARN)
LDFLAGS  += -pthread
LDLIBS   += -lboost_program_options -lfmt -lsimdjson -lisal -lpcre2-8 -lutf8proc -lxxhash -ldnnl -lgomp -ledit -ldl
# A line for each file; make V=1 shows the commands.
Q := $(if $(V),,@)
say = @printf '  %-5s %s\n' $(1) $(2)
ifdef SAN
  override BUILD := $(BUILD)-san
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
CLOSURE_cluster  := cluster train model kernels io base
CLOSURE_recommend  := recommend dialogue vectors catalog text kernels io base
CLOSURE_chat       := chat recommend dialogue vectors model catalog text kernels io base
CLOSURE_evaluation := evaluation chat recommend dialogue vectors model catalog text kernels io base
FOLDERS := base io kernels catalog text dialogue vectors model train cluster recommend chat evaluation

# The highest folders that each tool stands on.
TOP_tsv2bin    := catalog
TOP_bin2tsv    := catalog
TOP_embed      := vectors
TOP_similar    := recommend
TOP_synthconv  := evaluation
TOP_tokenize   := text train
TOP_lora-train := cluster
TOP_chat       := chat
TOP_evaluate   := evaluation
TOP_lora-merge := text train

TOOLS := $(subst _,-,$(notdir $(basename $(sort $(wildcard cmd/*.cc)))))
BINARIES := $(TOOLS:%=$(BUILD)/%)

# Machine code for 8.x and 9.x (code for 8.0 runs on 8.6 and 8.9, too), PTX for what comes later. A kernel whose registers
# spill into memory is a warning, and warnings are errors.
NVCC ?= $(shell command -v nvcc 2>/dev/null || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
CUDA_ARCHS ?= 80 90
CUDA_SOURCES := $(if $(NVCC),$(sort $(wildcard kernels/*_cuda.cu kernels/*/*_cuda.cu)))
ifneq ($(CUDA_SOURCES),)
  CPPFLAGS += -DMATINEE_CUDA
  LDLIBS   += $(patsubst %/bin/nvcc,%/lib64/libcudart_static.a,$(realpath $(NVCC))) -lrt
endif

# Open MPI, where it is installed (libopenmpi-dev): lora-train over several processes. Only its own file and tool know it.
MPICXX ?= $(shell command -v mpicxx 2>/dev/null)
ifneq ($(MPICXX),)
  $(BUILD)/lib/cluster/%.o: CPPFLAGS += -DMATINEE_MPI -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX $(patsubst -I%,-isystem %,$(shell $(MPICXX) --showme:compile))
  $(BUILD)/lora-train: LDLIBS += $(filter-out -lmpi_cxx,$(shell $(MPICXX) --showme:link))
endif

sources = $(sort $(if $(filter kernels,$(1)),$(wildcard kernels/*.cc kernels/*/*.cc),$(wildcard lib/$(1)/*.cc)))
objects = $(patsubst %.cc,$(BUILD)/%.o,$(call sources,$(1))) \
          $(if $(filter kernels,$(1)),$(CUDA_SOURCES:%.cu=$(BUILD)/%.o)) \
          $(if $(filter dialogue,$(1)),$(EMBEDDED)) $(if $(filter catalog,$(1)),$(EMBEDDED_CATALOG))
closure = $(foreach folder,$(sort $(foreach top,$(1),$(CLOSURE_$(top)))),$(call objects,$(folder)))

# Text that the programs carry inside themselves (the phrasebook, word lists), so that they run from any folder.
EMBEDDED :=
-include lib/dialogue/embed.mk lib/catalog/embed.mk

.DEFAULT_GOAL := all
.PHONY: all
all: $(BINARIES)  ## build every tool into build/ (the default)

$(BUILD)/%_avx512.o: ISA := -march=x86-64-v4
$(BUILD)/%_avx512bf16.o: ISA := -march=x86-64-v4 -mavx512bf16
$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(call say,c++,$<)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(ISA) -MMD -MP -c -o $@ $<

$(BUILD)/%_cuda.o: %_cuda.cu
	@mkdir -p $(@D)
	$(call say,nvcc,$<)
	$(Q)$(NVCC) -std=c++20 -O3 -Xptxas --warn-on-spills -I. -DMATINEE_CUDA --expt-relaxed-constexpr --Werror all-warnings -Xcompiler -Wall \
	  $(foreach arch,$(CUDA_ARCHS),-gencode arch=compute_$(arch),code=sm_$(arch)) \
	  -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS)) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

define tool_rule
$(BUILD)/$(1): $(BUILD)/cmd/$(subst -,_,$(1)).o $(call closure,$(TOP_$(1)))
	$$(call say,link,$$@)
	$$(Q)$$(CXX) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$^ $$(LDLIBS)
endef
$(foreach tool,$(TOOLS),$(eval $(call tool_rule,$(tool))))

# ---- Tests: one program per folder ---------------------------------------------------------------------------------
TESTED := $(foreach folder,$(FOLDERS),$(if $(wildcard tests/$(folder)/*_test.cc),$(folder)))
TEST_PROGRAMS := $(TESTED:%=$(BUILD)/tests/%_test)
SUPPORT := $(patsubst %.cc,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.cc)))
define test_rule
$(BUILD)/tests/$(1)_test: $(patsubst %.cc,$(BUILD)/%.o,$(sort $(wildcard tests/$(1)/*_test.cc))) $(SUPPORT) $(call closure,$(1))
	$$(call say,link,$$@)
	$$(Q)$$(CXX) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$^ $$(LDLIBS) -lgtest -lgtest_main
.PHONY: test-$(1)
test-$(1): $(BUILD)/tests/$(1)_test
	REAL_DATA=$(REAL_DATA) $$< --gtest_brief=1
endef
$(foreach folder,$(TESTED),$(eval $(call test_rule,$(folder))))


$(BUILD)/tests/bench_kernels: $(BUILD)/tests/kernels/bench_kernels.o $(call closure,kernels)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

# Those that run on memory which the host may not touch (tests/support/guarded_device.h).
$(foreach folder,kernels vectors model train,$(BUILD)/tests/$(folder)_test): $(BUILD)/tests/emulation/device_arena.o

# For scripts/compare-merge.
$(BUILD)/tests/greedy_text: $(BUILD)/tests/chat/greedy_text.o $(call closure,chat)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

# For scripts/check-memory and scripts/make-random-model; for scripts/bench-decode.
$(BUILD)/tests/memory_contract $(BUILD)/tests/decode_speed $(BUILD)/tests/load_speed: $(BUILD)/tests/%: $(BUILD)/tests/model/%.o $(call closure,model)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

# For scripts/compare-base-formats.
$(BUILD)/tests/rounded_base: $(BUILD)/tests/model/rounded_base.o $(call closure,model)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

$(BUILD)/tests/memory_table: $(BUILD)/tests/train/memory_table.o $(call closure,train)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

.PHONY: check-memory
check-memory: $(BUILD)/tests/memory_contract  ## load 12 GB of random weights to int8 and NF4 within the memory contract
	BUILD=$(BUILD) scripts/check-memory

# kill -9 at so many random moments for each number of threads.
KILLS ?= 100
.PHONY: check-kill
check-kill: $(BUILD)/lora-train $(BUILD)/tokenize  ## kill a training at 100 random moments, with 1 and 2 threads, resume it, compare bytes
	BUILD=$(BUILD) scripts/check-kill --kills $(KILLS) --seed $(SEED)

# For scripts/compare-tokenizers and the benchmark of tokenizers.
$(BUILD)/tests/encode_texts $(BUILD)/tests/bench_tokenize: $(BUILD)/tests/%: $(BUILD)/tests/text/%.o $(call closure,text)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)

# For scripts/compare-hf.
HF_TRACE := $(BUILD)/tests/train/hf_trace.o
$(BUILD)/tests/trace_model: $(BUILD)/tests/train/trace_model.o $(HF_TRACE) $(call closure,train)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)
$(BUILD)/tests/train_test: $(HF_TRACE)

.PHONY: bench-tokenize compare-tokenizers compare-hf
compare-hf: $(BUILD)/tests/trace_model  ## logits, gradients and training against transformers and PEFT (PyPI, in an environment of its own)
	@scripts/install-deps python
	BUILD=$(abspath $(BUILD)) REAL_DATA=$(REAL_DATA) scripts/compare-hf
bench-tokenize: $(BUILD)/tests/bench_tokenize  ## MB/s of our tokenizers beside the originals (PyPI, in an environment of its own)
	@scripts/install-deps python
	BUILD=$(abspath $(BUILD)) REAL_DATA=$(REAL_DATA) scripts/bench-tokenize
compare-tokenizers: $(BUILD)/tests/encode_texts  ## ids of our tokenizers against the originals', on all kinds of texts
	@scripts/install-deps python
	BUILD=$(abspath $(BUILD)) REAL_DATA=$(REAL_DATA) scripts/compare-tokenizers

.PHONY: bench-decode
bench-decode: $(BUILD)/lora-merge $(BUILD)/tests/decode_speed $(BUILD)/tests/memory_contract $(BUILD)/tests/bench_kernels  ## tokens/s of decoding beside llama.cpp (PyPI, in an environment of its own; 6 GB of disk)
	@scripts/install-deps python
	BUILD=$(abspath $(BUILD)) scripts/bench-decode

.PHONY: bench-train
bench-train: $(BUILD)/lora-train $(BUILD)/tests/memory_contract $(BUILD)/tests/bench_kernels  ## tokens/s of training beside PEFT (PyPI, in an environment of its own; 3 GB of disk)
	@scripts/install-deps python
	BUILD=$(abspath $(BUILD)) scripts/bench-train

# ---- CUDA on the CPU -------------------------------------------------------------------------------------------------
# The same tests, linked with kernels/*_cuda.cu as g++ compiles them and with tests/emulation in place of the CUDA
# runtime: device memory that the host cannot touch, fibers for threads.
EMULATED_SOURCES := $(filter-out kernels/cuda/cublas_lt_cuda.cu,$(sort $(wildcard kernels/*/*_cuda.cu)))
EMULATED_OBJECTS := $(EMULATED_SOURCES:%.cu=$(BUILD)/emulated/%.o) $(patsubst %.cc,$(BUILD)/emulated/%.o,kernels/ops.cc kernels/device.cc $(filter-out %_test.cc %_nccl.cc,$(sort $(wildcard tests/emulation/*.cc))))
EMULATED_FLAGS = $(filter-out -DMATINEE_CUDA -Wshadow,$(CPPFLAGS) $(CXXFLAGS)) -O2 $(ISA) -Itests/emulation/include -DMATINEE_CUDA -DMATINEE_CUDA_EMULATION -DMATINEE_NCCL_LIBRARY='"libemulated_nccl.so"' -Wno-unknown-pragmas
$(BUILD)/emulated/%.o: %.cu
	@mkdir -p $(@D)
	$(call say,emul,$<)
	$(Q)$(CXX) $(EMULATED_FLAGS) -MMD -MP -x c++ -c -o $@ $<
$(BUILD)/emulated/%.o: %.cc
	@mkdir -p $(@D)
	$(call say,emul,$<)
	$(Q)$(CXX) $(EMULATED_FLAGS) -MMD -MP -c -o $@ $<
# Opened at run time, as NCCL is; it finds the emulated device in the program that opens it.
EMULATED_NCCL := $(BUILD)/emulated/libemulated_nccl.so
EMULATED_LDFLAGS := -rdynamic -Wl,-rpath,'$$ORIGIN:$$ORIGIN/..'
$(EMULATED_NCCL): tests/emulation/emulated_nccl.cc tests/emulation/cuda_emulation.h tests/emulation/device_arena.h tests/emulation/include/nccl.h
	@mkdir -p $(@D)
	$(call say,emul,$<)
	$(Q)$(CXX) $(EMULATED_FLAGS) -fPIC -shared -o $@ $<
emulated_closure = $(filter-out %_cuda.o $(BUILD)/kernels/ops.o $(BUILD)/kernels/device.o,$(call closure,$(1))) $(EMULATED_OBJECTS)
define emulated_rule
$(BUILD)/emulated/tests/$(1)_test: $(patsubst %.cc,$(BUILD)/%.o,$(sort $(wildcard tests/$(1)/*_test.cc))) $(SUPPORT) $(call emulated_closure,$(1)) | $(EMULATED_NCCL)
	@mkdir -p $$(@D)
	$$(call say,link,$$@)
	$$(Q)$$(CXX) $$(LDFLAGS) $$(EMULATED_LDFLAGS) -Wl,--as-needed -o $$@ $$(filter %.o,$$^) $$(LDLIBS) -lboost_context -lgtest -lgtest_main
.PHONY: test-emulated-$(1)
test-emulated-$(1): $(BUILD)/emulated/tests/$(1)_test
	REAL_DATA=$(REAL_DATA) $$< --gtest_brief=1
endef
$(foreach folder,kernels model train,$(eval $(call emulated_rule,$(folder))))
$(BUILD)/emulated/tests/kernels_test: $(BUILD)/emulated/tests/emulation/emulation_test.o
$(BUILD)/emulated/tests/train_test: $(HF_TRACE)

EMULATED_TESTS := $(foreach folder,kernels model train,$(BUILD)/emulated/tests/$(folder)_test)
.PHONY: test-emulated
test-emulated: $(EMULATED_TESTS) $(patsubst %,$(BUILD)/emulated/%,lora-train tests/bench_cuda tests/decode_speed tests/memory_contract)  ## the CUDA code's tests on the CPU, in three orders of threads, and scripts/gpu-bench on small shapes
	BUILD=$(BUILD) ORDERS="rising falling shuffled" sh tests/emulation/emulated.sh
	BUILD=$(BUILD)/emulated scripts/gpu-bench --small

# Everything that a GPU is asked, on the machine that has it.
GPU_PROGRAMS := $(filter $(BUILD)/lora-train $(BUILD)/chat $(BUILD)/evaluate $(BUILD)/embed $(BUILD)/similar $(BUILD)/synthconv $(BUILD)/tokenize $(BUILD)/tsv2bin,$(BINARIES)) \
  $(patsubst %,$(BUILD)/tests/%,kernels_test model_test train_test bench_cuda memory_contract decode_speed)
.PHONY: gpu-check gpu-bench portable
gpu-check:  ## build, then check every operation, training and chat on an NVIDIA GPU
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) $(GPU_PROGRAMS)
	@BUILD=$(BUILD) scripts/gpu-check
gpu-bench:  ## build, then measure operations, training and decoding on an NVIDIA GPU, beside PyTorch where it is installed
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) $(GPU_PROGRAMS)
	@BUILD=$(BUILD) scripts/gpu-bench
portable: $(GPU_PROGRAMS)  ## build/portable: what gpu-check and gpu-bench run, with its libraries, for a machine that lacks them
	BUILD=$(BUILD) scripts/make-portable $^

$(BUILD)/tests/bench_cuda: $(BUILD)/tests/kernels/bench_cuda.o $(call closure,kernels)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS)
$(BUILD)/emulated/tests/bench_cuda: $(BUILD)/tests/kernels/bench_cuda.o $(call emulated_closure,kernels)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS) -lboost_context

$(BUILD)/emulated/tests/decode_speed: $(BUILD)/tests/model/decode_speed.o $(call emulated_closure,model)
	$(call say,link,$@)
	$(Q)$(CXX) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS) -lboost_context

$(BUILD)/emulated/tests/memory_contract: $(BUILD)/tests/memory_contract
	$(Q)ln -sf ../../tests/memory_contract $@

# Tools over the emulated device, for tests of scripts/gpu-check and scripts/gpu-bench.
define emulated_tool_rule
$(BUILD)/emulated/$(1): $(BUILD)/cmd/$(subst -,_,$(1)).o $(call emulated_closure,$(TOP_$(1))) | $(EMULATED_NCCL)
	$$(call say,link,$$@)
	$$(Q)$$(CXX) $$(LDFLAGS) $$(EMULATED_LDFLAGS) -Wl,--as-needed -o $$@ $$^ $$(LDLIBS) -lboost_context
endef
$(foreach tool,lora-train chat embed similar,$(eval $(call emulated_tool_rule,$(tool))))
$(BUILD)/emulated/lora-train: LDLIBS += $(if $(MPICXX),$(filter-out -lmpi_cxx,$(shell $(MPICXX) --showme:link)))

.PHONY: bench-kernels
bench-kernels: $(BUILD)/tests/bench_kernels  ## time every operation, oneDNN beside ours
	$<

# Fuzz targets with a driver of their own, for the short run in `make test`.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.cc,%,$(sort $(wildcard tests/fuzz/*_fuzz.cc)))
SHORT_RUNS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/%)
# The folder that a target stands on, where it is not text.
FUZZ_TOP_safetensors_fuzz  := io
FUZZ_TOP_gguf_fuzz         := io
FUZZ_TOP_model_config_fuzz := model
fuzz_closure = $(call closure,$(or $(FUZZ_TOP_$(1)),text))
define short_run_rule
$(BUILD)/tests/fuzz/$(1): $(BUILD)/tests/fuzz/$(1).o $(BUILD)/tests/fuzz/short_run.o $(call fuzz_closure,$(1))
	$$(call say,link,$$@)
	$$(Q)$$(CXX) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$(filter %.o,$$^) $$(LDLIBS)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call short_run_rule,$(target))))
.PHONY: test-fuzz
test-fuzz: $(SHORT_RUNS)  ## the short run of the fuzz targets
	BUILD=$(BUILD) sh tests/fuzz/short_run.sh

.PHONY: deps build-tests test test-chain
deps:
	@scripts/install-deps build

build-tests: $(BINARIES) $(TEST_PROGRAMS) $(SHORT_RUNS) $(BUILD)/tests/memory_contract $(EMULATED_TESTS) $(BUILD)/emulated/lora-train

test:  ## install what is missing, build, run the unit tests and the shell tests of the chain
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) build-tests
	@REAL_DATA=$(REAL_DATA) BUILD=$(BUILD) tests/run $(TEST_PROGRAMS) tests/emulation/emulated.sh tests/fuzz/short_run.sh $(sort $(wildcard tests/chain/*.sh))

# A build without -j would use one processor of many.
PARALLEL = $(if $(findstring j,$(filter-out --%,$(MAKEFLAGS))),,-j$(shell nproc))

# ---- Fuzzing -------------------------------------------------------------------------------------------------------
# Needs clang's libFuzzer; every target for FUZZ_SECONDS, its findings in build/fuzz.
FUZZ_SECONDS ?= 60
FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)
FUZZ_FLAGS = -std=c++20 -O1 -g1 -pthread $(ISA) -Wno-unknown-warning-option -fno-sanitize-recover=undefined
$(BUILD)/fuzz/%.o: %.cc
	@mkdir -p $(@D)
	$(call say,fuzz,$<)
	$(Q)clang++ $(filter-out -DMATINEE_CUDA,$(CPPFLAGS)) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<
define fuzz_rule
$(BUILD)/fuzz/$(1): $(BUILD)/fuzz/tests/fuzz/$(1).o $(patsubst $(BUILD)/%,$(BUILD)/fuzz/%,$(filter-out %_cuda.o,$(call fuzz_closure,$(1))))
	$$(call say,link,$$@)
	$$(Q)clang++ -pthread -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $$@ $$^ $$(LDLIBS)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_rule,$(target))))
.PHONY: fuzz fuzz-run
fuzz:  ## libFuzzer on the readers of tokenizers, checkpoints, GGUF and configurations, and on encoding and decoding
	@scripts/install-deps fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) $(FUZZERS)
	@$(MAKE) --no-print-directory fuzz-run
fuzz-run:
	@for target in $(FUZZERS); do \
	  echo "== $$target"; mkdir -p $$target-corpus; \
	  $$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 -artifact_prefix=$$target- $$target-corpus \
	    tests/fuzz/seeds/$$(basename $$target _fuzz) || exit 1; \
	done

# ---- Training: tables to adapter -------------------------------------------------------------------------------------
# make train                          the sample catalog and the mini base that come with the source
# make train IMDB=folder BASE=folder  your own tables (.tsv or .tsv.gz) and any Hugging Face base of a known family
IMDB          ?= testdata/sample
BASE          ?= testdata/mini
TRAIN         ?= $(BUILD)/train
SEED          ?= 1
CONVERSATIONS ?= 10000
TEMPLATE      ?= plain
SEQ_LEN       ?= 384
# Easy acts need fewer examples than hard or rare ones.
KEEP          ?= greet:0.1,ask:0.12,close:0.1,help:0.5,recommend:0.3,answer:0.5,u.accept:0.3,u.ask:0.5,u.seen:0.6,u.why:0.5,u.leave:0.7
TRAIN_FLAGS   ?= --rank 64 --alpha 128 --learning-rate 0.001 --micro-batch-tokens 2048 --max-steps 4000 --validate-every 1000
# Updates between two checkpoints: what is lost at most when the machine dies.
CHECKPOINT_EVERY ?= 100
EVALUATE_FLAGS ?= --self-play 60 --held-out 60 --training 30

.PHONY: train train-chain evaluate
train:  ## the whole chain: tables, catalog, conversations, tokens, adapter, figures; then talk to build/chat
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@$(MAKE) --no-print-directory train-chain
	@echo "Trained. Talk to it: $(BUILD)/chat"

train-chain: $(TRAIN)/chat.json $(TRAIN)/figures.json

evaluate: $(TRAIN)/chat.json all  ## the figures of the README: 500 conversations of self-play, the base without adapter beside
	$(BUILD)/evaluate --setup $< --training-seed $(SEED) --self-play 500 --held-out 300 --training 100 --without-adapter \
	  -o $(TRAIN)/figures-500.json

TABLES := title.basics title.ratings title.crew title.principals name.basics
table_source = $(firstword $(wildcard $(IMDB)/$(1).tsv.gz $(IMDB)/$(1).tsv))

define table_rule
$(TRAIN)/$(1).bin: $(call table_source,$(1)) $(BUILD)/tsv2bin
	@mkdir -p $$(@D)
	$(BUILD)/tsv2bin -o $$@ $$(or $$(call table_source,$(1)),$$(error IMDB=$(IMDB) has no $(1).tsv or $(1).tsv.gz))
endef
$(foreach table,$(TABLES),$(eval $(call table_rule,$(table))))

$(TRAIN)/movies.bin: $(TABLES:%=$(TRAIN)/%.bin) $(BUILD)/embed
	$(BUILD)/embed --seed $(SEED) -o $@ $(TRAIN)

$(TRAIN)/train.jsonl: $(TRAIN)/movies.bin $(BUILD)/synthconv
	$(BUILD)/synthconv -n $(CONVERSATIONS) --seed $(SEED) --part train --keep $(KEEP) --stats -o $@ $<
$(TRAIN)/valid.jsonl: $(TRAIN)/movies.bin $(BUILD)/synthconv
	$(BUILD)/synthconv -n 60 --seed $(SEED) --part valid --keep $(KEEP) -o $@ $<

$(TRAIN)/%.tokens: $(TRAIN)/%.jsonl $(BUILD)/tokenize $(firstword $(wildcard $(addprefix $(BASE)/,tokenizer.json tokenizer.model vocab.json)))
	$(BUILD)/tokenize --model $(BASE) --template $(TEMPLATE) --seq-len $(SEQ_LEN) --long skip --stats -o $@ $<

# A run that was stopped goes on where it was: its checkpoint lies beside the adapter.
$(TRAIN)/adapter/adapter_model.safetensors: $(TRAIN)/train.tokens $(TRAIN)/valid.tokens $(BASE)/config.json $(BUILD)/lora-train
	$(BUILD)/lora-train --base $(BASE) --valid $(TRAIN)/valid.tokens --metrics $(TRAIN)/metrics.jsonl --resume \
	  --checkpoint-every $(CHECKPOINT_EVERY) --seed $(SEED) $(TRAIN_FLAGS) -o $(@D) $<
	@test -s $@ || { echo "The training was stopped; make train goes on with it." >&2; exit 1; }

$(TRAIN)/chat.json: $(TRAIN)/adapter/adapter_model.safetensors
	@printf '{"base":"%s","adapter":"adapter","movies":"movies.bin"}\n' "$(realpath $(BASE))" > $@

$(TRAIN)/figures.json: $(TRAIN)/chat.json $(BUILD)/evaluate
	$(BUILD)/evaluate --setup $< --training-seed $(SEED) $(EVALUATE_FLAGS) -o $@

# ---- Checks --------------------------------------------------------------------------------------------------------
FORMATTED := $(sort $(wildcard lib/*/*.h lib/*/*.cc kernels/*.h kernels/*.cc kernels/*/*.h kernels/*/*.cc kernels/*/*.cu kernels/*/*.inc cmd/*.cc tests/*/*.h tests/*/*.cc))
# References and cases are plain loops and tables; the tests read them harder than a linter would.
TIDIED := $(filter-out %_ref.cc %_cases.cc,$(sort $(wildcard lib/*/*.cc kernels/*.cc kernels/*/*.cc cmd/*.cc)))
.PHONY: lint lint-deps lint-run format isa-check
lint:  ## check formatting, clang-tidy, who includes whom, instruction sets
	@scripts/install-deps lint
	@$(MAKE) --no-print-directory $(PARALLEL) lint-run

lint-run: $(TIDIED:%.cc=$(BUILD)/lint/%.tidy) isa-check
	@clang-format --dry-run --Werror $(FORMATTED)
	@scripts/check-includes
	@scripts/check-length

$(BUILD)/lint/%.tidy: %.cc .clang-tidy
	@mkdir -p $(@D)
	$(call say,tidy,$<)
	$(Q)clang-tidy --quiet $< -- -std=c++20 $(CPPFLAGS) $(if $(findstring _avx512,$<),-march=x86-64-v4 -mavx512bf16,$(ISA)) 2>$(@:.tidy=.log) || \
	  { cat $(@:.tidy=.log) >&2; exit 1; }
	@touch $@

isa-check: $(patsubst %.cc,$(BUILD)/%.o,$(wildcard kernels/*/*_avx512*.cc))
	scripts/check-isa $(BUILD)

format:  ## rewrite the sources as clang-format wants them
	clang-format -i $(FORMATTED)

# ---- Installing ----------------------------------------------------------------------------------------------------
MANPAGES := $(TOOLS:%=$(BUILD)/man/%.1)
.PHONY: install man
$(BUILD)/man/%.1: $(BUILD)/%
	@mkdir -p $(@D)
	help2man --no-info --section=1 --version-string=$(VERSION) --name="$$($< --help | sed -n '1s/^[^:]*: //p')" -o $@ $<

man: $(MANPAGES)  ## man pages, from each tool's own --help

install: all  ## install tools, man pages and the mini base under PREFIX
	@scripts/install-deps install
	@$(MAKE) --no-print-directory man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/matinee/mini
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(MANPAGES) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(wildcard testdata/mini/*) $(DESTDIR)$(PREFIX)/share/matinee/mini

.PHONY: help clean
help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | sort | awk -F'\t' '{ printf "  make %-16s %s\n", $$1, $$2 }'

clean:  ## remove build/
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
