#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace matinee {

class DeviceAllocator;

enum class DeviceKind : std::uint8_t { kCpu, kCuda };

/// Where operations run.
struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;  ///< of the CUDA device; 0 on the CPU
};

/// Parses the value of `--device`: auto, cpu, cuda or cuda:N. `auto` selects a CUDA device if one can be used and this
/// build has every operation for CUDA, else silently the CPU. If there are several CUDA devices, `auto` and `cuda`
/// select number turn modulo their count, so that each process of a machine can have its own.
/// Throws Error(kUsage) for another value; Error(kDevice) with the reason if the requested CUDA device cannot be used:
/// a build without CUDA, no device, no such index, or an operation without a CUDA version.
Device resolve_device(std::string_view value, int turn = 0);

/// Opens the device: its memory and, on a GPU, a new queue for its operations. On the CPU, host_allocator().
/// Throws Error(kDevice) if it does not answer.
std::shared_ptr<DeviceAllocator> open_allocator(Device device);

/// Identifies a GPU within its machine, equally in every process; empty on the CPU. Throws Error(kDevice).
std::string bus_id_of(Device device);

/// "cpu (avx512bf16)" or "cuda:0"; for `--version` and start messages.
std::string describe(Device device);

}  // namespace matinee
