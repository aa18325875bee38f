// A short run of a fuzz target without clang: calls LLVMFuzzerTestOneInput, with which it is linked, with each seed and
// then with mutations of it, the same ones every time.
//
//     TARGET ITERATIONS SEED...
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using matinee::Random;

// Byte sequences that have a meaning in the formats.
const std::vector<std::string> kWords{"\"",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      ":",
                                      ",",
                                      "null",
                                      "true",
                                      "-1",
                                      "0",
                                      "1e9",
                                      "4000000",
                                      "\\u",
                                      "\xE2\x96\x81",
                                      "\xC3",
                                      "\xFF",
                                      "\n",
                                      "\r\n",
                                      " ",
                                      "'s",
                                      "<0x",
                                      "<s>",
                                      std::string(1, '\0'),
                                      "\x0A\x7F",
                                      "\x80\x80\x80\x80\x01"};

std::string mutated(std::string bytes, const std::vector<std::string>& seeds, Random& random) {
  constexpr std::size_t kLongest = 1 << 14;
  for (std::uint64_t changes = 1 + random.below(5); changes > 0; --changes) {
    const std::size_t at = random.below(bytes.size() + 1);
    const std::size_t size = random.below(std::min<std::size_t>(bytes.size() - at, 40) + 1);
    switch (random.below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
        break;
      case 1: bytes.insert(at, random.pick(kWords)); break;
      case 2: bytes.erase(at, size); break;
      case 3: bytes.insert(random.below(bytes.size() + 1), bytes.substr(at, size)); break;
      case 4: {
        const std::string& other = random.pick(seeds);
        bytes.replace(at, size, other.substr(random.below(other.size() + 1), random.below(80)));
        break;
      }
      default:
        if (random.chance(0.1)) bytes.resize(at);
    }
  }
  if (bytes.size() > kLongest) bytes.resize(kLongest);
  return bytes;
}

void give(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: TARGET ITERATIONS SEED...\n");
    return 2;
  }
  try {
    std::vector<std::string> seeds;
    for (int i = 2; i < argc; ++i) seeds.push_back(matinee::read_file(argv[i]));
    for (const std::string& seed : seeds) give(seed);
    const auto iterations = static_cast<std::uint64_t>(std::atoll(argv[1]));
    for (std::uint64_t i = 0; i < iterations; ++i) {
      Random random(1, "fuzz", i);
      give(mutated(random.pick(seeds), seeds, random));
    }
  } catch (const matinee::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
