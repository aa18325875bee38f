#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "lib/base/error.h"
#include "lib/serve/conversations.h"

namespace matinee::testing {

/// Answers with the last message, letter by letter, without a model.
struct FakeConversations : Conversations {
  Answer answer(const ChatRequest& request, const OnText& on_text, const std::function<bool()>& gone) override {
    ++calls;
    const std::string text = request.messages.back().content;
    if (text == "refuse") throw RequestError(400, "messages[0].matinee: not like that", "messages[0].matinee");
    if (text == "fail") throw Error(ErrorCode::kBadData, "the catalog is broken");
    Answer answer;
    answer.prompt_tokens = 7;
    answer.matinee = R"({"films":[]})";
    for (const char letter : text) {
      if (gone && gone()) {
        answer.finish = Finish::kGone;
        ++stopped;
        return answer;
      }
      if (answer.completion_tokens == request.max_tokens) {
        answer.finish = Finish::kLength;
        break;
      }
      if (on_text && !on_text(std::string(1, letter))) break;
      answer.text += letter;
      ++answer.completion_tokens;
      if (on_letter) on_letter();
    }
    if (text == "break") throw Error(ErrorCode::kBadData, "the catalog is broken");
    return answer;
  }
  std::string start_json() override { return R"({"opening":"Hi"})"; }
  std::optional<std::string> movie_json(std::string_view tconst) override {
    if (tconst != "tt0113277") return std::nullopt;
    return R"({"tconst":"tt0113277"})";
  }
  std::string search_json(std::string_view query) override { return R"({"films":[")" + std::string(query) + R"("]})"; }
  std::string genres_json() override { return R"({"genres":[]})"; }
  std::string people_json(std::string_view) override { return R"({"people":[]})"; }
  std::optional<std::string> map_json() override { return std::nullopt; }
  std::string memory_lines() override { return "{}\n"; }
  std::string set_verdict(std::string_view body) override { return std::string(body); }

  std::function<void()> on_letter;
  std::atomic<int> calls = 0, stopped = 0;
};

}  // namespace matinee::testing
