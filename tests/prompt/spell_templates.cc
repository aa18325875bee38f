// Shows prompt templates to scripts/compare-templates.
//
//   spell_templates list                        the names, one on each line
//   spell_templates jinja NAME                  its Jinja text
//   spell_templates go NAME BASE                its text in Go's template language
//   spell_templates recognize FILE...           for each: the fingerprint and the name of the row, or "-"
//   spell_templates spell NAME [BASE] <LINES    for each line of messages: {"text", "ids"}; ids with BASE's tokenizer
#include <fmt/core.h>

#include <iostream>
#include <optional>
#include <string>

#include "lib/base/file.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/prompt/chat_template.h"
#include "lib/prompt/jinja_fingerprint.h"
#include "lib/prompt/known_chat_templates.h"
#include "lib/prompt/ollama_modelfile.h"
#include "lib/prompt/sample_encoder.h"

namespace matinee {
namespace {

// BOS and EOS are spelled <BOS> and <EOS>.
std::string text_of(const PromptTemplate& prompt_template, const std::vector<Message>& messages) {
  using Kind = PromptPiece::Kind;
  const std::string end(prompt_template.row().end);
  std::string text;
  for (const PromptTurn& turn : prompt_template.turns(messages)) {
    for (const PromptPiece& piece : turn.prompt)
      text += piece.kind == Kind::kBos ? "<BOS>" : piece.kind == Kind::kEos ? "<EOS>" : piece.text;
    if (turn.has_reply) text += turn.reply + (end.empty() ? "<EOS>" : end);
  }
  return text;
}

void spell(const std::string& name, const char* base) {
  const PromptTemplate prompt_template(name);
  std::optional<Tokenizer> tokenizer;
  std::optional<SampleEncoder> encoder;
  if (base != nullptr) encoder.emplace(tokenizer.emplace(Tokenizer::load(base)), prompt_template);
  JsonReader reader;
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<Message> messages;
    for (const JsonNode& message : reader.parse(line).get("messages").array())
      messages.push_back({message.get("role").string(), message.get("content").string()});
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("text", text_of(prompt_template, messages)).key("ids").begin_array();
    if (encoder) {
      const bool answered = messages.back().role == "assistant";
      for (const std::int32_t id : answered ? encoder->conversation(messages).input_ids : encoder->prompt(messages))
        json.integer(id);
    }
    json.end_array().end_object();
    fmt::print("{}\n", out);
  }
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) return 2;
  if (words[0] == "list") {
    for (const std::string& name : PromptTemplate::names()) fmt::print("{}\n", name);
  } else if (words[0] == "jinja" && words.size() == 2) {
    fmt::print("{}", chat_template_of(PromptTemplate(words[1])));
  } else if (words[0] == "go" && words.size() == 3) {
    fmt::print("{}", go_template_of(PromptTemplate(words[1]).row(), Tokenizer::load(words[2])));
  } else if (words[0] == "recognize") {
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string jinja = read_file(words[i]);
      const TemplateRow* row = recognize_chat_template(jinja);
      fmt::print("{:016x} {}\n", jinja_fingerprint(jinja), row == nullptr ? "-" : row->name);
    }
  } else if (words[0] == "spell" && words.size() > 1) {
    spell(words[1], words.size() > 2 ? words[2].c_str() : nullptr);
  } else {
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) { return matinee::run({argv + 1, argv + argc}); }
