# Objects and programs.

$(BUILD)/%_avx512.o: ISA := -march=x86-64-v4
$(BUILD)/%_avx512bf16.o: ISA := -march=x86-64-v4 -mavx512bf16
$(BUILD)/%_avx512vnni.o: ISA := -march=x86-64-v4 -mavx512vnni
# This one says where the processor lacks x86-64-v3.
$(BUILD)/lib/base/cpu_floor.o: ISA := -march=x86-64
$(BUILD)/lib/base/cpu_floor.o: SANITIZE :=
COMPILE_STAMP := $(call stamp,$(BUILD)/stamps/compile,$(COMPILE))
# ccache cannot share objects that were made with another folder's precompiled header. Files for wider instruction sets
# must not compile inline functions of the standard library.
PRECOMPILED := $(if $(findstring ccache,$(CXX)),,$(BUILD)/precompiled.h)
$(BUILD)/%.o: %.cc $(COMPILE_STAMP) $(PRECOMPILED:=.gch)
	@mkdir -p $(@D)
	$(call say,c++,$<)
	$(Q)$(COMPILE) $(PRECOMPILED:%=-include %) -MMD -MP -c -o $@ $<

$(BUILD)/%_avx512.o $(BUILD)/%_avx512bf16.o $(BUILD)/%_avx512vnni.o: PRECOMPILED :=
$(BUILD)/lib/base/cpu_floor.o: PRECOMPILED :=
$(BUILD)/precompiled.h: mk/precompiled.h
	@mkdir -p $(@D)
	@cp $< $@
# Its own flags, not those of the object that needs it first.
$(BUILD)/precompiled.h.gch: DEFINES :=
$(BUILD)/precompiled.h.gch: OPT := $(OPT)
$(BUILD)/precompiled.h.gch: ISA := $(ISA)
$(BUILD)/precompiled.h.gch: $(BUILD)/precompiled.h $(COMPILE_STAMP)
	$(call say,c++,$<)
	$(Q)$(COMPILE) -x c++-header -o $@ $<

ifndef SAN
# No loops that matter.
LIGHT_FOLDERS := chat cluster dialogue evaluation http recommend serve simulation train understanding wording
$(foreach folder,cmd $(LIGHT_FOLDERS:%=lib/%),$(BUILD)/$(folder)/%.o): OPT := -O2
$(BUILD)/%_cases.o: OPT := -O1
endif

# Only these read the version.
VERSION_READERS := $(BUILD)/lib/base/tool.o
$(VERSION_READERS): DEFINES += -DMATINEE_VERSION='"$(VERSION)"'
$(VERSION_READERS): $(call stamp,$(BUILD)/stamps/version,$(VERSION))

# The features that Debian's library is built with: they change the types of its header.
$(BUILD)/lib/http/http_session.o $(BUILD)/fuzz/lib/http/http_session.o: DEFINES += \
  $(foreach feature,OPENSSL ZLIB BROTLI,-DCPPHTTPLIB_$(feature)_SUPPORT)

# Texts that the programs carry inside them (phrases, word lists), so that they run from any folder.
$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(call say,embed,$<)
	$(Q)$(CXX) -DPHRASES='"$(@:.o=.txt)"' -DPACKED='"$(@:.o=.packed)"' -c -o $@ $<
