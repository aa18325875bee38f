// Ids of the original implementations (testdata/tokenizers), and decoding back to the text.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

#include "lib/base/file.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"
#include "lib/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

std::string real_data() {
  const char* folder = std::getenv("REAL_DATA");
  return folder == nullptr ? "../shared/data" : folder;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
  }
  return out;
}

// GPT-2's tokens as Llama 3's tokenizer.model has its own.
void write_llama3_kind(const std::string& gpt2, const std::string& path) {
  const Tokenizer tokenizer = Tokenizer::load(gpt2);
  std::string text;
  for (std::int32_t id = 0; id < 50256; ++id)
    text += base64(tokenizer.token_bytes(id)) + " " + std::to_string(id) + "\n";
  write_file(path, text);
}

class Goldens : public ::testing::TestWithParam<const char*> {};

TEST_P(Goldens, IdsAreThoseOfTheOriginal) {
  const std::string name = GetParam(), folder = real_data() + "/tokenizers/";
  const testing::TemporaryFolder made;
  std::string path = folder + name;
  if (name == "gpt2") path = folder + "gpt2/tokenizer.json";
  if (name == "gpt2-vocab-merges") path = folder + "gpt2/vocab.json";
  if (name == "llama3-kind") path = made.file("tokenizer.model");
  if (!file_exists(folder + "gpt2/vocab.json")) GTEST_SKIP() << "no " << folder;
  if (name == "llama3-kind") write_llama3_kind(folder + "gpt2", path);
  const Tokenizer tokenizer = Tokenizer::load(path);

  LineReader lines("testdata/tokenizers/" + name + ".jsonl.gz", std::size_t{1} << 20);
  simdjson::dom::parser parser;
  std::string_view line;
  int texts = 0;
  while (lines.next(line)) {
    simdjson::dom::object entry;
    ASSERT_EQ(parser.parse(simdjson::padded_string(line)).get(entry), simdjson::SUCCESS);
    const std::string text{std::string_view(entry["text"])};
    std::vector<std::int32_t> ids;
    for (const std::int64_t id : entry["ids"].get_array()) ids.push_back(static_cast<std::int32_t>(id));
    ASSERT_EQ(tokenizer.encode(text), ids) << text;
    // Qwen's normalizer rewrites texts before they are encoded; LLaMA's kind cannot tell U+2581 from a space, and
    // Mistral's not a first space from its prefix.
    if (name != "qwen2" && !(name == "mistral_7b" && text.starts_with(' ')) &&
        text.find("\u2581") == std::string::npos) {
      ASSERT_EQ(tokenizer.decode(ids), text) << text;
    }
    ++texts;
  }
  EXPECT_EQ(texts, 1600);
}

INSTANTIATE_TEST_SUITE_P(Families, Goldens,
                         ::testing::Values("gpt2", "gpt2-vocab-merges", "llama2", "mistral_7b", "qwen2", "llama3-kind"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace matinee
