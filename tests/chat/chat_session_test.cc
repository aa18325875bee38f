#include "lib/chat/chat_session.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::comedy;
using testing::recommendation;
using testing::small_system;

constexpr const char* kComedy = "{\"act\":\"inform\",\"genres\":[\"Comedy\"]}";
constexpr const char* kLeave = "{\"act\":\"leave\"}";

class ChatSessionTest : public ::testing::Test {
 protected:
  testing::NamedActs wording;
  testing::JsonUnderstanding understanding;
  ChatSession session{small_system(), wording, understanding};
};

TEST_F(ChatSessionTest, OpensWithAGreetingAndAQuestion) {
  std::vector<std::string> pieces;
  const ChatTurn& turn = session.open([&](std::string_view text) {
    pieces.emplace_back(text);
    return true;
  });
  EXPECT_EQ(turn.text, "[greet] [ask genre]");
  EXPECT_EQ(turn.texts, (std::vector<std::string>{"[greet]", "[ask genre]"}));
  EXPECT_EQ(turn.ends, (std::vector<ReplyEnd>{ReplyEnd::kFinished, ReplyEnd::kFinished}));
  EXPECT_EQ(pieces, (std::vector<std::string>{"", "[greet]", " ", "[ask genre]"}));
  EXPECT_FALSE(turn.finished);
}

TEST_F(ChatSessionTest, AnAnswerIsUnderstoodInTheLightOfTheLastAct) {
  session.open();
  const ChatTurn& turn = session.answer(kComedy);
  EXPECT_EQ(understanding.asked, (std::vector<std::string>{"greet, ask genre"}));
  EXPECT_EQ(turn.user_text, kComedy);
  EXPECT_EQ(turn.update.said.genres, (std::vector<GenreId>{small_system().catalog.genre_id("Comedy").value()}));
  EXPECT_EQ(session.state().preferences, turn.update.said);
  EXPECT_EQ(turn.text, recommendation(turn.update.said, 0) + " [ask person]");
}

TEST_F(ChatSessionTest, MoreRecommendsTheBestAndThenTheNext) {
  session.open();
  EXPECT_EQ(session.act(UserAct::kMore).texts.front(), recommendation({}, 0));
  EXPECT_EQ(session.act(UserAct::kMore).texts.front(), recommendation({}, 1));
  const auto best = small_system().ranker.rank({}, {}, 2);
  EXPECT_EQ(session.state().recommended, (std::vector<MovieId>{best[0].movie, best[1].movie}));
}

TEST_F(ChatSessionTest, ASeededSessionStartsWithDifferentGoodMovies) {
  const auto first_movies = [&](std::uint64_t seed) {
    ChatSession seeded(small_system(), wording, understanding);
    seeded.set_seed(seed);
    std::vector<MovieId> movies;
    for (int conversation = 0; conversation < 12; ++conversation) {
      seeded.restart();
      seeded.open();
      movies.push_back(seeded.answer(kComedy).acts.front().movie);
    }
    return movies;
  };
  const std::vector<MovieId> movies = first_movies(7);
  EXPECT_EQ(first_movies(7), movies);
  EXPECT_GT(std::set<MovieId>(movies.begin(), movies.end()).size(), 1u);
  EXPECT_EQ(first_movies(0), std::vector<MovieId>(12, first_movies(0).front()));
}

TEST_F(ChatSessionTest, UndoGoesBackToTheStateBefore) {
  EXPECT_FALSE(session.undo());
  session.open();
  EXPECT_FALSE(session.undo()) << "the opening stays";
  session.answer(kComedy);
  const PreferenceState known = session.state().preferences;
  session.answer("{\"act\":\"inform\",\"years\":[1990,1999]}");
  EXPECT_NE(session.state().preferences, known);
  EXPECT_TRUE(session.undo());
  EXPECT_EQ(session.state().preferences, known);
  EXPECT_EQ(session.turns().back().text, comedy(0) + " [ask person]");
}

TEST_F(ChatSessionTest, AfterTheClosingTheConversationGoesOnWithItsPreferences) {
  session.open();
  session.answer(kComedy);
  const PreferenceState known = session.state().preferences;
  EXPECT_EQ(session.answer(kLeave).text, "[close]");
  EXPECT_TRUE(session.turns().back().finished);
  session.answer("{\"act\":\"inform\",\"years\":\"1990s\"}");
  EXPECT_FALSE(session.finished());
  EXPECT_EQ(session.state().preferences.genres, known.genres);
  EXPECT_TRUE(session.state().preferences.years.has_value());
  session.answer(kLeave);
  EXPECT_TRUE(session.act(UserAct::kMore).text.starts_with("[recommend ")) << "a command goes on, too";
  EXPECT_FALSE(session.finished());
}