$(BUILD)/lib/wording/phrases.o: $(BUILD)/lib/wording/phrases.txt
$(BUILD)/lib/wording/phrases.txt: $(sort $(wildcard lib/wording/phrases/*.txt))
	@mkdir -p $(@D)
	@cat $^ > $@
$(BUILD)/lib/base/completion_bash.o: lib/base/completion.bash
# For each file of the page a line with its name and sizes, its bytes, and its bytes compressed (page_files.cc).
$(BUILD)/lib/serve/page.o: $(BUILD)/lib/serve/page.packed
$(BUILD)/lib/serve/page.packed: $(sort $(wildcard lib/serve/page/*))
	@mkdir -p $(@D)
	@for file in $^; do \
	  gzip -9nc $$file > $@.gz; \
	  echo "$$(basename $$file) $$(wc -c < $$file) $$(wc -c < $@.gz)"; cat $$file $@.gz; \
	done > $@.new && rm -f $@.gz && mv $@.new $@
$(BUILD)/lib/catalog/words.o: $(sort $(wildcard lib/catalog/words/*.txt))
$(BUILD)/lib/understanding/words.o: $(sort $(wildcard lib/understanding/words/*.txt))
$(BUILD)/lib/vectors/co_likes_data.o: lib/vectors/co_likes.txt

# ---- CUDA ----------------------------------------------------------------------------------------------------------
# The programs contain the kernels where a GPU answers and nvcc is installed, and with CUDA=1; never with CUDA=0.
ifeq ($(origin NVCC),undefined)
  NVCC := $(firstword $(shell command -v nvcc 2>/dev/null || ls /usr/local/cuda/bin/nvcc 2>/dev/null))
endif
WITH_CUDA := $(or $(filter 0 1,$(CUDA)),$(if $(NVCC),$(if $(shell nvidia-smi -L 2>/dev/null | grep '^GPU'),1)),0)
ifeq ($(WITH_CUDA)$(NVCC),1)
  $(error CUDA=1 needs nvcc: install the CUDA Toolkit, or name its compiler with NVCC=)
endif

# Machine code for 8.x and 9.x (code for 8.0 runs on 8.6 and 8.9, too), PTX for later ones. Registers that spill into
# memory are a warning, and warnings are errors.
CUDA_ARCHS ?= 80 90
NVCC_FLAGS := -std=c++20 -O3 -I. -DMATINEE_CUDA --expt-relaxed-constexpr \
  -Xptxas --warn-on-spills --Werror all-warnings -Xcompiler -Wall \
  $(foreach arch,$(CUDA_ARCHS),-gencode arch=compute_$(arch),code=sm_$(arch)) \
  -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS))
CUDA_SOURCES := $(sort $(wildcard kernels/*/*_cuda.cu))
CUDA_OBJECTS := $(CUDA_SOURCES:%.cu=$(BUILD)/%.o)
ifneq ($(NVCC),)
  $(CUDA_OBJECTS): $(call stamp,$(BUILD)/stamps/nvcc,$(NVCC) $(NVCC_FLAGS))
endif
$(BUILD)/%_cuda.o: %_cuda.cu
	@mkdir -p $(@D)
	$(call say,nvcc,$<)
	$(Q)$(NVCC) $(NVCC_FLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

# Only these know whether the kernels are there.
CUDA_READERS := $(BUILD)/kernels/ops.o $(BUILD)/kernels/device.o
$(CUDA_READERS): $(call stamp,$(BUILD)/stamps/cuda,$(WITH_CUDA))
ifeq ($(WITH_CUDA),1)
  $(CUDA_READERS): DEFINES += -DMATINEE_CUDA
  LINKED_CUDA_OBJECTS := $(CUDA_OBJECTS)
  CUDA_LIBS := $(patsubst %/bin/nvcc,%/lib64/libcudart_static.a,$(realpath $(NVCC))) -lrt
endif

# ---- Programs ------------------------------------------------------------------------------------------------------
# $(call program,NAME,SOURCES,FOLDERS,LIBRARIES): build/NAME from its own sources and all objects that the folders use.
program = $(eval $(call program_rule,$(1),$(2),$(call closure,$(3)),$(4) $(cuda_libs)))
cuda_libs = $(if $(filter kernels,$(call folders_under,$(3))),$(CUDA_LIBS))
LINK_STAMP := $(call stamp,$(BUILD)/stamps/link,$(LINK) $(LIBS))
define program_rule
$(BUILD)/$(1): $(patsubst %,$(BUILD)/%.o,$(basename $(2))) $(3) $(LINK_STAMP)
	@mkdir -p $$(@D)
	$$(call say,link,$$@)
	$$(Q)$$(LINK) -o $$@ $$(filter %.o,$$^) $$(LIBS) $(4)
endef

TOOLS := $(subst _,-,$(notdir $(basename $(sort $(wildcard cmd/*.cc)))))
BINARIES := $(TOOLS:%=$(BUILD)/%)
main = cmd/$(subst -,_,$(1)).cc
$(foreach tool,$(TOOLS),$(call program,$(tool),$(call main,$(tool)),$(TOP_$(tool))))

# Open MPI, where it is installed (libopenmpi-dev): lora-train over several processes. Only lib/cluster knows of it.
ifeq ($(origin MPICXX),undefined)
  MPICXX := $(shell command -v mpicxx 2>/dev/null)
endif
ifneq ($(MPICXX),)
  MPI_DEFINES := -DMATINEE_MPI -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX \
    $(patsubst -I%,-isystem %,$(shell $(MPICXX) --showme:compile))
  MPI_LIBS := $(filter-out -lmpi_cxx,$(shell $(MPICXX) --showme:link))
  $(BUILD)/lib/cluster/%.o: DEFINES += $(MPI_DEFINES)
  $(BUILD)/lora-train $(BUILD)/emulated/lora-train: LIBS += $(MPI_LIBS)
endif
$(call objects,cluster): $(call stamp,$(BUILD)/stamps/mpi,$(MPICXX) $(MPI_DEFINES) $(MPI_LIBS))
