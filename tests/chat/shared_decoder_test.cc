// Generators that share one decoder, on the mini base of testdata/ without an adapter.
#include "lib/chat/shared_decoder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <utility>

#include "lib/base/random.h"
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
  LanguageModelOptions options = testing::mini_options("f32");
  LanguageModel model{context, options};
  ThreadPool shared_pool{2};
  Context shared_context{shared_pool};
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

// More callers than slots, each with replies of its own.
TEST_F(SharedDecoderTest, ManyThreadsGetTheRepliesOfAGeneratorAlone) {
  constexpr int kCallers = 9, kReplies = 4;
  std::vector<std::vector<TextGenerator::Reply>> found(kCallers);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      const auto generator = shared.generator(static_cast<std::uint64_t>(caller));
      for (int i = 1; i <= kReplies; ++i)
        found[static_cast<std::size_t>(caller)].push_back(reply(*generator, 1 + (caller + i) % 5, 12));
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::int64_t passes = 0;
  for (int caller = 0; caller < kCallers; ++caller) {
    TextGenerator alone(context, model, options.sampler, static_cast<std::uint64_t>(caller));
    for (int i = 1; i <= kReplies; ++i) {
      const auto& made = found[static_cast<std::size_t>(caller)][static_cast<std::size_t>(i - 1)];
      const TextGenerator::Reply wanted = reply(alone, 1 + (caller + i) % 5, 12);
      EXPECT_EQ(made.text, wanted.text);
      EXPECT_EQ(made.passes, wanted.passes);
      passes += made.passes;
    }
  }
  const SharedDecoder::Counts counts = shared.counts();
  EXPECT_LT(counts.steps, passes) << "no step had tokens of two";
  EXPECT_GT(counts.reused, 0) << "all prompts begin with the same instruction";
}

// Callers that leave at any time, also while they wait for a slot, leave nothing behind.
TEST_F(SharedDecoderTest, ThoseThatLeaveHoldNobodyUp) {
  constexpr int kCallers = 12;
  std::vector<std::thread> callers;
  std::atomic<int> stopped = 0, finished = 0;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      Random random(static_cast<std::uint64_t>(caller), "leave");
      for (int i = 0; i < 6; ++i) {
        std::atomic<std::int64_t> left = caller % 3 == 0 ? 1000 : static_cast<std::int64_t>(random.below(12));
        const auto generator = shared.generator(1, [&] { return --left < 0; });
        const TextGenerator::Reply made = reply(*generator, 1 + i % 4, 8);
        ++(made.end == ReplyEnd::kStopped ? stopped : finished);
        EXPECT_TRUE(made.end == ReplyEnd::kStopped || made.end == ReplyEnd::kFinished || made.passes == 8);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(stopped + finished, kCallers * 6);
  EXPECT_GE(finished, kCallers / 3 * 6);
  EXPECT_GT(stopped, 0);
  // All slots are free again: as many replies as there are slots begin at once.
  const auto a = shared.generator(1), b = shared.generator(2), c = shared.generator(3);
  for (TextGenerator* generator : {a.get(), b.get(), c.get()}) EXPECT_GT(reply(*generator, 1, 4).passes, 0);
}

// A caller that waits for a slot leaves although no step asks it.
TEST_F(SharedDecoderTest, OneThatWaitsForASlotCanLeave) {
  std::promise<void> go;
  const std::shared_future<void> going = go.get_future().share();
  std::vector<std::thread> threads;
  std::atomic<int> holding = 0;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const auto generator = shared.generator(1);
      SystemAct act{.kind = SystemActKind::kGreet};
      bool first = true;
      generator->reply(act_prompt(act, {}, small_system().catalog), nullptr, 30, TextGenerator::Choice::kSampled,
                       [&](std::string_view) {
                         if (std::exchange(first, false)) {
                           ++holding;
                           going.wait();
                         }
                         return true;
                       });
    });
  }
  while (holding < 3) std::this_thread::yield();
  std::atomic<bool> gone = false;
  const auto waiting = shared.generator(1, [&] { return gone.load(); });
  std::thread leaving([&] { EXPECT_EQ(reply(*waiting, 1).end, ReplyEnd::kStopped); });
  gone = true;
  leaving.join();
  go.set_value();
  for (std::thread& thread : threads) thread.join();
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
