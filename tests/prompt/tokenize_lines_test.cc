#include "lib/prompt/tokenize_lines.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/io/json_writer.h"
#include "lib/io/safetensors.h"
#include "lib/prompt/token_set_writer.h"
#include "lib/prompt/training_text.h"
#include "tests/support/temporary_folder.h"
#include "tests/text/test_texts.h"
#include "tests/tokenizer/small_tokenizers.h"

namespace matinee {
namespace {

using testing::error_of;

class TokenizeLines : public ::testing::Test {
 protected:
  TokenizeReport run(const std::string& lines, TokenizeOptions options = {}, int threads = 1) {
    write_file(folder.file("in.jsonl"), lines);
    samples.clear();
    ThreadPool pool(threads);
    return tokenize_lines(
        {folder.file("in.jsonl")}, tokenizer, PromptTemplate("plain"), options, pool,
        [&](const EncodedSample& sample) { samples.push_back(sample); }, [](std::uint64_t) {});
  }
  std::string refusal(const std::string& lines, TokenizeOptions options = {}) {
    std::string error = error_of([&] { run(lines, options); });
    const std::string path = folder.file("in.jsonl");
    return error.starts_with(path) ? error.substr(path.size()) : error;
  }

  testing::TemporaryFolder folder;
  Tokenizer tokenizer = testing::small_tokenizer("byte_level");
  std::vector<EncodedSample> samples;
};

const std::string kGood = "{\"instruction\":\"Ask.\",\"input\":\"\",\"output\":\"Which?\"}\n";

TEST_F(TokenizeLines, RefusesByLineWhatItCannotUse) {
  const std::string skip = "; --keep-going skips such lines";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"nonsense",
       "not valid JSON: Problem while parsing an atom starting with the letter 'n'; one object on each line is "
       "expected"},
      {"[{\"text\":\"a\"}]", "expected an object, found an array; jq -c '.[]' makes JSON lines of an array"},
      {"3", "expected an object, found a number" + skip},
      {"{\"a\":1,\"b\":2}",
       "expected \"instruction\" and \"output\", or \"messages\", or \"text\"; found the keys: a, b" + skip},
      {"{\"instruction\":\"x\"}", "output: missing" + skip},
      {"{\"output\":\"x\"}", "instruction: missing" + skip},
      {"{\"instruction\":\"x\",\"output\":\" \"}", "output: empty, so there is nothing to learn" + skip},
      {"{\"instruction\":\"x\",\"output\":null}", "output: expected a string, found null" + skip},
      {"{\"text\":\"\"}", "text: empty, so there is nothing to learn" + skip},
      {"{\"messages\":{}}", "messages: expected an array, found an object" + skip},
      {"{\"messages\":[]}", "messages: empty, so there is nothing to learn" + skip},
      {"{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content: missing" + skip},
      {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
       "messages: the last one must be the assistant's, or there is nothing to learn after it" + skip},
      {"{\"text\":\"a\xff\"}", "not UTF-8: byte 0xFF at column 11; convert the file with iconv"},
      {"\xEF\xBB\xBF{\"text\":\"a\"}", "begins with a byte-order mark; remove it with: sed '1s/^\\xEF\\xBB\\xBF//'"},
  };
  for (const auto& [line, expected] : cases)
    EXPECT_EQ(refusal(kGood + "\n" + line + "\n" + "worse\n"), ":3: " + expected);
}

TEST_F(TokenizeLines, KeepGoingCountsAndNamesTheFirst) {
  const TokenizeReport report = run(kGood + "x\n" + kGood + "{}\n", {.keep_going = true});
  EXPECT_EQ(samples.size(), 2u);
  EXPECT_EQ(report.refused, 2u);
  EXPECT_NE(report.first_refused.find("in.jsonl:2: not valid JSON"), std::string::npos) << report.first_refused;
}

