// Generators that share one decoder, on the mini base of testdata/ without an adapter.
#include "lib/chat/shared_decoder.h"

#include <gtest/gtest.h>

#include <atomic>

#include "lib/chat/chat_session.h"
#include "lib/chat/model_skills.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::small_system;

class SharedDecoderTest : public ::testing::Test {
 protected:
  ThreadPool pool{2};
  Context context{pool};
  LanguageModelOptions options = [] {
    LanguageModelOptions mini;
    mini.base = "testdata/mini";
    mini.base_format = BaseFormat{"f32"};
    return mini;
  }();
  LanguageModel model{context, options, 4};
  Context shared_context{pool};
  SharedDecoder shared{shared_context, model, {.slots = 3}};

  static TextGenerator::Reply reply(TextGenerator& generator, int n_movies, int max_tokens = 24) {
    SystemAct act{.kind = SystemActKind::kRecommend, .candidates = small_system().ranker.rank({}, {}, n_movies)};
    act.movie = act.candidates.back().movie;
    return generator.reply(act_prompt(act, {}, small_system().catalog), nullptr, max_tokens,
                           TextGenerator::Choice::kSampled);
  }
};

TEST_F(SharedDecoderTest, RepliesAreThoseOfAGeneratorAlone) {
  TextGenerator alone(context, model, options.sampler, 7);
  const auto together = shared.generator(7);
  for (int i = 1; i < 4; ++i) {
    const TextGenerator::Reply wanted = reply(alone, i), found = reply(*together, i);
    EXPECT_EQ(found.text, wanted.text);
    EXPECT_EQ(found.end, wanted.end);
  }
}

TEST_F(SharedDecoderTest, WhoeverIsGoneIsStopped) {
  std::atomic<int> asked = 0;
  const auto generator = shared.generator(7, [&] { return ++asked > 5; });
  const TextGenerator::Reply stopped = reply(*generator, 1);
  EXPECT_EQ(stopped.end, ReplyEnd::kStopped);
  EXPECT_LE(stopped.passes, 5);
  EXPECT_EQ(reply(*generator, 1).passes, 0);
  EXPECT_EQ(generator->token_accuracy(act_prompt({.kind = SystemActKind::kGreet}, {}, small_system().catalog), "hi"),
            std::pair(std::int64_t{0}, std::int64_t{0}));
}

TEST_F(SharedDecoderTest, ATurnThatIsStoppedInUnderstandingChangesNothing) {
  std::atomic<bool> gone = false;
  const auto generator = shared.generator(1, [&] { return gone.load(); });
  ModelWording wording(*generator, small_system(), 1);
  ModelUnderstanding understanding(*generator, small_system());
  ChatSession session(small_system(), wording, understanding);
  session.open();
  const std::string before = session.transcript();
  gone = true;
  const ChatTurn& turn = session.answer("a comedy or a drama from the 1990s");
  ASSERT_EQ(turn.ends, std::vector{ReplyEnd::kStopped});
  EXPECT_FALSE(turn.has_update);
  EXPECT_EQ(turn.unfinished, 0);
  EXPECT_EQ(session.turns().size(), 1u);
  EXPECT_EQ(session.transcript(), before);
  gone = false;
  EXPECT_TRUE(session.answer("a comedy or a drama from the 1990s").has_update);
  EXPECT_EQ(session.turns().size(), 2u);
}

}  // namespace
}  // namespace matinee
