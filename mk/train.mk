# From tables to an adapter.
#
#   make train                          the sample catalog and the mini base that come with the source
#   make train IMDB=folder BASE=folder  your own tables (.tsv or .tsv.gz) and any base of a known family: a Hugging
#                                       Face folder or a .gguf file
#   make train BASE=smollm2             a base that scripts/get-base fetches, 98 MB
#
# The options of each step are in a stamp, so a change of IMDB, BASE or any other of these remakes what depends on it.
IMDB          ?= testdata/sample
BASE          ?= testdata/mini
TRAIN         ?= $(BUILD)/train
SEED          ?= 1
SEQ_LEN       ?= 384
# Labelled turns of people, and in how many variations they are trained on.
TURNS         ?= testdata/turns
# The share of each kind of sample to keep: easy acts need fewer examples than hard or rare ones.
KEEP          ?= greet:0.1,ask:0.12,close:0.1,help:0.5,recommend:0.3,answer:0.5,$(strip \
                 )u.accept:0.3,u.ask:0.5,u.seen:0.6,u.why:0.5,u.leave:0.7

# Bases that scripts/get-base fetches, by name, each with its file.
KNOWN_BASES := smollm2
smollm2_FILE := SmolLM2-135M-Instruct.Q4_1.gguf
fetched = $(BUILD)/bases/$(1)/$($(1)_FILE)
BASE_PATH := $(if $(filter $(KNOWN_BASES),$(BASE)),$(call fetched,$(BASE)),$(BASE))
$(foreach base,$(KNOWN_BASES),$(call fetched,$(base))): $(BUILD)/bases/%: | scripts/get-base
	@scripts/install-deps python
	@BUILD=$(BUILD) scripts/get-base $(firstword $(subst /, ,$*))

# How much is trained, and how. A model that was pretrained on far more text needs fewer examples, and each costs more.
ifeq ($(BASE),smollm2)
  TEMPLATE      ?= chatml
  CONVERSATIONS ?= 400
  COPIES        ?= 1
  TRAIN_FLAGS   ?= --rank 16 --alpha 32 --learning-rate 0.002 --micro-batch-tokens 1152 --epochs 1
else
  TEMPLATE      ?= plain
  CONVERSATIONS ?= 3000
  COPIES        ?= 5
  TRAIN_FLAGS   ?= --rank 64 --alpha 128 --learning-rate 0.001 --micro-batch-tokens 2048 --max-steps 1500 \
                   --validate-every 250
endif
# Updates between two checkpoints; the updates since the last one are lost if the machine dies.
CHECKPOINT_EVERY ?= 100
EVALUATE_FLAGS ?= --self-play 60 --held-out 60 --training 30
# Labelled turns that are scored for the report.
SCORED_TURNS   ?= testdata/turns/work.jsonl

.PHONY: train train-chain evaluate chat
train:  ## the whole chain: tables, catalog, conversations, tokens, adapter, figures; then talk to build/chat
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@$(MAKE) --no-print-directory train-chain
	@echo "Trained. The report: $(TRAIN)/report.html"
	@echo "Talk to it: $(BUILD)/chat, or in a browser: $(BUILD)/chat --serve"

train-chain: $(TRAIN)/chat.json $(TRAIN)/figures.json

# $(call step,OUTPUT,TOOL,OPTIONS,INPUTS,ARGUMENTS): TRAIN/OUTPUT is made from INPUTS by the tool, and made again when
# its options or inputs change. ARGUMENTS are the inputs unless given; -: none. COMMANDS collects the command lines, in
# quotes, for the report.
COMMANDS :=
step = $(eval $(step_rule))
quoted = '$(subst ','\'',$(strip $(1)))'
step_command = $(BUILD)/$(2) $(3) -o $(TRAIN)/$(1) $(filter-out -,$(or $(5),$(4)))
define step_rule
$(TRAIN)/$(1): $(4) $(BUILD)/$(2) $(call stamp,$(TRAIN)/stamps/$(1),$(2) $(3) $(filter-out $(TRAIN)/%,$(4)))
	@mkdir -p $$(@D)
	$(step_command)
COMMANDS += $(call quoted,$(step_command))
endef

# Those that the folder has; only title.basics must be there.
TABLES := title.basics $(foreach table,title.ratings title.crew title.principals name.basics title.akas \
            title.certificates,$(if $(wildcard $(IMDB)/$(table).tsv $(IMDB)/$(table).tsv.gz),$(table)))
table_source = $(or $(firstword $(wildcard $(IMDB)/$(1).tsv.gz $(IMDB)/$(1).tsv)),$(IMDB)/$(1).tsv)
$(foreach table,$(TABLES),$(call step,$(table).bin,tsv2bin,--keep-going,$(call table_source,$(table))))
$(TABLES:%=$(IMDB)/%.tsv): $(IMDB)/%.tsv:
	@echo "make: IMDB=$(IMDB) has no $*.tsv or $*.tsv.gz" >&2; exit 1

# Each table by its option: TRAIN may hold more, of another IMDB.
table_option = --$(if $(filter name.%,$(1)),names,$(1:title.%=%)) $(TRAIN)/$(1).bin
$(call step,movies.bin,embed,--map --seed $(SEED) $(foreach table,$(TABLES),$(call table_option,$(table))),\
  $(TABLES:%=$(TRAIN)/%.bin),-)
# Each line once, but labelled turns as often as people said them. The validation part has wordings and movies of its
# own, and none of the lines that are trained on; few wordings are of this part, so it takes many conversations.
SYNTHESIS := --seed $(SEED) --keep $(KEEP) --distinct --stats
$(call step,train.jsonl,synthconv,-n $(CONVERSATIONS) --part train $(SYNTHESIS) \
  --turns $(TURNS)/train.jsonl --copies $(COPIES),$(TRAIN)/movies.bin)
