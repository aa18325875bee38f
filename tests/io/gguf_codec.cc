// The codecs of GGUF's tensor formats, for scripts/compare-gguf.
//
//   gguf_codec list                      a line per format: name, number, numbers and bytes per block
//   gguf_codec decode|encode FORMAT      blocks on stdin and float32 on stdout, or the reverse
//   gguf_codec speed                     MB/s of float32 that each codec decodes to and encodes from, on one thread
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "lib/base/error.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/gguf_formats.h"

namespace {

using namespace matinee;

std::string all_of_stdin() {
  std::string bytes(1 << 20, '\0'), all;
  while (const std::size_t n = std::fread(bytes.data(), 1, bytes.size(), stdin)) all.append(bytes, 0, n);
  return all;
}

const GgufCodec& named(const std::string& name) {
  for (const GgufCodec& codec : gguf_codecs()) {
    if (name == codec.name) return codec;
  }
  throw usage_error("there is no format {}", name);
}

void convert(const GgufCodec& codec, bool decode) {
  const std::string in = all_of_stdin();
  if (decode) {
    std::vector<float> values(in.size() / codec.block_bytes * codec.block);
    decode_gguf(codec.format, std::as_bytes(std::span(in)), values);
    std::fwrite(values.data(), 4, values.size(), stdout);
    return;
  }
  std::vector<float> values(in.size() / 4);
  if (!values.empty()) std::memcpy(values.data(), in.data(), 4 * values.size());
  std::vector<std::byte> bytes;
  encode_gguf(codec.format, values, bytes);
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

// Best of several passes over 256 KiB of numbers, in MB/s.
template <class Pass>
double speed(std::size_t numbers, Pass pass) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    double seconds = 0;
    std::size_t passes = 0;
    for (; seconds < 0.05; ++passes) {
      pass();
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    best = std::max(best, static_cast<double>(passes * numbers * 4) / seconds / 1e6);
  }
  return best;
}

void speeds() {
  Random random(1, "values");
  std::vector<float> values(65536);
  for (float& value : values) value = static_cast<float>(random.normal());
  std::vector<std::byte> bytes;
  for (const GgufCodec& codec : gguf_codecs()) {
    const double encoded = speed(values.size(), [&] { encode_gguf(codec.format, values, bytes); });
    std::vector<float> back(values.size());
    const double decoded = speed(values.size(), [&] { decode_gguf(codec.format, bytes, back); });
    fmt::print("{:5} decode {:8.0f} MB/s  encode {:8.1f} MB/s\n", codec.name, decoded, encoded);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string verb = argc > 1 ? argv[1] : "";
    if (verb == "list") {
      for (const GgufCodec& codec : gguf_codecs()) {
        fmt::print("{} {} {} {}\n", codec.name, static_cast<std::uint32_t>(codec.format), codec.block,
                   codec.block_bytes);
      }
    } else if (verb == "speed") {
      speeds();
    } else if (argc == 3 && (verb == "decode" || verb == "encode")) {
      convert(named(argv[2]), verb == "decode");
    } else {
      throw usage_error("expected list, speed, decode FORMAT or encode FORMAT");
    }
  } catch (const Error& error) {
    fmt::print(stderr, "gguf_codec: {}\n", error.what());
    return 1;
  }
  return 0;
}
