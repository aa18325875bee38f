# Unit tests, one program for each folder, and the shell tests of the tools.
TESTED := $(foreach folder,$(FOLDERS),$(if $(wildcard tests/$(folder)/*_test.cc),$(folder)))
TEST_PROGRAMS := $(TESTED:%=$(BUILD)/tests/%_test)
TEST_LIBS := -lgtest -lgtest_main
# What a folder's tests link besides their own files. Those with the arena run on device memory that the host must not
# touch (tests/support/guarded_device.h).
SUPPORT := $(sort $(wildcard tests/support/*.cc))
ARENA := tests/emulation/device_arena.cc
SUPPORT_kernels := $(ARENA) $(REFERENCES)
SUPPORT_vectors := $(ARENA)
SUPPORT_model   := $(ARENA)
SUPPORT_train   := $(ARENA) tests/train/hf_trace.cc
test_sources = $(sort $(wildcard tests/$(1)/*_test.cc)) $(SUPPORT) $(SUPPORT_$(1))
# Readers of vocabularies are tested by what their tokenizers encode.
TEST_TOP_vocabulary := tokenizer
test_top = $(or $(TEST_TOP_$(1)),$(1))
$(foreach folder,$(TESTED),\
  $(call program,tests/$(folder)_test,$(call test_sources,$(folder)),$(call test_top,$(folder)),$(TEST_LIBS)))

.PHONY: $(TESTED:%=test-%)
$(TESTED:%=test-%): test-%: $(BUILD)/tests/%_test
	REAL_DATA=$(REAL_DATA) $< --gtest_brief=1

# Programs behind scripts and benchmarks.
$(call program,tests/bench_kernels,tests/kernels/bench_kernels.cc $(REFERENCES),kernels)
$(call program,tests/bench_cuda,tests/kernels/bench_cuda.cc,kernels)
$(call program,tests/bench_search,tests/kernels/bench_search.cc,kernels)
$(foreach name,memory_contract decode_speed batch_speed load_speed rounded_base gguf_model,\
  $(call program,tests/$(name),tests/model/$(name).cc,model))
$(foreach name,encode_texts bench_tokenize,$(call program,tests/$(name),tests/tokenizer/$(name).cc,tokenizer))
$(call program,tests/spell_templates,tests/prompt/spell_templates.cc,prompt)
$(call program,tests/gguf_codec,tests/io/gguf_codec.cc,io)
$(call program,tests/greedy_text,tests/chat/greedy_text.cc,chat)
$(call program,tests/constraint_speed,tests/chat/constraint_speed.cc $(SUPPORT),chat)
$(call program,tests/mention_figures,tests/catalog/mention_figures.cc tests/support/temporary_folder.cc,catalog)
$(call program,tests/memory_table,tests/train/memory_table.cc,train)
$(call program,tests/trace_model,tests/train/trace_model.cc tests/train/hf_trace.cc,train)

.PHONY: build-tests test
# Where nvcc is installed the kernels are compiled even if the programs do without them: spilled registers are an error.
build-tests: $(BINARIES) $(TEST_PROGRAMS) $(BUILD)/tests/memory_contract $(BUILD)/tests/spell_templates
build-tests: $(if $(NVCC),$(if $(filter 0,$(CUDA)),,$(CUDA_OBJECTS)))

# The numerical folders, again at each lower level of instructions that the processor has.
LEVEL_TESTS := $(foreach folder,kernels vectors model train,$(BUILD)/tests/$(folder)_test)
test:  ## install what is missing, build, run the unit tests and the shell tests of the tools
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) build-tests
	@REAL_DATA=$(REAL_DATA) BUILD=$(BUILD) tests/run $(TEST_PROGRAMS) tests/emulation/emulated.sh tests/fuzz/short_run.sh \
	  $(sort $(wildcard tests/chain/*.sh)) --lower-levels $(LEVEL_TESTS)

# ---- Long checks and benchmarks --------------------------------------------------------------------------------------
.PHONY: check-memory check-kill bench-constraint bench-kernels bench-decode bench-train bench-tokenize bench-data
.PHONY: bench-batch bench-search
.PHONY: compare-tokenizers compare-hf
check-memory: $(BUILD)/tests/memory_contract  ## load 12 GB of random weights to int8 and NF4 within the memory contract
	BUILD=$(BUILD) scripts/check-memory

.PHONY: check-page
check-page: $(BUILD)/chat $(BUILD)/embed $(BUILD)/tokenize  ## hold conversations with the web page in a real Chromium
	@scripts/install-deps page
	BUILD=$(abspath $(BUILD)) scripts/check-page

KILLS ?= 100
check-kill: $(BUILD)/lora-train $(BUILD)/tokenize  ## kill a training at 100 random moments, resume it, compare bytes
	BUILD=$(BUILD) scripts/check-kill --kills $(KILLS) --seed $(SEED)

bench-kernels: $(BUILD)/tests/bench_kernels  ## time every operation, oneDNN beside ours
	$<

# These compare with other software, which they install from PyPI into an environment of its own.
compare-hf: $(BUILD)/tests/trace_model  ## logits, gradients and training against transformers and PEFT
bench-constraint: $(BUILD)/tests/constraint_speed  ## microseconds per token of constrained decoding
	@REAL_DATA=$(REAL_DATA) BASE=$(BASE) $(BUILD)/tests/constraint_speed
bench-tokenize: $(BUILD)/tests/bench_tokenize  ## MB/s of our tokenizers beside the originals
compare-tokenizers: $(BUILD)/tests/encode_texts  ## token ids of our tokenizers against the originals, on many texts
bench-decode: $(BUILD)/lora-merge $(BUILD)/tests/decode_speed  ## tokens/s of decoding beside llama.cpp (6 GB of disk)
bench-batch: $(BUILD)/tests/batch_speed  ## tokens/s of sequences decoded together, beside one alone (BASE=, FORMAT=)
	@$(BUILD)/tests/batch_speed $(or $(BASE),testdata/mini) $(or $(FORMAT),int8) 0
bench-train: $(BUILD)/lora-train  ## tokens/s of training beside PEFT (3 GB of disk)
bench-decode bench-train: $(BUILD)/tests/memory_contract $(BUILD)/tests/bench_kernels
bench-search: $(BUILD)/tests/bench_search  ## queries/s of exact search beside FAISS
bench-data: $(BINARIES) deps-data  ## MB/s of the data tools beside polars, DuckDB, Arrow and igzip (3 GB in /dev/shm)
.PHONY: deps-data
deps-data:
	@scripts/install-deps data
compare-hf bench-tokenize compare-tokenizers bench-decode bench-train bench-data bench-search:
	@scripts/install-deps python
	BUILD=$(abspath $(BUILD)) REAL_DATA=$(REAL_DATA) scripts/$@