$(call step,valid.jsonl,synthconv,-n 1000 --part valid $(SYNTHESIS) \
  --turns $(TURNS)/work.jsonl --copies 1 --exclude $(TRAIN)/train.jsonl,$(TRAIN)/movies.bin)
$(TRAIN)/train.jsonl: $(TURNS)/train.jsonl
$(TRAIN)/valid.jsonl: $(TURNS)/work.jsonl $(TRAIN)/train.jsonl

# The files of a base. A GGUF file is weights and tokenizer in one.
base_files = $(wildcard $(addprefix $(BASE_PATH)/,$(1)) $(BASE_PATH)/*.gguf) $(filter %.gguf,$(BASE_PATH))
TOKENIZER := $(firstword $(call base_files,tokenizer.json tokenizer.model vocab.json))
TOKENIZATION := --model $(BASE_PATH) --template $(TEMPLATE) --seq-len $(SEQ_LEN) --long skip --stats
$(foreach part,train valid,$(call step,$(part).tokens,tokenize,$(TOKENIZATION),$(TRAIN)/$(part).jsonl))
$(TRAIN)/train.tokens $(TRAIN)/valid.tokens: $(TOKENIZER)

# A training that was stopped resumes from its checkpoint. If its options, tokens or base are not those of the run in
# the folder, that folder is moved aside and a new run begins.
WEIGHTS := $(call base_files,config.json *.safetensors *.bin)
ADAPTER_OPTIONS := --base $(BASE_PATH) --seed $(SEED) $(TRAIN_FLAGS)
TRAINING_COMMAND = $(BUILD)/lora-train $(ADAPTER_OPTIONS) --valid $(TRAIN)/valid.tokens \
                     --metrics $(TRAIN)/metrics.jsonl --resume --checkpoint-every $(CHECKPOINT_EVERY) \
                     -o $(TRAIN)/adapter $(TRAIN)/train.tokens
ADAPTER_STAMP := $(call stamp,$(TRAIN)/stamps/adapter,$(ADAPTER_OPTIONS))
$(TRAIN)/adapter/adapter_model.safetensors: $(TRAIN)/train.tokens $(TRAIN)/valid.tokens $(WEIGHTS) $(ADAPTER_STAMP)
$(TRAIN)/adapter/adapter_model.safetensors: $(BUILD)/lora-train
	@{ cat $(ADAPTER_STAMP); stat -L -c '%n %s %Y' $(WEIGHTS); cat $(filter %.tokens,$^) | cksum; } \
	  > $(TRAIN)/stamps/run.new
	@if [ -e $(@D) ] && ! cmp -s $(TRAIN)/stamps/run.new $(TRAIN)/stamps/run; then \
	  rm -rf $(@D).old; mv $(@D) $(@D).old; \
	  echo "make: the inputs of $(@D) have changed; it is trained anew, and the old one is in $(@D).old"; fi
	@mv $(TRAIN)/stamps/run.new $(TRAIN)/stamps/run
	@echo "make: the training; it is expected to take"
	@$(BUILD)/lora-train $(ADAPTER_OPTIONS) --plan $(TRAIN)/train.tokens | sed -n 's/^time */  /p'
	$(TRAINING_COMMAND)
	@test -s $@ || { echo "The training was stopped; make train resumes it." >&2; exit 1; }

$(TRAIN)/chat.json: $(TRAIN)/adapter/adapter_model.safetensors
	@printf '{"base":"%s","adapter":"adapter","movies":"movies.bin"}\n' "$$(realpath $(BASE_PATH))" > $@

# The figures, and beside them report.html for a browser.
REPORT_FLAGS = --metrics $(TRAIN)/metrics.jsonl --commands $(TRAIN)/commands.txt $(addprefix --turns ,$(SCORED_TURNS))
FIGURES_STAMP := $(call stamp,$(TRAIN)/stamps/figures.json,$(EVALUATE_FLAGS))
$(TRAIN)/figures.json: $(TRAIN)/chat.json $(BUILD)/evaluate $(FIGURES_STAMP) $(SCORED_TURNS) | $(TRAIN)/commands.txt
	$(BUILD)/evaluate --setup $< --training-seed $(SEED) $(EVALUATE_FLAGS) --report $(TRAIN)/report.html \
	  $(REPORT_FLAGS) -o $@

$(TRAIN)/commands.txt: $(TRAIN)/adapter/adapter_model.safetensors
	@printf '%s\n' $(COMMANDS) $(call quoted,$(TRAINING_COMMAND)) > $@

evaluate: $(TRAIN)/chat.json $(BUILD)/evaluate $(TRAIN)/commands.txt  ## figures of the README: with and without adapter
	$(BUILD)/evaluate --setup $< --training-seed $(SEED) --held-out 100 --self-play 500 --training 50 --without-adapter \
	  --report $(TRAIN)/report-500.html $(REPORT_FLAGS) -o $(TRAIN)/figures-500.json

# The adapter that comes with the source: `make train` made it, and testdata/adapter/README.md has its hash.
READY := $(BUILD)/ready
$(READY)/movies.bin: $(BUILD)/embed $(wildcard testdata/sample/*.tsv)
	@mkdir -p $(@D)
	$(BUILD)/embed --map -o $@ testdata/sample
$(READY)/chat.json: $(READY)/movies.bin $(wildcard testdata/adapter/*)
	@printf '{"base":"%s","adapter":"%s","movies":"movies.bin"}\n' "$(realpath testdata/mini)" \
	  "$(realpath testdata/adapter)" > $@

chat:  ## talk at once, with the adapter that comes with the source
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/chat $(READY)/chat.json
	@$(BUILD)/chat --setup $(READY)/chat.json
