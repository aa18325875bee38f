#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/device_memory.h"

namespace matinee {

/// An array in a device's memory, which it keeps alive. Starts as zeros. data() goes into an operation's arguments; the
/// host may follow it only where DeviceMemory::is_host() says so.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(std::shared_ptr<DeviceMemory> memory, std::size_t size) : memory_(std::move(memory)), size_(size) {
    if (size_ == 0) return;
    data_ = static_cast<T*>(memory_->allocate(size_ * sizeof(T)));
    memory_->zero(data_, size_ * sizeof(T));
  }
  DeviceBuffer(std::shared_ptr<DeviceMemory> memory, std::span<const T> values) : memory_(std::move(memory)) {
    size_ = values.size();
    if (size_ == 0) return;
    data_ = static_cast<T*>(memory_->allocate(size_ * sizeof(T)));
    upload(values);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer(std::move(other)).swap(*this);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() {
    if (data_ != nullptr) memory_->release(data_);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Elements from `first` on; no further than the end.
  void upload(std::span<const T> values, std::size_t first = 0) {
    memory_->upload(data_ + first, values.data(), values.size_bytes());
  }
  void download(std::span<T> to, std::size_t first = 0) const {
    memory_->download(to.data(), data_ + first, to.size_bytes());
  }
  std::vector<T> values() const {
    std::vector<T> result(size_);
    if (size_ > 0) download(result);
    return result;
  }
  void zero() {
    if (size_ > 0) memory_->zero(data_, size_ * sizeof(T));
  }

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  std::shared_ptr<DeviceMemory> memory_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Values of the host where a device's operations can read them: on the host the values themselves, which must outlive
/// this, elsewhere a copy of them.
template <class T>
class DeviceView {
 public:
  DeviceView() = default;
  DeviceView(const std::shared_ptr<DeviceMemory>& memory, std::span<const T> values) : data_(values.data()) {
    if (memory->is_host()) return;
    copy_ = DeviceBuffer<T>(memory, values);
    data_ = copy_.data();
  }

  const T* data() const { return data_; }

 private:
  const T* data_ = nullptr;
  DeviceBuffer<T> copy_;
};

}  // namespace matinee