TEST_F(ChatSessionTest, UndoTakesBackTheClosing) {
  session.open();
  session.answer(kComedy);
  session.answer(kLeave);
  EXPECT_TRUE(session.undo());
  EXPECT_FALSE(session.finished());
  EXPECT_EQ(session.turns().back().text, comedy(0) + " [ask person]");
}

TEST_F(ChatSessionTest, AHistoryRanksAndOutlivesARestartButStaysOutOfPrompts) {
  PreferenceState history;
  history.liked = {3};
  history.seen = {0, 1};
  session.set_history(history);
  session.open();
  EXPECT_EQ(with_earlier(session.state()), history);
  session.answer("{\"act\":\"seen\",\"seen\":[\"" + std::string(small_system().catalog.display_name(7)) + "\"]}");
  EXPECT_EQ(with_earlier(session.state()).seen, (std::vector<MovieId>{7, 0, 1}));
  EXPECT_EQ(wording.preferences.seen, (std::vector<MovieId>{7}));
  EXPECT_TRUE(wording.preferences.liked.empty());
  session.act(UserAct::kMore);
  EXPECT_EQ(session.state().recommended.front(),
            small_system().ranker.rank(with_earlier(session.state()), {}, 1).front().movie);
  session.restart();
  session.open();
  EXPECT_EQ(with_earlier(session.state()), history);
}

TEST_F(ChatSessionTest, ATurnThatWasStoppedBeforeItsFirstWordIsAnswered) {
  session.open();
  EXPECT_TRUE(session.answer(kComedy, [](std::string_view) { return false; }).texts.empty());
  EXPECT_EQ(session.answer(kComedy).text, comedy(1));
}

TEST_F(ChatSessionTest, AStoppedReplyEndsThere) {
  int pieces = 0;
  const ChatTurn& turn = session.open([&](std::string_view text) {
    pieces += text.empty() ? 0 : 1;
    return text.empty();
  });
  EXPECT_EQ(pieces, 1);
  EXPECT_EQ(turn.text, "[greet]");
  EXPECT_EQ(turn.ends, (std::vector<ReplyEnd>{ReplyEnd::kStopped}));
  EXPECT_EQ(turn.acts.size(), 2u);
  EXPECT_EQ(turn.unfinished, 0);
  EXPECT_EQ(session.answer(kComedy).text, comedy(0) + " [ask person]") << "the conversation goes on";
}

TEST_F(ChatSessionTest, CountsRepliesWithoutAnEnd) {
  wording.unfinished = SystemActKind::kAsk;
  EXPECT_EQ(session.open().unfinished, 1);
  EXPECT_EQ(session.answer("?").unfinished, 2) << "the understanding and the next question";
  wording.unfinished.reset();
  EXPECT_EQ(session.answer(kComedy).unfinished, 0);
}

TEST_F(ChatSessionTest, TheTranscriptHasALineForEachTurn) {
  session.open();
  const std::string opening =
      "{\"user\":\"\",\"update\":{},\"acts\":[{\"act\":\"greet\"},{\"act\":\"ask\",\"slot\":\"genre\"}],\"text\":\"["
      "greet] [ask genre]\","
      "\"preferences\":{},\"finished\":false}";
  EXPECT_EQ(session.last_turn_json(), opening);
  const MovieId movie = session.answer(kComedy).acts.front().movie;
  const std::string tconst(small_system().catalog.tconst(movie)), name(small_system().catalog.display_name(movie));
  const std::string answer =
      "{\"user\":\"{\\\"act\\\":\\\"inform\\\",\\\"genres\\\":[\\\"Comedy\\\"]}\",\"update\":{\"act\":\"inform\","
      "\"genres\":[\"Comedy\"]},\"acts\":[{\"act\":\"recommend\",\"tconst\":\"" +
      tconst + "\",\"movie\":\"" + name + "\"},{\"act\":\"ask\",\"slot\":\"person\"}],\"text\":\"" + comedy(0) +
      " [ask person]\","
      "\"preferences\":{\"genres\":[\"Comedy\"]},\"finished\":false}";
  EXPECT_EQ(session.last_turn_json(), answer);
  EXPECT_EQ(session.transcript(), opening + "\n" + answer + "\n");
}

TEST_F(ChatSessionTest, FactsAreThoseOfTheMovieUnderDiscussion) {
  session.open();
  EXPECT_TRUE(session.facts().empty());
  session.act(UserAct::kMore);
  EXPECT_EQ(session.facts().front(), small_system().catalog.display_name(session.state().recommended.front()));
}

}  // namespace
}  // namespace matinee
