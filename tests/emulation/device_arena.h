#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace matinee::emulation {

/// The emulated device's memory: one stretch of addresses that may be touched only while an Access lives, so that host
/// code that follows a device's pointer dies on the spot.
class DeviceArena {
 public:
  static DeviceArena& instance();

  /// Aligned to 256, with `fill` full of NaN; null where there is no room.
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
