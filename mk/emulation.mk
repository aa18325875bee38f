# CUDA code on the CPU: the same tests and tools, linked with kernels/*_cuda.cu as g++ compiles them and with
# tests/emulation in the place of the CUDA runtime (device memory that the host cannot touch, a fiber for each thread).
# docs/hacking.md says what it finds.
EMULATED_SOURCES := $(filter-out kernels/cuda/cublas_lt_cuda.cu,$(CUDA_SOURCES)) kernels/ops.cc kernels/device.cc \
  $(filter-out %_test.cc %_nccl.cc,$(sort $(wildcard tests/emulation/*.cc)))
EMULATED_OBJECTS := $(patsubst %,$(BUILD)/emulated/%.o,$(basename $(EMULATED_SOURCES)))
EMULATE = $(filter-out -Wshadow,$(COMPILE)) -O2 -Wno-unknown-pragmas -Itests/emulation/include \
  -DMATINEE_CUDA -DMATINEE_CUDA_EMULATION -DMATINEE_NCCL_LIBRARY='"libemulated_nccl.so"'
EMULATE_STAMP := $(call stamp,$(BUILD)/stamps/emulate,$(EMULATE))
$(BUILD)/emulated/%.o: %.cu $(EMULATE_STAMP)
	@mkdir -p $(@D)
	$(call say,emul,$<)
	$(Q)$(EMULATE) -MMD -MP -x c++ -c -o $@ $<
$(BUILD)/emulated/%.o: %.cc $(EMULATE_STAMP)
	@mkdir -p $(@D)
	$(call say,emul,$<)
	$(Q)$(EMULATE) -MMD -MP -c -o $@ $<

# Opened at run time, as NCCL is; it finds the emulated device in the program that opens it.
EMULATED_NCCL := $(BUILD)/emulated/libemulated_nccl.so
EMULATION_HEADERS := $(wildcard tests/emulation/*.h tests/emulation/include/*.h)
$(EMULATED_NCCL): tests/emulation/emulated_nccl.cc $(EMULATION_HEADERS) $(EMULATE_STAMP)
	@mkdir -p $(@D)
	$(call say,emul,$<)
	$(Q)$(EMULATE) -fPIC -shared -o $@ $<

# $(call emulated_program,NAME,SOURCES,FOLDERS,LIBRARIES): build/emulated/NAME.
emulated_closure = $(filter-out $(CUDA_OBJECTS) $(CUDA_READERS),$(call closure,$(1))) $(EMULATED_OBJECTS)
emulated_program = $(eval $(call program_rule,emulated/$(1),$(2),$(call emulated_closure,$(3)),$(4) -lboost_context)) \
                   $(eval $(BUILD)/emulated/$(1): | $(EMULATED_NCCL))
$(BUILD)/emulated/%: LIBS += -rdynamic -Wl,-rpath,'$$ORIGIN:$$ORIGIN/..'

EMULATED_FOLDERS := kernels model train
EMULATED_TESTS := $(EMULATED_FOLDERS:%=$(BUILD)/emulated/tests/%_test)
# The arena is part of the emulation. The tests of the emulation itself run in the program of the kernels.
emulated_test_sources = $(filter-out $(ARENA),$(test_sources)) \
                        $(if $(filter kernels,$(1)),emulated/tests/emulation/emulation_test.cc)
$(foreach folder,$(EMULATED_FOLDERS),\
  $(call emulated_program,tests/$(folder)_test,$(call emulated_test_sources,$(folder)),$(folder),$(TEST_LIBS)))
$(foreach tool,lora-train chat embed similar,$(call emulated_program,$(tool),$(call main,$(tool)),$(TOP_$(tool))))
$(call emulated_program,tests/bench_cuda,tests/kernels/bench_cuda.cc,kernels)
$(call emulated_program,tests/decode_speed,tests/model/decode_speed.cc,model)
$(BUILD)/emulated/tests/memory_contract: $(BUILD)/tests/memory_contract
	$(Q)ln -sf ../../tests/memory_contract $@

build-tests: $(EMULATED_TESTS) $(BUILD)/emulated/lora-train
.PHONY: test-emulated $(EMULATED_FOLDERS:%=test-emulated-%)
$(EMULATED_FOLDERS:%=test-emulated-%): test-emulated-%: $(BUILD)/emulated/tests/%_test
	REAL_DATA=$(REAL_DATA) $< --gtest_brief=1

test-emulated:  ## tests of the CUDA code on the CPU, in three orders of threads, and scripts/gpu-bench on small shapes
test-emulated: $(EMULATED_TESTS)
test-emulated: $(patsubst %,$(BUILD)/emulated/%,lora-train tests/bench_cuda tests/decode_speed tests/memory_contract)
	BUILD=$(BUILD) ORDERS="rising falling shuffled" sh tests/emulation/emulated.sh
	BUILD=$(BUILD)/emulated scripts/gpu-bench --small
