# Checks and measurements on an NVIDIA GPU.
GPU_PROGRAMS := $(patsubst %,$(BUILD)/%,lora-train chat evaluate embed similar synthconv tokenize tsv2bin) \
  $(patsubst %,$(BUILD)/tests/%,kernels_test model_test train_test bench_cuda memory_contract decode_speed)
.PHONY: gpu-check gpu-bench portable gpu-programs
gpu-programs: $(GPU_PROGRAMS)
build_with_cuda = $(MAKE) --no-print-directory $(PARALLEL) CUDA=1

gpu-check:  ## build, then check every operation, training and chat on an NVIDIA GPU
	@$(MAKE) --no-print-directory deps
	@$(build_with_cuda) gpu-programs
	@BUILD=$(BUILD) scripts/gpu-check
gpu-bench:  ## build, then measure operations, training and decoding on an NVIDIA GPU, beside PyTorch if installed
	@$(MAKE) --no-print-directory deps
	@$(build_with_cuda) gpu-programs
	@BUILD=$(BUILD) scripts/gpu-bench
portable:  ## build/portable: what gpu-check and gpu-bench run, with its libraries, for a machine that lacks them
	@$(build_with_cuda) gpu-programs
	BUILD=$(BUILD) scripts/make-portable $(GPU_PROGRAMS)
