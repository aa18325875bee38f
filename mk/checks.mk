# Checks of the sources.
FORMATTED := $(sort $(wildcard $(foreach folder,lib/* kernels kernels/* cmd tests/*, \
  $(folder)/*.h $(folder)/*.cc $(folder)/*.cu $(folder)/*.inc)))
# References and cases are plain loops and tables, which the tests check better than a linter.
TIDIED := $(filter-out %_ref.cc %_cases.cc,$(sort $(wildcard lib/*/*.cc kernels/*.cc kernels/*/*.cc cmd/*.cc)))
.PHONY: lint lint-run format isa-check
lint:  ## check formatting, clang-tidy, who includes whom, sizes, spelling, instruction sets
	@scripts/install-deps lint
	@$(MAKE) --no-print-directory $(PARALLEL) lint-run

lint-run: $(TIDIED:%.cc=$(BUILD)/lint/%.tidy) isa-check
	@clang-format --dry-run --Werror $(FORMATTED)
	@scripts/check-includes
	@scripts/check-length
	@scripts/check-words

$(BUILD)/lint/%.tidy: %.cc .clang-tidy
	@mkdir -p $(@D)
	$(call say,tidy,$<)
	$(Q)clang-tidy --quiet $< -- -std=c++20 -I. $(CPPFLAGS) -DMATINEE_VERSION='"$(VERSION)"' $(if $(NVCC),-DMATINEE_CUDA) \
	  $(if $(findstring _avx512,$<),-march=x86-64-v4 -mavx512bf16 -mavx512vnni,$(ISA)) 2>$(@:.tidy=.log) || \
	  { cat $(@:.tidy=.log) >&2; exit 1; }
	@touch $@

isa-check: $(patsubst %.cc,$(BUILD)/%.o,$(wildcard kernels/*/*_avx512*.cc))
	scripts/check-isa $(BUILD)

format:  ## format the sources with clang-format
	clang-format -i $(FORMATTED)
