// libFuzzer target: any bytes as an input of text give an Error or the same text, however much is asked for at a time.
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/io/text_reader.h"
#include "tests/fuzz/memory_file.h"

namespace {

constexpr std::size_t kMostText = std::size_t{64} << 20;  // gzip bombs end here

// All text, and the message of the failure after it. How much comes before damage depends on the pieces.
std::string read(const std::string& path, std::size_t piece, bool some) {
  std::string text;
  try {
    matinee::ByteSource source(path);
    std::vector<std::byte> buffer(piece);
    while (text.size() < kMostText) {
      const std::size_t got = some ? source.read_some(buffer) : source.read(buffer);
      if (got > piece || source.position() > source.size()) __builtin_trap();
      if (got == 0) return text;
      text.append(reinterpret_cast<const char*>(buffer.data()), got);
    }
    return "long";
  } catch (const matinee::Error& error) {
    if (error.code() == matinee::ErrorCode::kInternal) __builtin_trap();
    return error.code() == matinee::ErrorCode::kResource ? "damaged" : text + error.what();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const matinee::testing::MemoryFile file(data, size);
  const std::string whole = read(file.path(), 1 << 20, false);
  if (read(file.path(), 1000, false) != whole || read(file.path(), 333, true) != whole) __builtin_trap();
  return 0;
}
