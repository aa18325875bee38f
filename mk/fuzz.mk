# Fuzz targets, tests/fuzz/NAME_fuzz.cc. `make test` runs the seeds and a fixed set of mutations with a driver of our
# own; `make fuzz` builds with clang's libFuzzer, runs each target for FUZZ_SECONDS, and its findings go to build/fuzz.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst tests/fuzz/%.cc,%,$(sort $(wildcard tests/fuzz/*_fuzz.cc)))
# The folder that a target uses, where it is not tokenizer.
FUZZ_TOP_csv_fuzz          := io
FUZZ_TOP_safetensors_fuzz  := io
FUZZ_TOP_gguf_fuzz         := io
FUZZ_TOP_torch_checkpoint_fuzz := io
FUZZ_TOP_co_likes_fuzz     := vectors
FUZZ_TOP_gzip_fuzz         := io
FUZZ_TOP_json_records_fuzz := io
FUZZ_TOP_table_fuzz        := table
FUZZ_TOP_tsv_fuzz          := table
FUZZ_TOP_model_config_fuzz := model
FUZZ_TOP_chat_template_fuzz := prompt
FUZZ_TOP_http_fuzz := http
FUZZ_TOP_chat_request_fuzz := io
# Files of a higher folder that a target needs, where it does without the rest of it.
FUZZ_FILES_http_fuzz := $(addprefix lib/serve/,answer_json.cc chat_request_json.cc chat_service.cc page_files.cc page.S)
FUZZ_FILES_chat_request_fuzz := lib/serve/chat_request_json.cc
fuzz_top = $(or $(FUZZ_TOP_$(1)),tokenizer)

SHORT_RUNS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/%)
$(foreach target,$(FUZZ_TARGETS),\
  $(call program,tests/fuzz/$(target),tests/fuzz/$(target).cc tests/fuzz/short_run.cc \
    $(FUZZ_FILES_$(target)),$(call fuzz_top,$(target))))

build-tests: $(SHORT_RUNS)

FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)
FUZZ_COMPILE = clang++ -I. $(DEFINES) $(CPPFLAGS) -std=c++20 -O1 -g1 -pthread $(ISA) -Wno-unknown-warning-option \
  -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_STAMP := $(call stamp,$(BUILD)/stamps/fuzz,$(FUZZ_COMPILE))
$(BUILD)/fuzz/%.o: %.cc $(FUZZ_STAMP)
	@mkdir -p $(@D)
	$(call say,fuzz,$<)
	$(Q)$(FUZZ_COMPILE) -MMD -MP -c -o $@ $<
$(BUILD)/fuzz/lib/base/tool.o: DEFINES += -DMATINEE_VERSION='"$(VERSION)"'
# Embedded texts are the same in all builds.
EMBEDDED := $(patsubst %.S,$(BUILD)/%.o,$(wildcard lib/*/*.S))
# This check would run before the sanitizers have started.
CPU_FLOOR := $(BUILD)/lib/base/cpu_floor.o
fuzz_objects = $(filter $(EMBEDDED),$(1)) \
  $(patsubst $(BUILD)/%,$(BUILD)/fuzz/%,$(filter-out $(EMBEDDED) $(CUDA_OBJECTS) $(CPU_FLOOR),$(1)))
fuzz_closure = $(call fuzz_objects,$(call closure,$(fuzz_top)) \
  $(patsubst %,$(BUILD)/%.o,$(basename $(FUZZ_FILES_$(1)))))
define fuzz_rule
$(BUILD)/fuzz/$(1): $(BUILD)/fuzz/tests/fuzz/$(1).o $(fuzz_closure)
	$$(call say,link,$$@)
	$$(Q)clang++ -pthread -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $$@ $$^ $$(LIBS)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_rule,$(target))))

.PHONY: test-fuzz fuzz fuzz-run
test-fuzz: $(SHORT_RUNS)  ## the short run of the fuzz targets
	BUILD=$(BUILD) sh tests/fuzz/short_run.sh
fuzz:  ## libFuzzer on the readers of tables, JSON lines, gzip, tokenizers, checkpoints, GGUF and configurations, ...
	@scripts/install-deps fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) $(FUZZERS)
	@$(MAKE) --no-print-directory fuzz-run
fuzz-run:
	@for target in $(FUZZERS); do \
	  echo "== $$target"; mkdir -p $$target-corpus; \
	  $$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=$$target- $$target-corpus tests/fuzz/seeds/$$(basename $$target _fuzz) || exit 1; \
	done
