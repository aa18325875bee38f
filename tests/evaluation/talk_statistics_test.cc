#include "lib/evaluation/talk_statistics.h"

#include <gtest/gtest.h>

#include "lib/evaluation/conversation_generator.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

TEST(TalkStatistics, SentencesHaveWords) {
  EXPECT_TRUE(has_several_sentences("Seen it. Something newer?"));
  EXPECT_TRUE(has_several_sentences("wow! more"));
  for (const char* one : {"a comedy", "a comedy...", "Seen it!!", "rated 7.5 please", "", "..."})
    EXPECT_FALSE(has_several_sentences(one)) << one;
}

TEST(TalkStatistics, QuantilesAndSharesAreOfAllTurns) {
  TalkStatistics talk;
  for (const char* text : {"one", "one two", "one two three", "one two three four. five"})
    talk.add(TalkState::kOffer, UserAct::kAccept, text);
  talk.add(TalkState::kOpen, UserAct::kInform, "six words are in this turn");
  EXPECT_EQ(talk.words_quantile(0), 1);
  EXPECT_EQ(talk.words_quantile(0.5), 3);
  EXPECT_DOUBLE_EQ(talk.share_of_several_sentences(), 0.2);
  EXPECT_EQ(talk.share_of(TalkState::kOffer, UserAct::kAccept), 1);
  EXPECT_EQ(talk.share_of(TalkState::kOpen, UserAct::kAccept), 0);
  EXPECT_EQ(talk.distinct_2(100), 0) << "too few";
}

TEST(TalkStatistics, RepetitionLowersDistinct2) {
  TalkStatistics same, varied;
  for (int i = 0; i < 100; ++i) {
    same.add(TalkState::kOpen, UserAct::kInform, "a comedy please");
    varied.add(TalkState::kOpen, UserAct::kInform, "a" + std::to_string(i) + " b" + std::to_string(i) + " c");
  }
  EXPECT_DOUBLE_EQ(same.distinct_2(200), 0.01);
  EXPECT_DOUBLE_EQ(varied.distinct_2(200), 1);
}

// The bounds are those of real people (talk_statistics.cc), with some room.
TEST(TalkStatistics, SimulatedUsersTalkAsLongAndAsVariedAsPeople) {
  GeneratorOptions options;
  options.count = 700;
  ThreadPool pool(2);
  const GeneratorReport report = generate_conversations(
      testing::small_system(), options, 1, pool, [](std::string_view) {}, [](std::uint64_t) {});
  EXPECT_NEAR(report.talk.words_quantile(0.5), 9, 2);
  EXPECT_NEAR(report.talk.words_quantile(0.75), 15, 4);
  EXPECT_NEAR(report.talk.share_of_several_sentences(), 0.4, 0.08);
  EXPECT_GT(report.talk.distinct_2(2000), 0.7);
  EXPECT_GT(report.talk.distinct_2(8000), 0.54);
  EXPECT_GT(report.talk.share_of(TalkState::kOffer, UserAct::kAccept), 0.15);
}

}  // namespace
}  // namespace matinee
