#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/chat/template_wording.h"
#include "lib/io/json_reader.h"
#include "lib/serve/chat_conversations.h"
#include "tests/chat/scripted_chat.h"

namespace matinee::testing {

inline const Tokenizer& mini_tokenizer() {
  static const Tokenizer tokenizer = Tokenizer::load("testdata/mini");
  return tokenizer;
}

/// Words of the phrasebook; users write updates in JSON.
inline TurnSkills scripted_skills(std::uint64_t seed, const std::function<bool()>&) {
  TurnSkills skills;
  skills.wording = std::make_unique<TemplateWording>(small_system(), seed);
  skills.understanding = std::make_unique<JsonUnderstanding>();
  return skills;
}

inline std::unique_ptr<ChatConversations> scripted_conversations(ChatConversationOptions options = {}) {
  return std::make_unique<ChatConversations>(small_system(), mini_tokenizer(), scripted_skills, std::move(options));
}

inline ChatMessage user_says(std::string text, std::string edit = "") {
  return {MessageRole::kUser, std::move(text), std::move(edit)};
}
inline ChatMessage assistant_says(std::string text) { return {MessageRole::kAssistant, std::move(text), ""}; }

/// A client that keeps its conversation.
class Client {
 public:
  explicit Client(Conversations& server) : server_(server) {}

  /// Says it and keeps the answer.
  const Answer& say(std::string text, std::string edit = "") {
    request.messages.push_back(user_says(std::move(text), std::move(edit)));
    last = server_.answer(request, {}, {});
    request.messages.push_back(assistant_says(last.text));
    return last;
  }
  /// Takes the last answer and the user's message before it back.
  void take_back() { request.messages.resize(request.messages.size() - 2); }

  ChatRequest request;
  Answer last;

 private:
  Conversations& server_;
};

/// The tconsts of the films of an answer.
inline std::vector<std::string> films_of(const Answer& answer) {
  JsonReader reader;
  std::vector<std::string> films;
  for (const JsonNode& film : reader.parse(answer.matinee)["films"].array()) films.push_back(film["tconst"].string());
  return films;
}

/// A field of the answer's object as JSON.
inline std::string field_of(const Answer& answer, const char* name) {
  JsonReader reader;
  return reader.parse(answer.matinee)[name].text();
}

}  // namespace matinee::testing