TEST_F(TokenizeLines, LongSamplesFollowTheOption) {
  const std::string tuple = "{\"instruction\":\"x\",\"output\":\"abcdefghij klmnop qrstuv wxyz\"}\n";
  const std::string text = "{\"text\":\"What kind of movie would you like to see tonight? zyx wvu\"}\n";
  EXPECT_EQ(refusal(tuple, {.seq_len = 12}).substr(0, 4), ":1: ");
  EXPECT_NE(refusal(tuple, {.seq_len = 12}).find("tokens, --seq-len is 12; raise it, or say --long cut or skip"),
            std::string::npos);
  run(tuple, {.seq_len = 1000});
  const EncodedSample whole = samples[0];

  EXPECT_EQ(run(tuple + text, {.seq_len = 12, .long_samples = LongSamples::kSkip}).too_long, 2u);
  EXPECT_TRUE(samples.empty());

  run(tuple, {.seq_len = 12, .long_samples = LongSamples::kCut});
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_TRUE(std::equal(samples[0].input_ids.begin(), samples[0].input_ids.end(), whole.input_ids.begin()));
  EXPECT_EQ(samples[0].input_ids.size(), 12u);
  EXPECT_NE(refusal(tuple, {.seq_len = 2, .long_samples = LongSamples::kCut}).find("cutting leaves nothing to learn"),
            std::string::npos);

  EXPECT_NE(refusal(tuple, {.seq_len = 12, .long_samples = LongSamples::kSplit}).find("(split is for running text)"),
            std::string::npos);
  run(text, {.seq_len = 1000});
  const EncodedSample running = samples[0];
  run(text, {.seq_len = 5, .long_samples = LongSamples::kSplit});
  std::vector<std::int32_t> joined;
  for (const EncodedSample& part : samples) {
    EXPECT_LE(part.input_ids.size(), 5u);
    EXPECT_EQ(part.loss_mask.front(), 0);
    EXPECT_EQ(std::count(part.loss_mask.begin(), part.loss_mask.end(), 0), 1);
    joined.insert(joined.end(), part.input_ids.begin(), part.input_ids.end());
  }
  joined.resize(running.input_ids.size(), tokenizer.eos_token_id());  // a last part of one token is left out
  EXPECT_EQ(joined, running.input_ids);
}

TEST_F(TokenizeLines, SameBytesAtAnyNumberOfThreads) {
  std::string lines;
  for (std::uint64_t i = 0; i < 9000; ++i) {  // more than two blocks
    Random random(31, "lines", i);
    JsonWriter(lines)
        .begin_object()
        .field("instruction", testing::random_text(random, random.below(9)))
        .field("output", "x" + testing::random_text(random, random.below(9)))
        .end_object();
    lines += '\n';
  }
  std::string first;
  for (const int threads : {1, 2, 7}) {
    run(lines, {}, threads);
    TokenSetWriter writer;
    for (const EncodedSample& sample : samples) writer.add(sample);
    writer.write(folder.file("tokens.bin"), {.vocab_size = tokenizer.vocab_size(),
                                             .tokenizer_fingerprint = tokenizer.fingerprint(),
                                             .prompt_template = "plain",
                                             .seq_len = 512,
                                             .eos_token_id = tokenizer.eos_token_id()});
    const std::string bytes = read_file(folder.file("tokens.bin"));
    if (threads == 1) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
}

TEST_F(TokenizeLines, WritesWhatTheFormatSays) {
  run(kGood + "{\"text\":\"movie\"}\n");
  TokenSetWriter writer;
  for (const EncodedSample& sample : samples) writer.add(sample);
  writer.write(folder.file("tokens.bin"), {.vocab_size = tokenizer.vocab_size(),
                                           .tokenizer_fingerprint = tokenizer.fingerprint(),
                                           .prompt_template = "plain",
                                           .seq_len = 512,
                                           .eos_token_id = tokenizer.eos_token_id()});
  const SafetensorsFile file(folder.file("tokens.bin"), "tokens", "tokenize");
  const auto ids = file.view<std::int32_t>("input_ids");
  const auto mask = file.view<std::uint8_t>("loss_mask");
  const auto offsets = file.view<std::int64_t>("sample_offsets");
  ASSERT_EQ(offsets.size(), 3u);
  for (std::size_t s = 0; s < 2; ++s) {
    const auto begin = static_cast<std::size_t>(offsets[s]), size = static_cast<std::size_t>(offsets[s + 1]) - begin;
    EXPECT_TRUE(std::ranges::equal(ids.subspan(begin, size), samples[s].input_ids));
    EXPECT_TRUE(std::ranges::equal(mask.subspan(begin, size), samples[s].loss_mask));
  }
  const Metadata& metadata = file.metadata();
  EXPECT_EQ(metadata.at("matinee.template"), "plain");
  EXPECT_EQ(metadata.at("matinee.tokenizer_sha"), tokenizer.fingerprint());
  EXPECT_EQ(metadata.at("matinee.vocab_size"), std::to_string(tokenizer.vocab_size()));
  EXPECT_EQ(metadata.at("matinee.seq_len"), "512");
  EXPECT_EQ(metadata.at("matinee.bos_token_id"), "-1");
  EXPECT_EQ(metadata.at("matinee.eos_token_id"), std::to_string(tokenizer.eos_token_id()));
  EXPECT_EQ(metadata.at("matinee.samples"), "2");
}

}  // namespace
}  // namespace matinee
