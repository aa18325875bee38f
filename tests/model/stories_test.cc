// Reference test of the whole forward pass: a model of 260,000 parameters must write the story quoted in its
// description, word for word.

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/sampler.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

// tok512.bin of llama2.c: i32 max_token_length, then per token f32 score, i32 length, bytes.
std::vector<std::string> read_vocabulary(const std::string& path, std::size_t n_tokens) {
  const std::string bytes = read_file(path);
  std::vector<std::string> tokens;
  std::size_t at = 4;
  while (tokens.size() < n_tokens && at + 8 <= bytes.size()) {
    std::int32_t length = 0;
    std::memcpy(&length, bytes.data() + at + 4, 4);
    tokens.push_back(bytes.substr(at + 8, static_cast<std::size_t>(length)));
    at += 8 + static_cast<std::size_t>(length);
  }
  return tokens;
}

// "<0x0A>" is the byte 10.
std::string bytes_of(const std::string& token) {
  unsigned value = 0;
  if (token.size() == 6 && std::sscanf(token.c_str(), "<0x%02X>", &value) == 1) return {static_cast<char>(value)};
  return token;
}

// The first quoted story: the text between the command line and the closing fence.
std::string quoted_story(const std::string& path) {
  const std::string text = read_file(path);
  const std::size_t begin = text.find('\n', text.find("$ ./run")) + 1;
  return text.substr(begin, text.find("\n```", begin) - begin);
}

TEST(Stories, GreedyStoryIsTheQuotedOne) {
  const std::string model = testing::real_data("models/stories260K-hf");
  const std::string original = testing::real_data("models/stories260K");
  if (model.empty() || original.empty()) GTEST_SKIP() << "no models/stories260K in REAL_DATA";
  const ModelConfig config = read_model_config(model);
  const FrozenWeights weights(model, config, WeightFormat::kF32);
  ThreadPool pool(2);
  Context context(pool);
  DecoderSession session(context, config, weights.refs(), 257, MatmulPrecision::kF32);
  const auto vocabulary = read_vocabulary(original + "/tok512.bin", static_cast<std::size_t>(config.vocab_size));
  ASSERT_EQ(vocabulary.size(), 512u);

  Sampler greedy({}, 1);
  std::string story;
  std::int32_t token = config.bos_token_id;
  for (int step = 0; step < 256; ++step) {
    const bool first = token == config.bos_token_id;
    token = greedy.choose(session.append(std::array{token}));
    if (token == config.bos_token_id) break;
    std::string bytes = bytes_of(vocabulary[static_cast<std::size_t>(token)]);
    if (first && bytes.starts_with(' ')) bytes.erase(0, 1);
    story += bytes;
  }
  EXPECT_EQ(story, quoted_story(original + "/stories260K.md"));
}

}  // namespace
}  // namespace matinee
