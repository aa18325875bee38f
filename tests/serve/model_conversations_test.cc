// Whole conversations with the adapter that comes along.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::assistant_says;
using testing::Client;
using testing::small_system;
using testing::user_says;

// The users' lines of the conversations in testdata.
std::vector<std::vector<std::string>> read_conversations() {
  std::vector<std::vector<std::string>> all;
  for (const char* name : {"known", "movies", "odd", "visitors", "wishes"}) {
    std::ifstream file("testdata/conversations/" + std::string(name) + ".txt");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("== ")) all.emplace_back();
      if (line.starts_with("> ")) all.back().push_back(line.substr(2));
    }
  }
  return all;
}

class ModelConversationsTest : public ::testing::Test {
 protected:
  ThreadPool pool{2};
  Context context{pool};
  LanguageModel model{context,
                      [] {
                        LanguageModelOptions options;
                        options.base = "testdata/mini";
                        options.adapter = "testdata/adapter";
                        return options;
                      }(),
                      8};
  SharedDecoder decoder{context, model, {.slots = 32}};

  std::unique_ptr<ChatConversations> server(ChatConversationOptions options = {}) {
    return std::make_unique<ChatConversations>(small_system(), model.tokenizer(), model_skills(decoder, small_system()),
                                               std::move(options));
  }
};

TEST_F(ModelConversationsTest, TheSameMessagesHaveTheSameAnswerWarmAndCold) {
  int turns = 0, other_words = 0;
  const auto warm = server();
  for (const auto& lines : read_conversations()) {
    Client client(*warm);
    client.request.seed = static_cast<std::uint64_t>(turns);
    for (const std::string& line : lines) {
      client.say(line);
      ++turns;
      ChatRequest request = client.request;
      request.messages.pop_back();
      const Answer cold = server()->answer(request, {}, {});
      ASSERT_EQ(cold.matinee, client.last.matinee) << line;
      if (cold.text != client.last.text) ++other_words;
    }
  }
  EXPECT_GT(turns, 100);
  // The decoder's sums depend on what it decodes together, so now and then another of two good words is drawn.
  EXPECT_LE(other_words, turns / 25);
}

// Threads share the server and, in pairs, the same conversation; each gets what it would get alone.
TEST_F(ModelConversationsTest, ThreadsDoNotDisturbEachOther) {
  const auto conversations = read_conversations();
  constexpr std::size_t kTalks = 6;
  std::vector<std::vector<std::string>> expected(kTalks), found(2 * kTalks);
  const auto talk = [&](Conversations& with, std::size_t which, std::vector<std::string>& texts) {
    Client client(with);
    for (const std::string& line : conversations[which]) {
      client.say(line);
      texts.push_back(client.last.text + client.last.matinee);
    }
  };
  for (std::size_t i = 0; i < kTalks; ++i) talk(*server(), i, expected[i]);
  const auto shared = server({.cache_bytes = 20'000});  // so that states come and go
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2 * kTalks; ++i) threads.emplace_back([&, i] { talk(*shared, i % kTalks, found[i]); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < 2 * kTalks; ++i) EXPECT_EQ(found[i], expected[i % kTalks]);
}

}  // namespace
}  // namespace matinee
