# Which folder may use which. CLOSURE_x lists all folders that the files of x may include, x itself first. The build,
# scripts/check-includes and the table in docs/hacking.md follow this table: tests and tools link only the objects of a
# closure, so an include that it does not allow fails in `make lint`, and usually at link time, too.
CLOSURE_base     := base
CLOSURE_io       := io base
CLOSURE_kernels  := kernels base
CLOSURE_catalog  := catalog io base
CLOSURE_text     := text io base
CLOSURE_vocabulary := vocabulary text io base
CLOSURE_tokenizer  := tokenizer vocabulary text io base
CLOSURE_prompt     := prompt tokenizer vocabulary text io base
CLOSURE_constraint := constraint tokenizer vocabulary text io base
CLOSURE_dialogue := dialogue catalog text io base
CLOSURE_vectors  := vectors catalog kernels io base
CLOSURE_model    := model kernels io base
CLOSURE_train    := train model kernels io base
CLOSURE_cluster  := cluster train model kernels io base
CLOSURE_recommend  := recommend dialogue vectors catalog text kernels io base
CLOSURE_chat       := chat recommend dialogue vectors model catalog constraint prompt tokenizer vocabulary text kernels io base
CLOSURE_evaluation := evaluation chat recommend dialogue vectors model catalog constraint prompt tokenizer vocabulary text kernels io base

# The highest folders that each tool uses.
TOP_tsv2bin    := catalog
TOP_bin2tsv    := catalog
TOP_embed      := vectors
TOP_similar    := recommend
TOP_synthconv  := evaluation
TOP_tokenize   := prompt train
TOP_lora-train := cluster
TOP_chat       := chat
TOP_evaluate   := evaluation
TOP_lora-merge := prompt train

FOLDERS := $(sort $(patsubst CLOSURE_%,%,$(filter CLOSURE_%,$(.VARIABLES))))

# $(call objects,FOLDER): the objects of one folder; $(call closure,FOLDERS): of the folders and all that they use.
REFERENCES := $(sort $(wildcard kernels/*/*_ref.cc kernels/*/*_cases.cc))
folder_path = $(if $(filter kernels,$(1)),kernels,lib/$(1))
sources = $(sort $(wildcard $(foreach suffix,cc S,$(folder_path)/*.$(suffix) $(if $(filter kernels,$(1)),\
            kernels/*/*.$(suffix)))))
# References and cases are for tests and benchmarks of kernels only.
objects = $(patsubst %,$(BUILD)/%.o,$(basename $(filter-out $(REFERENCES),$(sources)))) \
          $(if $(filter kernels,$(1)),$(LINKED_CUDA_OBJECTS))
folders_under = $(sort $(foreach top,$(1),$(CLOSURE_$(top))))
closure = $(foreach folder,$(folders_under),$(call objects,$(folder)))
