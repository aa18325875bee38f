#include "lib/vocabulary/tokenizer_json.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

std::string error_in(const std::string& json) {
  return error_of([&] { parse_tokenizer_json(json, "t.json"); });
}
std::string with_model(const std::string& model, const std::string& rest = "") {
  return "{\"model\":" + model + rest + "}";
}
const std::string kModel = R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]})";

TEST(TokenizerJson, NamesWhatIsWrongAndWhere) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "t.json: not valid JSON: Empty: no JSON found"},
      {"[]", "t.json: not a tokenizer.json: an object with \"model\" is expected"},
      {"{}", "t.json: not a tokenizer.json: an object with \"model\" is expected"},
      {R"({"model":{"type":"Unigram","vocab":[]}})", "t.json: model.type: the model Unigram is not supported, BPE is"},
      {R"({"model":{"vocab":{}}})", "t.json: model.type: the model untyped is not supported, BPE is"},
      {R"({"model":{"type":"BPE","merges":[]}})", "t.json: model.vocab: missing"},
      {R"({"model":{"type":"BPE","vocab":{},"merges":[]}})", "t.json: model.vocab: no tokens"},
      {R"({"model":{"type":"BPE","vocab":{"a":0}}})", "t.json: model.merges: missing"},
      {R"({"model":{"type":"BPE","vocab":{"a":"x"},"merges":[]}})",
       "t.json: model.vocab.a: expected an integer, found \"x\""},
      {R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})",
       "t.json: model.vocab: expected an id from 0 to 3999999, found -1"},
      {R"({"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}})",
       "t.json: model.vocab: id 0 is given twice, to \"b\" too"},
      {R"({"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}})",
       "t.json: model.vocab: the token \"a\" is listed twice"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}})",
       "t.json: model.merges[0]: expected two tokens with a space between, found \"a\""},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}})",
       "t.json: model.merges[0]: expected two tokens, found 1"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}})",
       "t.json: model.merges[0]: \"aa\" is not in the vocabulary"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})",
       "t.json: model.merges[0]: \"b\" is not in the vocabulary"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"<unk>"}})",
       "t.json: model.unk_token: \"<unk>\" is not in the vocabulary"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}})",
       "t.json: model.dropout: merges left out at random are not supported"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}})",
       "t.json: model.end_of_word_suffix: \"</w>\" is not supported"},
      {with_model(kModel, R"(,"pre_tokenizer":{"type":"Whitespace"})"),
       "t.json: pre_tokenizer.type: unknown pre-tokenizer \"Whitespace\""},
      {with_model(kModel, R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"Foo"}]})"),
       "t.json: pre_tokenizer.pretokenizers[1].type: unknown pre-tokenizer \"Foo\""},
      {with_model(kModel, R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[
          {"type":"ByteLevel","add_prefix_space":false},{"type":"Digits"}]})"),
       "t.json: pre_tokenizer.pretokenizers[1].type: Digits after ByteLevel is not supported"},
      {with_model(kModel,
                  R"(,"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a"},"behavior":"Odd","invert":false})"),
       "t.json: pre_tokenizer.behavior: unknown behavior \"Odd\""},
      {with_model(kModel, R"(,"pre_tokenizer":{"type":"Metaspace","replacement":"_"})"),
       "t.json: pre_tokenizer.replacement: \"_\" is not supported, U+2581 is"},
      {with_model(kModel,
                  R"(,"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"BertNormalizer"}]})"),
       "t.json: normalizer.normalizers[1].type: unknown normalizer \"BertNormalizer\""},
      {with_model(kModel, R"(,"normalizer":{"type":"Replace","pattern":{"Regex":"x"},"content":""})"),
       "t.json: normalizer.pattern.String: missing"},
      {with_model(kModel, R"(,"post_processor":{"type":"OtherProcessing"})"),
       "t.json: post_processor.type: unknown post-processor \"OtherProcessing\""},
      {with_model(kModel, R"(,"post_processor":{"type":"RobertaProcessing","cls":["a",0],"sep":["x",3]})"),
       "t.json: post_processor.sep[1]: 3 is not the id of a token"},
      {with_model(kModel, R"(,"post_processor":{"type":"BertProcessing","cls":["a"]})"),
       "t.json: post_processor.cls: expected a token and its id, found [\"a\"]"},
      {with_model(kModel, R"(,"decoder":{"type":"WordPiece"})"), "t.json: decoder.type: unknown decoder \"WordPiece\""},
      {with_model(kModel, R"(,"added_tokens":[{"id":0,"content":"zz"}])"),
       "t.json: added_tokens[0]: id 0 is already \"a\" in the vocabulary"},
      {with_model(kModel, R"(,"added_tokens":[{"id":7,"content":"a"}])"),
       "t.json: added_tokens[0]: \"a\" has id 7 here and 0 in the vocabulary"},
      {with_model(R"({"type":"BPE","vocab":{"\u4e2d":0},"merges":[]})",
                  R"(,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false})"),
       "t.json: model.vocab: \"\u4e2d\" is not spelled in the characters of byte-level tokens"},
  };
  for (const auto& [json, expected] : cases) EXPECT_EQ(error_in(json), expected) << json;
}

TEST(TokenizerJson, ReadsMergesAsStringsAndAsPairs) {
  const TokenizerDefinition strings = parse_tokenizer_json(with_model(kModel), "t.json");
  const TokenizerDefinition pairs =
      parse_tokenizer_json(with_model(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]})"), "t.json");
  EXPECT_EQ(strings.merges, pairs.merges);
  EXPECT_EQ(strings.merged, pairs.merged);
}

