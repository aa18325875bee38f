#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/io/gguf.h"

namespace matinee {

/// Writes one GGUF file, atomically: add metadata and declare all tensors, then write each in the declared order, in
/// any number of pieces (whole blocks except for the last), then commit. Only one piece is held in memory.
class GgufWriter {
 public:
  explicit GgufWriter(const std::string& path);

  /// In the order in which they will stand. Throws Error(kInternal) for a key that is there.
  void add(const std::string& key, GgufValue value);
  /// `shape` is row-major. Throws Error(kBadData) where rows do not divide into the format's blocks.
  void declare(const std::string& name, GgufFormat format, std::vector<std::int64_t> shape);
  /// The next numbers of the tensor `name`.
  void write(const std::string& name, std::span<const float> values);
  /// Throws Error(kInternal) where a declared tensor was not written whole.
  void commit();
  std::uint64_t bytes_written() const { return file_.bytes_written(); }

 private:
  void begin();
  void put(const GgufValue& value);
  template <class T>
  void number(T value) {
    file_.write(std::as_bytes(std::span(&value, 1)));
  }
  void text(const std::string& text);
  void pad();

  OutputFile file_;
  std::vector<std::pair<std::string, GgufValue>> values_;
  std::vector<GgufTensor> tensors_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  // bytes of the current tensor
  bool begun_ = false;
  std::vector<std::byte> piece_;
};

}  // namespace matinee
