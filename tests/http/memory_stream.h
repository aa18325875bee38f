#pragma once

#include <string>
#include <vector>

#include "lib/http/byte_stream.h"

namespace matinee::testing {

/// A connection whose client sends the pieces of `input`, one for each read, and keeps what it receives in `output`.
struct MemoryStream : ByteStream {
  explicit MemoryStream(std::vector<std::string> pieces) : input(std::move(pieces)) {}

  void begin(Phase) override {}
  std::size_t read(char* to, std::size_t size) override {
    if (next == input.size()) return 0;
    const std::size_t taken = input[next].copy(to, size);
    input[next].erase(0, taken);
    if (input[next].empty()) ++next;
    return taken;
  }
  bool late() const override { return next == input.size() && late_at_end; }
  void begin_response() override {}
  bool write(std::string_view bytes) override {
    if (output.size() + bytes.size() > room) return false;
    output += bytes;
    return true;
  }
  bool gone() override { return left; }

  std::vector<std::string> input;
  std::size_t next = 0;
  bool late_at_end = false;  ///< the client falls silent after its last piece; else it has closed its side
  bool left = false;
  std::size_t room = 1 << 30;
  std::string output;
};

}  // namespace matinee::testing
