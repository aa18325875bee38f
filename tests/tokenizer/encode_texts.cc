// encode_texts: for scripts/compare-tokenizers. Reads texts from stdin and writes their ids to stdout, in frames: a
// text is its length (u32, little endian) and its bytes, the answer the count (u32) and the ids (i32). With --decode
// the frames go the other way round; with --write FOLDER it writes the tokenizer.json there, and nothing else.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/tokenizer/tokenizer.h"
#include "lib/vocabulary/tokenizer_files.h"
#include "lib/vocabulary/tokenizer_json_writer.h"

namespace {

bool read_frame(std::string& bytes, std::size_t unit) {
  std::uint32_t count = 0;
  if (std::fread(&count, sizeof count, 1, stdin) != 1) return false;
  bytes.resize(count * unit);
  return bytes.empty() || std::fread(bytes.data(), 1, bytes.size(), stdin) == bytes.size();
}

void write_frame(const void* data, std::size_t count, std::size_t unit) {
  const auto size = static_cast<std::uint32_t>(count);
  std::fwrite(&size, sizeof size, 1, stdout);
  std::fwrite(data, unit, count, stdout);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace matinee;
  const bool decodes = argc == 3 && std::string(argv[2]) == "--decode";
  const bool writes = argc == 4 && std::string(argv[2]) == "--write";
  if (argc < 2 || (argc > 2 && !decodes && !writes)) {
    std::fprintf(stderr, "usage: encode_texts TOKENIZER [--decode | --write FOLDER] < frames > frames\n");
    return 2;
  }
  try {
    if (writes) {
      const TokenizerFiles files = read_tokenizer_files(argv[1]);
      const TokenizerJson json = tokenizer_json_of(files.definition, files.special);
      write_file(std::string(argv[3]) + "/tokenizer.json", json.tokenizer);
      write_file(std::string(argv[3]) + "/tokenizer_config.json", json.tokenizer_config);
      return 0;
    }
    const Tokenizer tokenizer = Tokenizer::load(argv[1]);
    PieceCache cache;
    std::string bytes;
    std::vector<std::int32_t> ids;
    while (read_frame(bytes, decodes ? sizeof(std::int32_t) : 1)) {
      if (decodes) {
        const auto* first = reinterpret_cast<const std::int32_t*>(bytes.data());
        const std::string text =
            tokenizer.decode({first, bytes.size() / sizeof(std::int32_t)}, {.skip_special = false});
        write_frame(text.data(), text.size(), 1);
      } else {
        ids.clear();
        tokenizer.encode(bytes, {}, cache, ids);
        write_frame(ids.data(), ids.size(), sizeof(std::int32_t));
      }
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "encode_texts: %s\n", error.what());
    return 1;
  }
  return 0;
}
