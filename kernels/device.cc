#include "kernels/device.h"

#include <charconv>

#include "kernels/all_reduce.h"
#include "kernels/cuda/cuda_device.h"
#include "kernels/ops.h"
#include "lib/base/cpu_features.h"
#include "lib/base/format_error.h"

namespace matinee {

namespace {

// Why CUDA device `index` cannot be used; empty if it can.
std::string why_no_cuda(int index) {
#ifdef MATINEE_CUDA
  if (std::string reason = why_no_cuda_device(index); !reason.empty()) return reason;
  if (const char* name = first_missing(ops_of(DeviceKind::kCuda))) {
    return fmt::format("this build has no CUDA version of {}", name);
  }
  return {};
#else
  static_cast<void>(index);
  return "this program was built without CUDA";
#endif
}

// The index `turn` modulo the number of devices; 0 if there is none.
int cuda_device_of_turn(int turn) {
#ifdef MATINEE_CUDA
  const int count = count_cuda_devices();
  return count > 0 ? turn % count : 0;
#else
  static_cast<void>(turn);
  return 0;
#endif
}

}  // namespace

Device resolve_device(std::string_view value, int turn) {
  if (value == "cpu") return Device{};
  int index = cuda_device_of_turn(turn);
  if (value == "auto") return why_no_cuda(index).empty() ? Device{DeviceKind::kCuda, index} : Device{};
  if (value != "cuda") {
    const std::string_view digits = value.starts_with("cuda:") ? value.substr(5) : std::string_view{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || index < 0) {
      throw usage_error("--device: expected auto, cpu, cuda or cuda:N, found \"{}\"", value);
    }
  }
  const std::string reason = why_no_cuda(index);
  if (!reason.empty()) throw device_error("--device {}: {}; --device cpu runs everywhere", value, reason);
  return Device{DeviceKind::kCuda, index};
}

std::shared_ptr<DeviceAllocator> open_allocator(Device device) {
  if (device.kind == DeviceKind::kCpu) return host_allocator();
#ifdef MATINEE_CUDA
  return open_cuda_device(device.index);
#else
  throw device_error("{}: this program was built without CUDA", describe(device));
#endif
}

std::string bus_id_of(Device device) {
  if (device.kind == DeviceKind::kCpu) return {};
#ifdef MATINEE_CUDA
  return bus_id_of_cuda_device(device.index);
#else
  throw device_error("{}: this program was built without CUDA", describe(device));
#endif
}

std::string why_no_all_reduce(Device device) {
  if (device.kind == DeviceKind::kCpu) return "the CPU has none";
#ifdef MATINEE_CUDA
  return why_no_nccl();
#else
  return "this program was built without CUDA";
#endif
}

AllReduceId make_all_reduce_id() {
#ifdef MATINEE_CUDA
  return make_nccl_id();
#else
  throw device_error("this program was built without CUDA");
#endif
}

std::unique_ptr<AllReduce> open_all_reduce(DeviceAllocator& allocator, const AllReduceId& id, int rank, int size) {
#ifdef MATINEE_CUDA
  return open_nccl_all_reduce(allocator, id, rank, size);
#else
  static_cast<void>(allocator);
  static_cast<void>(id);
  throw device_error("rank {} of {}: this program was built without CUDA", rank, size);
#endif
}

std::string describe(Device device) {
  if (device.kind == DeviceKind::kCuda) return fmt::format("cuda:{}", device.index);
  return fmt::format("cpu ({})", name_of(isa_level()));
}

}  // namespace matinee
