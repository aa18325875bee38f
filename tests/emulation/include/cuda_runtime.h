#pragma once

// Stands in the way of the CUDA Toolkit's header of this name where kernels/ is built for the emulation.
#include "tests/emulation/cuda_emulation.h"
