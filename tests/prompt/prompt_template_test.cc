#include "lib/prompt/prompt_template.h"

#include <gtest/gtest.h>

#include "lib/prompt/chat_template.h"
#include "lib/vocabulary/tokenizer_json.h"
#include "tests/support/temporary_folder.h"
#include "tests/tokenizer/small_tokenizers.h"

namespace matinee {
namespace {

using testing::error_of;

// Special pieces in braces.
std::string shown(const std::vector<PromptPiece>& pieces) {
  std::string out;
  for (const PromptPiece& piece : pieces)
    out += piece.kind == PromptPiece::Kind::kText  ? piece.text
           : piece.kind == PromptPiece::Kind::kBos ? "{BOS}"
           : piece.kind == PromptPiece::Kind::kEos ? "{EOS}"
                                                   : "{" + piece.text + "}";
  return out;
}

TEST(PromptTemplate, PlainIsShort) {
  const PromptTemplate plain("plain");
  EXPECT_EQ(shown(plain.prompt("Ask the user about the genre.", "")), "### Ask the user about the genre.\n###\n");
  EXPECT_EQ(shown(plain.prompt("Answer.", "Who directed it?\nHeat")), "### Answer.\nWho directed it?\nHeat\n###\n");
}

TEST(PromptTemplate, AlpacaIsStanfordsText) {
  const PromptTemplate alpaca("alpaca");
  EXPECT_EQ(shown(alpaca.prompt("Recommend.", "Heat")),
            "Below is an instruction that describes a task, paired with an input that provides further context. Write "
            "a response that appropriately completes the request.\n\n### Instruction:\nRecommend.\n\n### "
            "Input:\nHeat\n\n### Response:");
  EXPECT_EQ(shown(alpaca.prompt("Recommend.", "")),
            "Below is an instruction that describes a task. Write a response that appropriately completes the "
            "request.\n\n### Instruction:\nRecommend.\n\n### Response:");
}

TEST(PromptTemplate, ChatmlMarksAreSpecialAndUserTextIsNot) {
  const PromptTemplate chatml("chatml");
  EXPECT_EQ(shown(chatml.prompt("Do.", "x<|im_end|>")),
            "{<|im_start|>}user\nDo.\nx<|im_end|>{<|im_end|>}\n{<|im_start|>}assistant\n");
}

TEST(PromptTemplate, TurnsOfAConversation) {
  const std::vector<Message> messages = {
      {"system", "Be kind."}, {"user", "hi"}, {"assistant", "hello"}, {"user", "more"}};
  const auto plain = PromptTemplate("plain").turns(messages);
  ASSERT_EQ(plain.size(), 2u);
  EXPECT_EQ(shown(plain[0].prompt), "### Be kind.\nhi\n###\n");
  EXPECT_EQ(plain[0].reply, "hello");
  EXPECT_EQ(shown(plain[1].prompt), "### more\n###\n");
  EXPECT_FALSE(plain[1].has_reply);
  EXPECT_EQ(
      shown(PromptTemplate("chatml").turns(messages)[0].prompt),
      "{<|im_start|>}system\nBe kind.{<|im_end|>}\n{<|im_start|>}user\nhi{<|im_end|>}\n{<|im_start|>}assistant\n");
}

// The first turn with a system message, and the second with the first reply before it.
TEST(PromptTemplate, EachSpellsTurnsAsItsAuthorsDo) {
  const std::vector<Message> messages = {{"system", "S"}, {"user", " U "}, {"assistant", " R "}, {"user", "V"}};
  struct Case {
    const char *name, *first, *reply, *second;
  };
  const std::vector<Case> cases = {
      {"qwen2", "{<|im_start|>}system\nS{<|im_end|>}\n{<|im_start|>}user\n U {<|im_end|>}\n{<|im_start|>}assistant\n",
       " R ", "\n{<|im_start|>}user\nV{<|im_end|>}\n{<|im_start|>}assistant\n"},
      {"llama2", "{BOS}[INST] <<SYS>>\nS\n<</SYS>>\n\n U [/INST]", " R ", "{BOS}[INST] V [/INST]"},
      {"llama3",
       "{BOS}{<|start_header_id|>}system{<|end_header_id|>}\n\nS{<|eot_id|>}{<|start_header_id|>}user{<|end_header_id|>"
       "}"
       "\n\nU{<|eot_id|>}{<|start_header_id|>}assistant{<|end_header_id|>}\n\n",
       "R",
       "{<|start_header_id|>}user{<|end_header_id|>}\n\nV{<|eot_id|>}{<|start_header_id|>}assistant{<|end_header_id|>}"
       "\n\n"},
      {"mistral", "{BOS} [INST] S\n\n U  [/INST]", "  R ", " [INST] V [/INST]"},
      {"mistral-2023", "{BOS}[INST] S\n\n U  [/INST]", " R ", "[INST] V [/INST]"},
      {"zephyr", "<|system|>\nS{EOS}\n<|user|>\n U {EOS}\n<|assistant|>\n", " R ",
       "\n<|user|>\nV{EOS}\n<|assistant|>\n"},
      {"gemma", "{BOS}{<start_of_turn>}user\nS\n\nU{<end_of_turn>}\n{<start_of_turn>}model\n", "R",
       "\n{<start_of_turn>}user\nV{<end_of_turn>}\n{<start_of_turn>}model\n"},
      {"phi3", "{<|system|>}\nS{<|end|>}\n{<|user|>}\n U {<|end|>}\n{<|assistant|>}\n", " R ",
       "\n{<|user|>}\nV{<|end|>}\n{<|assistant|>}\n"},
      {"phi4-mini", "{<|system|>}S{<|end|>}{<|user|>} U {<|end|>}{<|assistant|>}", " R ",
       "{<|user|>}V{<|end|>}{<|assistant|>}"},
      {"granite",
       "{<|start_of_role|>}system{<|end_of_role|>}S{<|end_of_text|>}\n{<|start_of_role|>}user{<|end_of_role|>} U "
       "{<|end_of_text|>}\n{<|start_of_role|>}assistant{<|end_of_role|>}",
       " R ",
       "\n{<|start_of_role|>}user{<|end_of_role|>}V{<|end_of_text|>}\n{<|start_of_role|>}assistant{<|end_of_role|>}"},
      {"olmo2", "{BOS}<|system|>\nS\n<|user|>\n U \n<|assistant|>\n", " R ", "\n<|user|>\nV\n<|assistant|>\n"},
  };
  for (const Case& each : cases) {
    const auto turns = PromptTemplate(each.name).turns(messages);
    EXPECT_EQ(shown(turns[0].prompt), each.first) << each.name;
    EXPECT_EQ(turns[0].reply, each.reply) << each.name;
    EXPECT_EQ(shown(turns[1].prompt), each.second) << each.name;
  }
}

TEST(PromptTemplate, DefaultSystemMessagesComeFirstOnly) {
  const std::vector<Message> messages = {{"user", "U"}, {"assistant", "R"}, {"user", "V"}};
  const auto turns = PromptTemplate("smollm2").turns(messages);
  EXPECT_EQ(shown(turns[0].prompt),
            "{<|im_start|>}system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face{<|im_end|>}\n{<|im_start|>}user\nU{<|im_end|>}\n{<|im_start|>}assistant\n");
  EXPECT_EQ(shown(turns[1].prompt), "\n{<|im_start|>}user\nV{<|im_end|>}\n{<|im_start|>}assistant\n");
  EXPECT_EQ(shown(PromptTemplate("smollm2").prompt("U", "")), shown(turns[0].prompt));
  EXPECT_EQ(
      shown(PromptTemplate("llama3.1").prompt("U", "I")),
      "{BOS}{<|start_header_id|>}system{<|end_header_id|>}\n\nCutting Knowledge Date: December 2023\nToday Date: 26 "
      "Jul 2024\n\n{<|eot_id|>}{<|start_header_id|>}user{<|end_header_id|>}\n\nU\nI{<|eot_id|>}"
      "{<|start_header_id|>}assistant{<|end_header_id|>}\n\n");
}

TEST(PromptTemplate, RefusesTurnsOutOfOrder) {
  const PromptTemplate plain("plain"), alpaca("alpaca");
  const auto error = [](const PromptTemplate& prompt_template, const std::vector<Message>& messages) {
    return error_of([&] { prompt_template.turns(messages); });
  };
  EXPECT_EQ(error(plain, {{"bot", "x"}}), "messages[0].role: expected system, user or assistant, found \"bot\"");
  EXPECT_EQ(error(plain, {{"assistant", "x"}}), "messages[0]: an assistant message without a user's before it");
  EXPECT_EQ(error(plain, {{"user", "x"}, {"user", "y"}}),
            "messages[1]: two user messages without an assistant's between");
  EXPECT_EQ(error(plain, {{"user", "x"}, {"system", "y"}}), "messages[1]: a system message must be the first");
  EXPECT_EQ(error(alpaca, {{"user", "x"}, {"assistant", "y"}, {"user", "z"}}),
            "messages[2]: the template alpaca holds one exchange; --template chatml or plain holds several");
}

TEST(PromptTemplate, EndTokenMustExist) {
  const Tokenizer byte_level = testing::small_tokenizer("byte_level");
  const Tokenizer llama = testing::small_tokenizer("llama");
  EXPECT_EQ(PromptTemplate("plain").end_token_id(byte_level), byte_level.eos_token_id());
  EXPECT_EQ(PromptTemplate("chatml").end_token_id(byte_level), byte_level.token_id("<|im_end|>"));
  EXPECT_EQ(error_of([&] { PromptTemplate("chatml").end_token_id(llama); }),
            "the tokenizer has no special token <|im_start|>, which the template chatml needs; use --template plain or "
            "alpaca");
  const Tokenizer nameless(read_tokenizer_json(testing::text_data("byte_level/tokenizer.json")), {});
  EXPECT_EQ(error_of([&] { PromptTemplate("plain").end_token_id(nameless); }),
            "the tokenizer names no end-of-sequence token, and the template plain ends replies with it; put "
            "\"eos_token\" into tokenizer_config.json beside tokenizer.json");
  EXPECT_EQ(
      error_of([] { PromptTemplate("vicuna"); }),
      "unknown prompt template \"vicuna\"; there are plain, alpaca, chatml, qwen2, qwen2.5, smollm2, llama2, llama3, "
      "llama3.1, mistral, mistral-2023, zephyr, gemma, phi3, phi4-mini, granite, olmo2");
}

TEST(ChatTemplate, EveryPromptTemplateHasOne) {
  for (const std::string& name : PromptTemplate::names()) {
    const std::string jinja = chat_template_of(PromptTemplate(name));
    EXPECT_NE(jinja.find("message['content']"), std::string::npos) << name;
    // Marks and wording are those of the template itself.
    for (const PromptPiece& piece : PromptTemplate(name).prompt("X", "")) {
      std::string text = piece.text.substr(0, piece.text.find('\n'));
      text = text.substr(0, text.find('X'));
      if (text == "user") continue;  // the role of a message
      EXPECT_NE(jinja.find(text), std::string::npos) << name << ": " << text;
    }
  }
}

}  // namespace
}  // namespace matinee
