#include "lib/serve/chat_conversations.h"

#include <gtest/gtest.h>

#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::Client;
using testing::field_of;
using testing::films_of;
using testing::scripted_conversations;
using testing::small_system;

constexpr const char* kComedy = R"({"act":"inform","genres":["Comedy"]})";
constexpr const char* kMore = R"({"act":"more"})";

std::string json_name(MovieId movie) { return "\"" + std::string(small_system().catalog.display_name(movie)) + "\""; }

const std::vector<std::vector<std::string>>& scripts() {
  static const std::vector<std::vector<std::string>> lines{
      {kComedy, R"({"act":"seen"})", R"({"act":"inform","years":"1990s"})", R"({"act":"ask","asks":"director"})",
       "/why", R"({"act":"accept"})", kMore},
      {R"({"act":"inform","genres":["Comedy","Horror"],"either":["genre"]})", R"({"act":"accept","nth":2})",
       R"({"act":"inform","count":3})", R"({"act":"inform","pick":[)" + json_name(7) + "]}", kMore, "/more", "",
       R"({"act":"leave"})"},
      {R"({"act":"inform","count":7})", R"({"act":"reject"})", R"({"act":"like","liked":[)" + json_name(3) + "]}",
       R"({"act":"why"})", R"({"act":"ask","asks":"series"})",
       R"({"act":"inform","about":[)" + json_name(1) + "," + json_name(2) + "]}", kMore, kMore, kMore},
      {R"({"act":"inform","unknown":["Nowhere Land"],"beyond":["language"],"genres":["Western"],"years":"2010s",)"
       R"("runtime":"up to 80"})",
       kMore, R"({"act":"inform","people":["Tom Hanks"]})", kMore,
       R"({"act":"inform","drop":["genre","years","runtime","popularity","person","age","rating","keyword"]})", kMore},
      {R"({"act":"other"})", "?", "/help", "/facts", kMore, "/facts", "/nonsense", R"({"act":"other"})",
       R"({"act":"other"})", "/undo", kMore}};
  return lines;
}

TEST(ChatConversations, TheSameMessagesHaveTheSameAnswerWarmAndCold) {
  for (const auto& script : scripts()) {
    for (const bool greeted : {true, false}) {
      const auto warm = scripted_conversations();
      Client client(*warm);
      if (greeted) client.request.messages.push_back(testing::assistant_says("Hi! What genre would you like?"));
      for (const std::string& line : script) {
        const Answer& answer = client.say(line);
        ChatRequest request = client.request;
        request.messages.pop_back();
        const Answer cold = scripted_conversations()->answer(request, {}, {});
        EXPECT_EQ(cold.text, answer.text) << line;
        EXPECT_EQ(cold.matinee, answer.matinee) << line;
        const Answer without_cache = scripted_conversations({.cache_bytes = 0})->answer(request, {}, {});
        EXPECT_EQ(without_cache.text, answer.text) << line;
        EXPECT_EQ(warm->answer(request, {}, {}).text, answer.text) << "again: " << line;
      }
    }
  }
}

}  // namespace
}  // namespace matinee
