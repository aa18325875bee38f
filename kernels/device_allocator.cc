#include "kernels/device_allocator.h"

#include <cstring>
#include <new>

#include "lib/base/format_error.h"
#include "lib/base/large_pages.h"

namespace matinee {
namespace {

constexpr std::align_val_t kAlignment{64};
// From this size on, sequential reads gain from large pages.
constexpr std::size_t kLargePagesFrom = std::size_t{4} << 20;

class HostAllocator final : public DeviceAllocator {
 public:
  bool is_host() const override { return true; }
  void* allocate(std::size_t bytes) override {
    void* memory = ::operator new(bytes, kAlignment, std::nothrow);
    if (memory == nullptr) {
      throw resource_error("out of memory: {:.1f} MB are not available", static_cast<double>(bytes) / (1 << 20));
    }
    if (bytes >= kLargePagesFrom) prefer_large_pages(memory, bytes);
    return memory;
  }
  void release(void* memory) noexcept override { ::operator delete(memory, kAlignment); }
  void upload(void* to, const void* from, std::size_t bytes) override { copy_bytes(to, from, bytes); }
  void download(void* to, const void* from, std::size_t bytes) override { copy_bytes(to, from, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) override { copy_bytes(to, from, bytes); }
  void zero(void* to, std::size_t bytes) override {
    if (bytes > 0) std::memset(to, 0, bytes);
  }
  void synchronize() override {}

 private:
  static void copy_bytes(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
};

}  // namespace

std::shared_ptr<DeviceAllocator> DeviceAllocator::host_side() { return host_allocator(); }

std::unique_ptr<ActivationOffload> DeviceAllocator::offload(std::size_t, std::size_t) { return nullptr; }

std::unique_ptr<Graph> DeviceAllocator::capture(const std::function<void()>&) { return nullptr; }

std::shared_ptr<DeviceAllocator> host_allocator() {
  static const std::shared_ptr<DeviceAllocator> allocator = std::make_shared<HostAllocator>();
  return allocator;
}

}  // namespace matinee
