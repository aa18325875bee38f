#include "lib/prompt/training_text.h"

#include <gtest/gtest.h>

#include "lib/base/format_error.h"
#include "lib/prompt/json_repair.h"
#include "lib/prompt/special_token_names.h"
#include "tests/tokenizer/small_tokenizers.h"

namespace matinee {
namespace {

// "u:hi A:yo a:no !kind(detail)": roles by their first letter, learned replies in a capital, then the notes.
std::string shown(const TrainingText& text) {
  std::string out;
  if (text.nothing_to_learn) out += "nothing ";
  switch (text.kind) {
    case TrainingText::Kind::kTuple: out += text.instruction + "|" + text.input + "|" + text.output + " "; break;
    case TrainingText::Kind::kText: out += text.text + " "; break;
    case TrainingText::Kind::kMessages:
      for (const Message& message : text.messages) {
        char letter = message.role[0];
        if (letter == 'a' && message.learned) letter = 'A';
        out += letter + (":" + message.content) + " ";
      }
  }
  constexpr const char* kNames[] = {"nothing", "first", "last", "joined", "tools", "surrogate", "names"};
  for (const TrainingNote& note : text.notes)
    out += fmt::format("!{}({}) ", kNames[static_cast<std::size_t>(note.remark)], note.detail);
  out.pop_back();
  return out;
}

std::string parsed(const std::string& json, LearnedReplies replies = LearnedReplies::kAll) {
  return shown(TrainingTextParser(replies).parse(json));
}

struct Shape {
  const char* name;
  std::string json, expected;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

class Shapes : public ::testing::TestWithParam<Shape> {};

// Records in the shapes in which data sets are published; the texts are shortened.
INSTANTIATE_TEST_SUITE_P(
    DataSets, Shapes,
    ::testing::Values(
        Shape{"Alpaca", R"({"instruction":"a","input":"i","output":"b","text":"Below is ..."})", "a|i|b"},
        Shape{"AlpacaOfADataFrame", R"({"instruction":"a","input":null,"output":"b","system":null,"history":null})",
              "a||b"},
        Shape{"LlamaFactoryAlpaca",
              R"({"instruction":"a","input":"i","output":"b","system":"S","history":[["q","r"],["q2","r2"]]})",
              "s:S u:q A:r u:q2 A:r2 u:a\ni A:b"},
        Shape{"LlamaFactoryEmptyColumns", R"({"instruction":"a","input":"","output":"b","system":"","history":[]})",
              "a||b"},
        Shape{"Dolly", R"({"instruction":"a","context":"c","response":"b","category":"closed_qa"})", "a|c|b"},
        Shape{"MetaMath", R"({"query":"a","response":"b","type":"x","original_question":"o"})", "a||b"},
        Shape{"Gsm8k", R"({"question":"a","answer":"b"})", "a||b"},
        Shape{"InputOutput", R"({"input":"a","output":"b"})", "a||b"},
        Shape{"OpenAIPromptCompletion", R"({"prompt":"a","completion":"b"})", "a||b"},
        Shape{"TrlPromptCompletion",
              R"({"prompt":[{"role":"system","content":"S"},{"role":"user","content":"a"},
                 {"role":"assistant","content":"b"},{"role":"user","content":"c"}],
                 "completion":[{"role":"assistant","content":"d"}]})",
              "s:S u:a a:b u:c A:d"},
        Shape{"TrlPromptWithTextCompletion", R"({"prompt":[{"role":"user","content":"a"}],"completion":"b"})",
              "u:a A:b"},
        Shape{"OpenAI",
              R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},
                 {"role":"assistant","content":"b","weight":0},{"role":"user","content":"c"},
                 {"role":"assistant","content":"d","weight":1}]})",
              "s:S u:a a:b u:c A:d"},
        Shape{"OpenAIDeveloperAndParts",
              R"({"messages":[{"role":"developer","content":"S"},{"role":"user","content":[{"type":"text","text":"a"},
                 {"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"output_text","text":"c"}]}]})",
              "s:S u:ab A:c"},
        Shape{
            "OpenAITools",
            R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},
                 {"role":"tool","tool_call_id":"1","content":"20"},{"role":"assistant","content":"b"},
                 {"role":"user","content":"c"},{"role":"assistant","content":"d"}],"tools":[{}]})",
            "u:a a:b u:c A:d !tools(tool_calls) !tools(tool)"},
        Shape{"OpenAIFunctions",
              R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"Wait.","function_call":{}},
                 {"role":"function","name":"f","content":"20"},{"role":"assistant","content":"b"},
                 {"role":"user","content":"c"},{"role":"assistant","content":"d","tool_calls":null}]})",
              "u:a a:Wait.\nb u:c A:d !tools(function_call) !tools(function) !joined(assistant)"},
        Shape{"ShareGpt", R"({"id":"x_0","conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]})",
              "u:a A:b"},
        Shape{"ShareGptMended",
              R"({"conversations":[{"from":"gpt","value":"a"},{"from":"human","value":"b"},{"from":"human","value":"c"},
                 {"from":"chatgpt","value":"d"},{"from":"bard","value":"e"},{"from":"user","value":"f"}]})",
              "u:b\nc A:d\ne !joined(user) !joined(assistant) !first() !last()"},
        Shape{"ShareGptEmptyReply",
              R"({"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":""},{"from":"human","value":"b"},
                 {"from":"gpt","value":"c"}]})",
              "u:a a: u:b A:c"},
        Shape{"LlamaFactoryShareGpt",
              R"({"conversations":[{"from":"human","value":"a"},{"from":"function_call","value":"{}"},
                 {"from":"observation","value":"20"},{"from":"gpt","value":"b"},{"from":"human","value":"c"},
                 {"from":"gpt","value":"d"}],"system":"S","tools":"[]"})",
              "s:S u:a a:b u:c A:d !tools(function_call) !tools(observation)"},
        Shape{"OpenHermes",
              R"({"system_prompt":null,"conversations":[{"from":"system","value":"S"},{"from":"human","value":"a",
                 "weight":null},{"from":"gpt","value":"b"}],"source":"x"})",
              "s:S u:a A:b"},
        Shape{"Lmsys", R"({"conversation":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})",
              "u:a A:b"},
        Shape{"Capybara", R"({"conversation":[{"input":"a","output":"b"},{"input":"c","output":"d"}]})",
              "u:a A:b u:c A:d"},
        Shape{"UltraChat",
              R"({"prompt":"a","prompt_id":"1","messages":[{"content":"a","role":"user"},
                 {"content":"b","role":"assistant"}]})",
              "u:a A:b"},
        Shape{"SystemTwice",
              R"({"messages":[{"role":"system","content":"S"},{"role":"developer","content":"T"},
                 {"role":"user","content":"a"},{"role":"assistant","content":"b"}]})",
              "s:S\nT u:a A:b !joined(system)"},
        Shape{"SystemBesideAndWithin",
              R"({"system":"S","messages":[{"role":"system","content":"T"},{"role":"user","content":"a"},
                 {"role":"assistant","content":"b"}]})",
              "s:T u:a A:b"},
        Shape{"Text", R"({"text":"a"})", "a"}, Shape{"TextWithPrompt", R"({"prompt":"p","text":"a"})", "a"}),
    [](const auto& shape) { return std::string(shape.param.name); });

