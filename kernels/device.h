#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace matinee {

class DeviceAllocator;

enum class DeviceKind : std::uint8_t { kCpu, kCuda };

/// Where the operations run.
struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;  ///< of the CUDA device; 0 on the CPU
};

/// Turns the value of `--device` (auto | cpu | cuda | cuda:N) into a device. `auto` takes a CUDA device only if one
/// answers and every operation has a CUDA version in this build, else the CPU, silently.
/// Of several CUDA devices `auto` and `cuda` take the one whose number is `turn`, counted round: so do processes that
/// share a machine, each with its own.
/// Throws Error(kUsage) for another word; Error(kDevice) if `cuda` is asked for and cannot be had, saying which of the
/// reasons it is: built without CUDA, no device answered, no such index, or an operation without a CUDA version.
Device resolve_device(std::string_view wish, int turn = 0);

/// A way to the device's memory; on a GPU also to the queue in which its operations run, one for each call.
/// Throws Error(kDevice) where it does not answer.
std::shared_ptr<DeviceAllocator> memory_of(Device device);

/// Names the chip among those of its machine, alike for every process; empty on the CPU. Throws Error(kDevice).
std::string place_of(Device device);

/// "cpu (avx512bf16)" or "cuda:0"; for `--version` and start messages.
std::string describe(Device device);

}  // namespace matinee
