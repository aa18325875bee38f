#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/table/block_format.h"

namespace matinee {

/// Texts of some rows, as a block stores them: the rows, the ends of the texts, their bytes.
struct RowTexts {
  std::vector<std::uint32_t> rows, ends;
  std::vector<char> bytes;

  void clear() {
    rows.clear();
    ends.clear();
    bytes.clear();
  }
  std::size_t size() const { return rows.size(); }
  void add(std::uint32_t row, std::string_view text) {
    rows.push_back(row);
    bytes.insert(bytes.end(), text.begin(), text.end());
    ends.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
};

/// Bytes that grow section by section.
class ByteSections {
 public:
  void clear() { bytes_.clear(); }
  std::size_t size() const { return bytes_.size(); }
  std::byte* data() { return bytes_.data(); }
  std::vector<std::byte>& bytes() { return bytes_; }

  /// Begins a section of `size` bytes and returns its offset.
  std::uint32_t reserve(std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize((at + size + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment);
    return static_cast<std::uint32_t>(at);
  }
  template <class T>
  std::uint32_t append(std::span<const T> values) {
    const std::uint32_t at = reserve(values.size_bytes());
    if (!values.empty()) std::memcpy(data() + at, values.data(), values.size_bytes());
    return at;
  }
  /// A section of map(value) for each value, in `width` bytes each (0, 1, 2 or 4).
  template <class Map = std::identity>
  std::uint32_t append_narrow(std::span<const std::uint32_t> values, unsigned width, const Map& map = {}) {
    const std::uint32_t at = reserve(values.size() * width);
    const auto store = [&]<class T>(T) {
      T* to = reinterpret_cast<T*>(data() + at);
      for (std::size_t i = 0; i < values.size(); ++i) to[i] = static_cast<T>(map(values[i]));
    };
    if (width == 1) store(std::uint8_t{});
    if (width == 2) store(std::uint16_t{});
    if (width == 4) store(std::uint32_t{});
    return at;
  }
  std::uint32_t append(const RowTexts& texts) {
    const std::uint32_t at = append(std::span<const std::uint32_t>(texts.rows));
    append(std::span<const std::uint32_t>(texts.ends));
    append(std::span<const char>(texts.bytes));
    return at;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace matinee
