#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/device_allocator.h"

namespace matinee {

/// Contiguous elements in a device's memory, not owned. data() is for an operation's arguments; the host may
/// dereference it only if DeviceAllocator::is_host().
template <class T>
class DeviceSpan {
 public:
  DeviceSpan() = default;
  DeviceSpan(std::shared_ptr<DeviceAllocator> allocator, T* data, std::size_t size)
      : allocator_(std::move(allocator)), data_(data), size_(size) {}

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Null if default-constructed.
  const std::shared_ptr<DeviceAllocator>& allocator() const { return allocator_; }
  /// Elements [first, first + count).
  DeviceSpan part(std::size_t first, std::size_t count) { return {allocator_, data_ + first, count}; }

  /// Overwrites elements from `first` on; must not pass the end.
  void upload(std::span<const T> values, std::size_t first = 0) {
    allocator_->upload(data_ + first, values.data(), values.size_bytes());
  }
  void download(std::span<T> to, std::size_t first = 0) const {
    allocator_->download(to.data(), data_ + first, to.size_bytes());
  }
  std::vector<T> values() const {
    std::vector<T> result(size_);
    if (size_ > 0) download(result);
    return result;
  }
  /// `from` must have the same size and the same allocator.
  void copy_from(const DeviceSpan& from) {
    if (size_ > 0) allocator_->copy(data_, from.data_, size_ * sizeof(T));
  }
  void zero() {
    if (size_ > 0) allocator_->zero(data_, size_ * sizeof(T));
  }

 protected:
  void swap(DeviceSpan& other) noexcept {
    std::swap(allocator_, other.allocator_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  std::shared_ptr<DeviceAllocator> allocator_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Owns an array in a device's memory, initially zeros.
template <class T>
class DeviceBuffer : public DeviceSpan<T> {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(std::shared_ptr<DeviceAllocator> allocator, std::size_t size)
      : DeviceBuffer(std::move(allocator), size, Unfilled{}) {
    this->zero();
  }
  /// Contents undefined, for arrays that are overwritten before they are read.
  static DeviceBuffer unset(std::shared_ptr<DeviceAllocator> allocator, std::size_t size) {
    return DeviceBuffer(std::move(allocator), size, Unfilled{});
  }
  DeviceBuffer(std::shared_ptr<DeviceAllocator> allocator, std::span<const T> values)
      : DeviceBuffer(std::move(allocator), values.size(), Unfilled{}) {
    if (!values.empty()) this->upload(values);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept { this->swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer(std::move(other)).swap(*this);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() {
    if (this->data_ != nullptr) this->allocator_->release(this->data_);
  }

 private:
  struct Unfilled {};
  DeviceBuffer(std::shared_ptr<DeviceAllocator> allocator, std::size_t size, Unfilled)
      : DeviceSpan<T>(std::move(allocator), nullptr, size) {
    if (size > 0) this->data_ = static_cast<T*>(this->allocator_->allocate(size * sizeof(T)));
  }
};

/// Elements per transfer when an array is processed in pieces.
inline constexpr std::size_t kDevicePiece = std::size_t{1} << 18;

/// Calls visit(first, values) for all values in order: on the host in one call, without a copy, elsewhere in downloaded
/// pieces. An empty array gets one call.
template <class T, class Visit>
void visit_values(const DeviceSpan<T>& buffer, const Visit& visit) {
  if (buffer.empty() || buffer.allocator()->is_host())
    return visit(0, std::span<const T>(buffer.data(), buffer.size()));
  std::vector<T> piece(std::min(kDevicePiece, buffer.size()));
  for (std::size_t first = 0; first < buffer.size(); first += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), buffer.size() - first));
    buffer.download(some, first);
    visit(first, std::span<const T>(some));
  }
}

/// Sets every element to next(), in order.
template <class T, class Next>
void fill_values(DeviceSpan<T>& buffer, Next next) {
  std::vector<T> piece(std::min(kDevicePiece, buffer.size()));
  for (std::size_t first = 0; first < buffer.size(); first += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), buffer.size() - first));
    for (T& value : some) value = next();
    buffer.upload(std::span<const T>(some), first);
  }
}

/// Host values as a device's operations can read them: on the host the values themselves, which must outlive this,
/// elsewhere a copy.
template <class T>
class DeviceView {
 public:
  DeviceView() = default;
  DeviceView(const std::shared_ptr<DeviceAllocator>& allocator, std::span<const T> values) : data_(values.data()) {
    if (allocator->is_host()) return;
    copy_ = DeviceBuffer<T>(allocator, values);
    data_ = copy_.data();
  }

  const T* data() const { return data_; }

 private:
  const T* data_ = nullptr;
  DeviceBuffer<T> copy_;
};

}  // namespace matinee
