#pragma once

#include <memory>
#include <string>

#include "kernels/context.h"
#include "lib/base/error.h"

namespace matinee {

/// Pools of 1, 2 and 7 threads.
inline ThreadPool& pool_of(int threads) {
  static ThreadPool one(1), two(2), seven(7);
  return threads == 1 ? one : threads == 2 ? two : seven;
}

/// The context of the first CUDA device, or the reason why there is none.
struct CudaDevice {
  std::string why_not;
  std::unique_ptr<Context> context;
};

inline CudaDevice& cuda() {
  static CudaDevice& device = *[] {
    auto* made = new CudaDevice;  // never destroyed: the CUDA runtime may end before static objects do
    try {
      made->context = std::make_unique<Context>(pool_of(1), Device{DeviceKind::kCuda, 0});
    } catch (const Error& error) {
      made->why_not = error.what();
    }
    return made;
  }();
  return device;
}

}  // namespace matinee
