# Which folder may use which: the folders of its row, and what those may use. The build, scripts/check-includes and the
# table in docs/hacking.md follow these rows: tests and tools link only the objects of the folders that they use, so an
# include that is not allowed fails in `make lint`, and usually at link time, too.
USES_base          :=
USES_io            := base
USES_kernels       := base
USES_text          := io
USES_vocabulary    := text
USES_tokenizer     := vocabulary
USES_prompt        := tokenizer
USES_constraint    := tokenizer
USES_table         := io
USES_catalog       := table
USES_dialogue      := catalog
USES_wording       := dialogue text
USES_understanding := wording
USES_simulation    := understanding
USES_vectors       := catalog kernels
USES_recommend     := dialogue vectors
USES_model         := kernels io
USES_train         := model
USES_cluster       := train
USES_chat          := recommend simulation model constraint prompt
USES_evaluation    := chat
USES_http          := io
USES_serve         := chat http

# The highest folders that each tool uses.
TOP_tsv2bin    := table
TOP_bin2tsv    := catalog
TOP_embed      := vectors
TOP_similar    := recommend
TOP_synthconv  := evaluation
TOP_tokenize   := prompt train
TOP_lora-train := cluster prompt
TOP_chat       := serve
TOP_evaluate   := evaluation
TOP_lora-merge := prompt train

FOLDERS := $(sort $(patsubst USES_%,%,$(filter USES_%,$(.VARIABLES))))

# $(call objects,FOLDER): the objects of one folder; $(call closure,FOLDERS): of the folders and all that they use.
REFERENCES := $(sort $(wildcard kernels/*/*_ref.cc kernels/*/*_cases.cc))
folder_path = $(if $(filter kernels,$(1)),kernels,lib/$(1))
sources = $(sort $(wildcard $(foreach suffix,cc S,$(folder_path)/*.$(suffix) $(if $(filter kernels,$(1)),\
            kernels/*/*.$(suffix)))))
# References and cases are for tests and benchmarks of kernels only.
objects = $(patsubst %,$(BUILD)/%.o,$(basename $(filter-out $(REFERENCES),$(sources)))) \
          $(if $(filter kernels,$(1)),$(LINKED_CUDA_OBJECTS))
folders_under = $(sort $(foreach top,$(1),$(top) $(call folders_under,$(USES_$(top)))))
closure = $(foreach folder,$(folders_under),$(call objects,$(folder)))
