#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace matinee::emulation {

/// The emulated device's memory: one range of addresses that is accessible only while an Access exists, so that host
/// code that dereferences a device pointer crashes.
class DeviceArena {
 public:
  static DeviceArena& instance();

  /// Aligned to 256 bytes and, with `fill`, filled with NaN; null if there is no room.
  void* allocate(std::size_t bytes, bool fill = true);
  void release(void* memory);
  bool contains(const void* address) const;
  std::size_t used() const { return used_; }
  std::size_t size() const { return kBytes; }

  class Access {
   public:
    Access();
    ~Access();
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;
  };

 private:
  static constexpr std::size_t kBytes = std::size_t{8} << 30;

  DeviceArena();
  void protect(int protection);

  std::byte* start_ = nullptr;
  std::size_t top_ = 0, used_ = 0;
  std::map<std::size_t, std::size_t> free_, taken_;  // offset to bytes
  std::mutex mutex_;
  int accesses_ = 0;
};

}  // namespace matinee::emulation
