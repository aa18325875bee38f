// Asks the CUDA runtime, which is linked statically, whether a device answers. It opens the driver's library itself, so on
// a machine without one this is an error code and no failure to start.

#include <cuda_runtime_api.h>

namespace matinee {

int count_cuda_devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

}  // namespace matinee
