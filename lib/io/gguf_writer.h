#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/io/gguf.h"

namespace matinee {

/// Writes one GGUF file atomically: add all metadata and declare all tensors, write each tensor in the declared order
/// in one or more pieces of whole blocks, then commit. Only one piece is held in memory. Throws like OutputFile, and
/// Error(kInternal) if the order of the calls is broken.
class GgufWriter {
 public:
  /// Encodes on the threads of `pool`, which must outlive this, or on the caller's.
  explicit GgufWriter(const std::string& path, ThreadPool* pool = nullptr);

  /// Metadata is written in the order of these calls. Throws Error(kInternal) for a repeated key.
  void add(const std::string& key, GgufValue value);
  /// `shape` is row-major and not empty. Throws Error(kBadData) if a row is not a multiple of gguf_block(format).
  void declare(const std::string& name, GgufFormat format, std::vector<std::int64_t> shape);
  /// Encodes and writes the next numbers of the tensor `name`. Throws Error(kInternal) if it is not the tensor's turn,
  /// if the piece is not of whole blocks, or beyond the declared size.
  void write(const std::string& name, std::span<const float> values);
  /// Makes the file appear. Throws Error(kInternal) if a declared tensor was not written completely.
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
  void encode(GgufFormat format, std::span<const float> values);

  OutputFile file_;
  ThreadPool* pool_;
  std::vector<std::pair<std::string, GgufValue>> values_;
  std::vector<GgufTensor> tensors_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  // bytes written of the current tensor
  bool begun_ = false;
  std::vector<std::byte> piece_;
};

}  // namespace matinee