TEST(TokenizerJson, AWholePieceThatIsATokenComesBeforeMergesWhereTheModelSaysSo) {
  for (const bool ignore : {false, true}) {
    const Tokenizer tokenizer(
        parse_tokenizer_json(
            with_model(std::string(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"\u0120":3,"\u0120ab":4,"aab":5},)") +
                           R"("merges":["a b"],"ignore_merges":)" + (ignore ? "true" : "false") + "}",
                       R"(,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false})"),
            "t.json"),
        {});
    using Ids = std::vector<std::int32_t>;
    EXPECT_EQ(tokenizer.encode("ab ab"), ignore ? (Ids{2, 4}) : (Ids{2, 3, 2}));
    EXPECT_EQ(tokenizer.encode("aab"), ignore ? (Ids{5}) : (Ids{0, 2}));
    EXPECT_EQ(tokenizer.encode("aabb"), (Ids{0, 2, 1})) << "only the whole piece is looked up";
  }
}

// Found by fuzzing: each step doubles what the one before it put in.
TEST(TokenizerJson, ReplacementsThatGrowWithoutBoundAreRefused) {
  std::string steps = R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  for (int i = 0; i < 40; ++i) steps += R"(,{"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  const Tokenizer tokenizer(
      parse_tokenizer_json(with_model(kModel, R"(,"normalizer":{"type":"Sequence","normalizers":[)" + steps + "]}"),
                           "t.json"),
      {});
  EXPECT_EQ(error_of([&] { tokenizer.encode("a"); }),
            "the normalizer's replacements make a text of more than 65600 bytes");
}

TEST(TokenizerJson, KeepsHolesInTheIds) {
  const TokenizerDefinition definition =
      parse_tokenizer_json(with_model(R"({"type":"BPE","vocab":{"a":0,"b":5},"merges":[]})"), "t.json");
  const Tokenizer tokenizer(definition, {});
  EXPECT_EQ(tokenizer.vocab_size(), 6);
  EXPECT_TRUE(tokenizer.has(5));
  EXPECT_FALSE(tokenizer.has(3));
  EXPECT_EQ(error_of([&] { tokenizer.decode(std::vector<std::int32_t>{3}); }),
            "id 3 is not in the vocabulary of 6 tokens");
}

// Each byte of a small file changed in several ways: an Error, or a tokenizer that still encodes; never anything else.
TEST(TokenizerJson, SurvivesEveryFlippedByte) {
  const std::string whole =
      R"({"added_tokens":[{"id":3,"content":"<s>","special":true}],"normalizer":{"type":"Prepend","prepend":"x"},)"
      R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},)"
      R"({"type":"Split","pattern":{"Regex":"\\s+"},"behavior":"Isolated","invert":false}]},)"
      R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],)"
      R"("special_tokens":{"<s>":{"ids":[3]}}},"decoder":{"type":"Fuse"},)"
      R"("model":{"type":"BPE","unk_token":"u","vocab":{"a":0,"u":1,"au":2},"merges":["a u"]}})";
  int read = 0, refused = 0;
  const auto attempt = [&](const std::string& json) {
    try {
      const Tokenizer tokenizer(parse_tokenizer_json(json, "t.json"), {});
      tokenizer.encode("au 12 <s> a");
      ++read;
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
      ++refused;
    }
  };
  attempt(whole);
  ASSERT_EQ(read, 1);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {1, 2, 32, 128}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ change);
      attempt(changed);
    }
    attempt(whole.substr(0, i));
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 1000);
}

TEST(SpecialTokens, ComeFromTheFirstFileThatNamesThem) {
  testing::TemporaryFolder folder;
  write_file(
      folder.file("tokenizer.json"),
      with_model(
          R"({"type":"BPE","vocab":{"a":0,"<s>":1,"</s>":2,"<e>":3},"merges":[]})",
          R"(,"added_tokens":[{"id":1,"content":"<s>","special":true},{"id":2,"content":"</s>","special":true}])"));
  EXPECT_EQ(Tokenizer::load(folder.path()).eos_token_id(), -1);
  write_file(folder.file("generation_config.json"), R"({"eos_token_id":[3,2,99],"bos_token_id":1})");
  {
    const Tokenizer tokenizer = Tokenizer::load(folder.path());
    EXPECT_EQ(tokenizer.eos_token_id(), 3);
    EXPECT_EQ(tokenizer.bos_token_id(), 1);
    EXPECT_EQ(tokenizer.special().ends, (std::vector<std::int32_t>{3, 2}));
    EXPECT_TRUE(tokenizer.is_special(3)) << "a token with a role is never plain text";
  }
  write_file(folder.file("special_tokens_map.json"), R"({"eos_token":{"content":"</s>"}})");
  EXPECT_EQ(Tokenizer::load(folder.path()).eos_token_id(), 2);
  write_file(folder.file("tokenizer_config.json"),
             R"({"eos_token":"<e>","add_bos_token":true,"model_max_length":1000000000000000019884624838656})");
  EXPECT_EQ(Tokenizer::load(folder.path()).eos_token_id(), 3);
  EXPECT_TRUE(Tokenizer::load(folder.path()).adds_bos());
  EXPECT_EQ(Tokenizer::load(folder.path()).special().ends, (std::vector<std::int32_t>{3, 2}));
  write_file(folder.file("tokenizer_config.json"), R"({"eos_token":"<none>"})");
  EXPECT_EQ(error_of([&] { Tokenizer::load(folder.path()); }),
            folder.file("tokenizer_config.json") + ": eos_token: \"<none>\" is not in the vocabulary of the tokenizer");
}

TEST(TokenizerJson, SaysWhatToDoWithoutTheFile) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { Tokenizer::load(folder.path()); }),
            folder.path() +
                ": no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt; give a "
                "Hugging Face model folder with its tokenizer, or a GGUF file");
}

}  // namespace
}  // namespace matinee
