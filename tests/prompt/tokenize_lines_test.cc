#include "lib/prompt/tokenize_lines.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
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
  const std::string skip = "; --keep-going skips such texts";
  const std::string kinds =
      "expected \"instruction\" and \"output\", \"prompt\" and \"completion\", \"messages\", \"conversations\" or "
      "\"text\"; found the keys: ";
  const std::string no_number =
      "is no JSON; write null or leave the field out (pandas: to_json; Python: json.dumps with allow_nan=False says "
      "where); jq -c . makes null of NaN";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"nonsense",
       "not valid JSON: Problem while parsing an atom starting with the letter 'n'; one object on each line is "
       "expected"},
      {"[{\"text\":\"a\"}]", "expected an object, found an array; jq -c '.[]' makes JSON lines of an array"},
      {"3", "expected an object, found a number" + skip},
      {"{\"a\":1,\"b\":2}", kinds + "a, b" + skip},
      {"{\"data\":[{\"text\":\"a\"}]}",
       kinds + "data; jq -c '.data[]' writes the objects in \"data\" one on each line"},
      {"{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"}",
       kinds + "prompt, chosen, rejected; these are preferences; jq -c '{prompt, completion: .chosen}' makes examples "
               "of the chosen answers"},
      {"{\"instruction\":\"x\"}", "output: missing" + skip},
      {"{\"output\":\"x\"}", "instruction: missing" + skip},
      {"{\"prompt\":7,\"completion\":\"b\"}", "prompt: expected a string, found a number" + skip},
      {"{\"instruction\":\"x\",\"output\":5}", "output: expected a string, found a number" + skip},
      {"{\"instruction\":\"x\",\"output\":\"y\",\"history\":[[\"a\"]]}",
       "history[0]: expected a pair of texts, the user's and the assistant's, found [\"a\"]" + skip},
      {"{\"instruction\":\"x \\ud83d\",\"output\":NaN}", "NaN at column 36 " + no_number},
      {"{\"instruction\":\"NaN\",\"weight\":-Infinity}", "-Infinity at column 31 " + no_number},
      {"{'text': 'a'}",
       "not valid JSON: The JSON document has an improper structure: missing or superfluous commas, braces, missing "
       "keys, etc.; this is Python's notation of an object; write lines with json.dumps"},
      {"{\"messages\":{}}", "messages: expected an array, found an object" + skip},
      {"{\"messages\":[7]}", "messages[0]: expected an object, found a number" + skip},
      {"{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content: missing" + skip},
      {"{\"messages\":[{\"content\":\"a\"}]}", "messages[0].role: missing" + skip},
      {"{\"conversations\":[{\"from\":\"narrator\",\"value\":\"a\"}]}",
       "conversations[0].from: expected system, user (human), assistant (gpt) or tool, found \"narrator\"" + skip},
      {"{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"weight\":0.5}]}",
       "messages[0].weight: expected 0 or 1, found 0.5" + skip},
      {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}",
       "messages[0].content[0]: expected text, found a part of type \"image_url\"; Matinee learns text only; leave "
       "such "
       "messages out of the data"},
      {"{\"text\":\"a\xff\"}", "not UTF-8: byte 0xFF at column 11; convert the file with iconv"},
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

TEST_F(TokenizeLines, TextsWithNothingToLearnAreCounted) {
  const TokenizeReport report = run(kGood +
                                    "{\"instruction\":\"x\",\"output\":\" \"}\n"
                                    "{\"instruction\":\"x\",\"output\":null}\n"
                                    "{\"text\":\"\"}\n"
                                    "{\"conversations\":[]}\n"
                                    "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n"
                                    "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]}\n");
  EXPECT_EQ(samples.size(), 1u);
  EXPECT_EQ(report.notes.count(TrainingRemark::kNothingToLearn), 6u);
  const std::vector<std::string> lines = report.notes.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "6 texts: no reply to learn (missing, empty, with weight 0 or after a tool call); left out; the first: " +
                folder.file("in.jsonl") + ":2");
}

TEST_F(TokenizeLines, AnArrayIsReadAsItsElementsAre) {
  std::string lines, array = "\xEF\xBB\xBF [\n";
  for (const char* text : {"[\\\"{", "]}", "a,\\\\", "\\n"}) {
    const std::string object = fmt::format("{{\"text\":\"{} movie\"}}", text);
    lines += object + "\n";
    array += (array.size() > 6 ? ",\n" : "") + object;
  }
  run(lines);
  const auto expected = samples;
  ASSERT_EQ(expected.size(), 4u);
  run(array + "\n]\n");
  ASSERT_EQ(samples.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(samples[i].input_ids, expected[i].input_ids);
  EXPECT_EQ(refusal("[{\"text\":\"a\"},\n{\"instruction\":\"x\"}]"),
            ":2: [1]: output: missing; --keep-going skips such texts");
  EXPECT_EQ(refusal("[{\"text\":\"a\"}"), ":1: the array has no end; is the file cut off?");
}

TEST_F(TokenizeLines, SpecialTokensAreTextUnlessAskedFor) {
  const std::string line = "{\"text\":\"movie<|eos|>movie\"}\n", plain = "{\"text\":\"movie <|e\"}\n";
  const std::int32_t eos = tokenizer.eos_token_id();
  TokenizeReport report = run(line + plain + line);
  EXPECT_EQ(std::count(samples[0].input_ids.begin(), samples[0].input_ids.end(), eos), 1);
  EXPECT_EQ(report.notes.count(TrainingRemark::kSpecialNames), 2u);
  EXPECT_TRUE(report.notes.lines()[0].ends_with(
      "--special-tokens makes them ids; the first: " + folder.file("in.jsonl") + ":1 (<|eos|>)"))
      << report.notes.lines()[0];
  report = run(line + "{\"text\":\"movie<|eos|>\"}\n", {.special_tokens = true});
  EXPECT_TRUE(report.notes.lines().empty());
  EXPECT_EQ(std::count(samples[0].input_ids.begin(), samples[0].input_ids.end(), eos), 2);
  EXPECT_EQ(std::count(samples[1].input_ids.begin(), samples[1].input_ids.end(), eos), 1) << "its own end counts";
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
