#include "kernels/device.h"

#include <charconv>

#include "kernels/cuda/cuda_device.h"
#include "kernels/ops.h"
#include "lib/base/cpu_features.h"
#include "lib/base/format_error.h"

namespace matinee {

namespace {

// Why no CUDA device can be used at `index`; empty where one can.
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

}  // namespace

Device resolve_device(std::string_view wish) {
  if (wish == "cpu") return Device{};
  if (wish == "auto") return why_no_cuda(0).empty() ? Device{DeviceKind::kCuda, 0} : Device{};
  int index = 0;
  if (wish != "cuda") {
    const std::string_view digits = wish.starts_with("cuda:") ? wish.substr(5) : std::string_view{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || index < 0) {
      throw usage_error("--device: expected auto, cpu, cuda or cuda:N, found \"{}\"", wish);
    }
  }
  const std::string reason = why_no_cuda(index);
  if (!reason.empty()) throw device_error("--device {}: {}; --device cpu runs everywhere", wish, reason);
  return Device{DeviceKind::kCuda, index};
}

std::shared_ptr<DeviceMemory> memory_of(Device device) {
  if (device.kind == DeviceKind::kCpu) return host_memory();
#ifdef MATINEE_CUDA
  return open_cuda_device(device.index);
#else
  throw device_error("{}: this program was built without CUDA", describe(device));
#endif
}

std::string describe(Device device) {
  if (device.kind == DeviceKind::kCuda) return fmt::format("cuda:{}", device.index);
  return fmt::format("cpu ({})", name_of(isa_level()));
}

}  // namespace matinee
