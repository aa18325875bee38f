#pragma once

// Replaces the CUDA Toolkit's header of this name when kernels/ is built for the emulation.
#include "tests/emulation/cuda_emulation.h"
