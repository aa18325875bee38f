#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/device_memory.h"

namespace matinee {

/// An array in a device's memory, which it keeps alive. Starts as zeros, where nothing else is asked for. data() goes
/// into an operation's arguments; the host may follow it only where DeviceMemory::is_host() says so.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(std::shared_ptr<DeviceMemory> memory, std::size_t size) : memory_(std::move(memory)), size_(size) {
    if (size_ == 0) return;
    data_ = static_cast<T*>(memory_->allocate(size_ * sizeof(T)));
    memory_->zero(data_, size_ * sizeof(T));
  }
  /// Contents undefined: for what is overwritten whole before anything reads it.
  static DeviceBuffer unset(std::shared_ptr<DeviceMemory> memory, std::size_t size) {
    DeviceBuffer buffer;
    buffer.memory_ = std::move(memory);
    buffer.size_ = size;
    if (size > 0) buffer.data_ = static_cast<T*>(buffer.memory_->allocate(size * sizeof(T)));
    return buffer;
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
  /// Null where it was made without one.
  const std::shared_ptr<DeviceMemory>& memory() const { return memory_; }

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
  /// `from` has the same size and lies in the same memory.
  void copy_from(const DeviceBuffer& from) {
    if (size_ > 0) memory_->copy(data_, from.data_, size_ * sizeof(T));
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

/// Elements that go between host and device at a time where an array does not pass as a whole.
inline constexpr std::size_t kDevicePiece = std::size_t{1} << 18;

/// visit(first, values) for all values in order: on the host at once as they lie there, elsewhere in pieces that are
/// downloaded. At least once, so that an empty array is seen too.
template <class T, class Visit>
void visit_values(const DeviceBuffer<T>& buffer, const Visit& visit) {
  if (buffer.empty() || buffer.memory()->is_host()) return visit(0, std::span<const T>(buffer.data(), buffer.size()));
  std::vector<T> piece(std::min(kDevicePiece, buffer.size()));
  for (std::size_t first = 0; first < buffer.size(); first += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), buffer.size() - first));
    buffer.download(some, first);
    visit(first, std::span<const T>(some));
  }
}

/// Every element becomes what next() gives, in order.
template <class T, class Next>
void fill_values(DeviceBuffer<T>& buffer, Next next) {
  std::vector<T> piece(std::min(kDevicePiece, buffer.size()));
  for (std::size_t first = 0; first < buffer.size(); first += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), buffer.size() - first));
    for (T& value : some) value = next();
    buffer.upload(std::span<const T>(some), first);
  }
}

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
