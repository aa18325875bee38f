// The viewing history of a server: verdicts of turns, of the page, of other processes, and of turns that were edited.
#include <gtest/gtest.h>

#include <thread>

#include "lib/base/append_file.h"
#include "lib/base/write_fault.h"
#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::Client;
using testing::films_of;
using testing::scripted_conversations;
using testing::small_system;

class ConversationMemoryTest : public ::testing::Test {
 protected:
  const MovieCatalog& catalog = small_system().catalog;
  testing::TemporaryFolder folder;
  std::string path = folder.file("memory.jsonl");
  std::vector<std::string> notes;
  std::unique_ptr<ChatConversations> server =
      scripted_conversations({.memory = path, .note = [this](std::string_view text) { notes.emplace_back(text); }});

  std::string tconst(MovieId movie) const { return std::string(catalog.tconst(movie)); }
  std::string likes(MovieId movie) const {
    return R"({"act":"like","liked":[")" + std::string(catalog.display_name(movie)) + "\"]}";
  }
  Verdict verdict(MovieId movie) const {
    const ViewingHistory history(path, catalog, [](std::string_view) {});
    const ViewingEntry* entry = history.find(catalog.tconst(movie));
    return entry == nullptr ? Verdict::kNone : entry->verdict;
  }
  std::size_t lines() const {
    const std::string text = read_appended(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::string post(MovieId movie, const char* verdict) {
    return server->set_verdict(R"({"tconst":")" + tconst(movie) + R"(","verdict":")" + verdict + "\"}");
  }
};

constexpr const char* kMore = R"({"act":"more"})";

TEST_F(ConversationMemoryTest, VerdictsOfTurnsAreKnownToAllConversations) {
  Client client(*server);
  client.say(likes(5));
  EXPECT_EQ(verdict(5), Verdict::kLiked);
  EXPECT_EQ(lines(), 1u);
  const std::string offered = films_of(client.last).at(0);
  client.say(R"({"act":"dislike"})");
  EXPECT_EQ(verdict(catalog.find_tconst(offered).value()), Verdict::kDisliked);
  Client other(*server);
  for (int i = 0; i < 10; ++i) {
    for (const std::string& film : films_of(other.say(kMore))) {
      EXPECT_NE(film, tconst(5));
      EXPECT_NE(film, offered);
    }
    EXPECT_EQ(testing::field_of(other.last, "preferences"), "{}") << "of this conversation";
  }
  EXPECT_EQ(lines(), 2u);
  EXPECT_NE(server->movie_json(catalog.tconst(5))->find(R"("verdict":"liked")"), std::string::npos);
}

TEST_F(ConversationMemoryTest, ARegeneratedTurnIsRecordedOnce) {
  for (const char* id : {"", "a"}) {
    Client client(*server);
    client.request.conversation = id;
    for (std::uint64_t seed = 1; seed < 5; ++seed) {
      client.request.seed = seed;
      client.say(likes(5));
      client.take_back();
    }
  }
  EXPECT_EQ(lines(), 1u);
}

TEST_F(ConversationMemoryTest, ATurnThatIsEditedAwayLosesItsVerdicts) {
  post(7, "seen");
  Client client(*server);
  client.request.conversation = "a";
  client.say(kMore);
  client.say(likes(5));
  client.take_back();
  client.say(likes(7));
  EXPECT_EQ(verdict(5), Verdict::kNone);
  EXPECT_EQ(verdict(7), Verdict::kLiked);
  client.say(kMore);
  client.request.messages.resize(2);  // edits an earlier line
  client.say(kMore);
  EXPECT_EQ(verdict(7), Verdict::kSeen) << "what was known before";
  client.say(likes(9));
  client.say("/undo");
  client.say(kMore);
  EXPECT_EQ(verdict(9), Verdict::kNone);
}

TEST_F(ConversationMemoryTest, WhatTheTurnThatReplacesAnotherIsOfferedIsFreeOfItsVerdicts) {
  Client client(*server);
  client.request.conversation = "a";
  client.request.seed = 3;
  const std::string first = films_of(client.say(kMore)).at(0);
  client.take_back();
  client.say(R"({"act":"dislike","disliked":[")" +
             std::string(catalog.display_name(catalog.find_tconst(first).value())) + "\"]}");
  client.take_back();
  EXPECT_EQ(films_of(client.say(kMore)).at(0), first);
}

TEST_F(ConversationMemoryTest, AnotherConversationOrALaterVerdictTakesNothingBack) {
  Client a(*server), b(*server), none(*server);
  a.request.conversation = "a";
  b.request.conversation = "b";
  a.say(likes(5));
  none.say(likes(6));
  none.take_back();
  none.say(kMore);
  b.say(kMore);
  EXPECT_EQ(verdict(5), Verdict::kLiked);
  EXPECT_EQ(verdict(6), Verdict::kLiked) << "without a name of the conversation it is only a second one";
  post(5, "disliked");
  a.take_back();
  a.say(kMore);
  EXPECT_EQ(verdict(5), Verdict::kDisliked) << "the page said so meanwhile";
}

TEST_F(ConversationMemoryTest, ThePagesVerdictIsLaterThanTheConversations) {
  Client client(*server);
  client.say(likes(5));
  EXPECT_EQ(post(5, "none"), R"({"verdict":"none"})");
  EXPECT_EQ(testing::field_of(client.say(kMore), "preferences"), "{}");
  EXPECT_EQ(verdict(5), Verdict::kNone);
}

TEST_F(ConversationMemoryTest, OtherProcessesAddLines) {
  Client client(*server);
  client.say(kMore);
  append_lines(path, R"({"tconst":")" + tconst(11) + R"(","verdict":"liked"})" + "\nnonsense\n");
  client.say(kMore);
  EXPECT_NE(server->movie_json(catalog.tconst(11))->find(R"("verdict":"liked")"), std::string::npos);
  EXPECT_EQ(notes.size(), 1u);
  EXPECT_NE(server->memory_lines().find("nonsense"), std::string::npos) << "the file as it is";
}

TEST_F(ConversationMemoryTest, WrongVerdictsAreRefused) {
  const auto fault = [&](const char* body) {
    try {
      server->set_verdict(body);
    } catch (const RequestError& error) {
      return std::to_string(error.status()) + " " + error.param();
    }
    return std::string("none");
  };
  EXPECT_EQ(fault("nonsense"), "400 ");
  EXPECT_EQ(fault("[]"), "400 ");
  EXPECT_EQ(fault(R"({"verdict":"liked"})"), "400 tconst");
  EXPECT_EQ(fault(R"({"tconst":"tt1","verdict":"loved"})"), "400 verdict");
  EXPECT_EQ(fault(R"({"tconst":"tt1","verdict":"liked"})"), "404 tconst");
  EXPECT_EQ(lines(), 0u);
}

TEST_F(ConversationMemoryTest, AFileThatCannotBeWrittenIsNotedAndTheTurnAnswered) {
  Client client(*server);
  fail_nth_write(1);
  EXPECT_NE(client.say(likes(5)).text, "");
  EXPECT_EQ(notes.size(), 1u);
}

TEST_F(ConversationMemoryTest, SeveralThreadsAddAllTheirLines) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) post(static_cast<MovieId>(20 + t * 10 + i), "seen");
      Client client(*server);
      for (int i = 0; i < 10; ++i) client.say(likes(static_cast<MovieId>(100 + t * 10 + i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines(), 80u);
  for (MovieId movie = 100; movie < 140; ++movie) EXPECT_EQ(verdict(movie), Verdict::kLiked);
}

}  // namespace
}  // namespace matinee