TEST_P(Shapes, AreRead) { EXPECT_EQ(parsed(GetParam().json), GetParam().expected); }

TEST(TrainingText, OnlyTheLastReplyIsLearnedWhereAskedFor) {
  const std::string begin = R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)";
  const std::string end = R"({"role":"user","content":"c"},{"role":"assistant","content":"d","weight":)";
  EXPECT_EQ(parsed(begin + end + "1}]}", LearnedReplies::kLast), "u:a a:b u:c A:d");
  EXPECT_EQ(parsed(begin + end + "0}]}"), "u:a A:b u:c a:d");
  EXPECT_TRUE(parsed(begin + end + "0}]}", LearnedReplies::kLast).starts_with("nothing "));
  EXPECT_EQ(parsed(begin + R"({"role":"user","content":"c"}]})", LearnedReplies::kLast), "u:a A:b !last()");
}

TEST(TrainingText, ALoneSurrogateBecomesTheReplacementCharacter) {
  EXPECT_EQ(parsed(R"({"instruction":"x \ud83d","output":"\ud83d\ude00 \\ud83d"})"),
            "x \xEF\xBF\xBD||\xF0\x9F\x98\x80 \\ud83d !surrogate(\\ud83d)");
  EXPECT_EQ(parsed(R"({"text":"\uDE00\ud83d\uD83D\uDE00\ud800x"})"),
            "\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x98\x80\xEF\xBF\xBDx !surrogate(\\uDE00)");
  std::string found;
  EXPECT_EQ(without_lone_surrogates(R"({"text":"\ud83d\ude00 \u00e9 \\ud83d \u12"})", found), std::nullopt);
}

TEST(TrainingText, AMarkOfTheByteOrderIsPassedOver) { EXPECT_EQ(parsed("\xEF\xBB\xBF{\"text\":\"a\"}"), "a"); }

TEST(SpecialTokenNames, FindsTheFirst) {
  const Tokenizer tokenizer = testing::small_tokenizer("byte_level");
  const SpecialTokenNames names(tokenizer);
  EXPECT_EQ(names.first_in("a <|b and <| eos |> <"), "");
  EXPECT_EQ(names.first_in("<"), "");
  EXPECT_EQ(names.first_in(""), "");
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!tokenizer.has(id) || !tokenizer.is_special(id)) continue;
    const std::string name(tokenizer.token_bytes(id));
    EXPECT_EQ(names.first_in("<<|" + name + "<|eos|>"), name);
    EXPECT_EQ(names.first_in(name.substr(0, name.size() - 1)), "");
  }
}

}  // namespace
}  // namespace matinee
