#include "lib/evaluation/judge.h"

#include <gtest/gtest.h>

#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::small_system;

// Says the same whatever the act.
class OneText final : public Wording {
 public:
  explicit OneText(std::string text, ReplyEnd end = ReplyEnd::kFinished) : text_(std::move(text)), end_(end) {}
  WordedAct realize(const SystemAct&, const PreferenceState&, SaidSentences&, const OnText&) override {
    return {text_, end_};
  }

 private:
  std::string text_;
  ReplyEnd end_;
};

class OneUpdate final : public Understanding {
 public:
  explicit OneUpdate(const char* json, ReplyEnd end = ReplyEnd::kFinished)
      : turn_{parse_preference_update(json, small_system().catalog), end} {}
  UnderstoodTurn understand(std::span<const SystemAct>, std::string_view) override { return turn_; }

 private:
  UnderstoodTurn turn_;
};

std::string ratio(const Ratio& of) { return std::to_string(of.right) + "/" + std::to_string(of.all); }
std::string exact(const Figures& figures, Skill skill) { return ratio(figures.exact[static_cast<std::size_t>(skill)]); }

// One exchange: a question about the runtime, and its answer with a genre and years.
Conversation asked_for_runtime() {
  Exchange exchange;
  exchange.acts = {SystemAct{.kind = SystemActKind::kAsk, .slot = Slot::kRuntime}};
  exchange.texts = {"How much time do you have?"};
  exchange.user_text = "a comedy of the nineties";
  exchange.update = parse_preference_update("{\"act\":\"inform\",\"genres\":[\"Comedy\"],\"years\":[1990,1999]}",
                                            small_system().catalog);
  Conversation conversation;
  conversation.exchanges = {exchange};
  return conversation;
}

Figures judged(std::unique_ptr<Wording> wording, std::unique_ptr<Understanding> understanding) {
  Judge judge(small_system(), {std::move(wording), std::move(understanding), nullptr});
  judge.prompt_again(asked_for_runtime());
  return judge.figures();
}

TEST(Judge, TheTextOfTheDataIsRight) {
  const Figures figures = judged(std::make_unique<OneText>("How much time do you have?"), nullptr);
  EXPECT_EQ(exact(figures, Skill::kAsk), "1/1");
  EXPECT_EQ(ratio(figures.asks_the_slot), "1/1");
  EXPECT_EQ(exact(figures, Skill::kUnderstand), "1/1");
  EXPECT_EQ(ratio(figures.slots_found), "2/2");
  EXPECT_EQ(ratio(figures.slots_claimed), "2/2");
  EXPECT_EQ(figures.slot_f1(), 1);
  EXPECT_EQ(figures.replies, 1);
  EXPECT_EQ(figures.ungrounded, 0);
  EXPECT_EQ(figures.unfinished, 0);
  EXPECT_EQ(figures.misses, "");
}

TEST(Judge, SoIsAnotherPhraseOfTheSection) {
  const Figures figures = judged(std::make_unique<OneText>("How long should the movie be?"), nullptr);
  EXPECT_EQ(exact(figures, Skill::kAsk), "1/1");
  EXPECT_EQ(figures.misses, "");
}

TEST(Judge, AQuestionAboutAnotherSlotIsAMiss) {
  const Figures figures = judged(std::make_unique<OneText>("How old should it be?"), nullptr);
  EXPECT_EQ(exact(figures, Skill::kAsk), "0/1");
  EXPECT_EQ(ratio(figures.asks_the_slot), "0/1");
  EXPECT_NE(figures.misses.find("\"expected\":\"How much time do you have?\",\"got\":\"How old should it be?\"}\n"),
            std::string::npos)
      << figures.misses;
}

TEST(Judge, ATextWithWhatIsNoFactIsUngrounded) {
  EXPECT_EQ(judged(std::make_unique<OneText>("Do you like Heat (1995)?"), nullptr).ungrounded, 1);
}

TEST(Judge, HalfUnderstoodIsCountedBySlots) {
  const Figures figures =
      judged(std::make_unique<OneText>("How long should it be?"),
             std::make_unique<OneUpdate>(
                 "{\"act\":\"more\",\"genres\":[\"Comedy\"],\"not_genres\":[\"Drama\"],\"any\":[\"person\"]}"));
  EXPECT_EQ(exact(figures, Skill::kUnderstand), "0/1");
  EXPECT_EQ(ratio(figures.acts), "0/1");
  EXPECT_EQ(ratio(figures.slots_found), "1/2");
  EXPECT_EQ(ratio(figures.slots_claimed), "1/3");
  EXPECT_DOUBLE_EQ(figures.slot_f1(), 0.4);
  EXPECT_NE(figures.misses.find("\"skill\":\"understand\""), std::string::npos);
}

TEST(Judge, CountsRepliesWithoutAnEnd) {
  const Figures figures = judged(std::make_unique<OneText>("How long should it be?", ReplyEnd::kUnfinished),
                                 std::make_unique<OneUpdate>("{\"act\":\"unsure\"}", ReplyEnd::kUnfinished));
  EXPECT_EQ(figures.unfinished, 2);
}

TEST(Judge, TrainingPromptsCountOnlyThere) {
  Judge judge(small_system(), {std::make_unique<OneText>("How old should it be?"), nullptr, nullptr});
  judge.prompt_training(asked_for_runtime());
  EXPECT_EQ(ratio(judge.figures().training_again), "1/2");
  EXPECT_EQ(judge.figures().replies, 0);
}

TEST(NamedCandidate, IsTheLongestNameInTheText) {
  const MovieCatalog& catalog = small_system().catalog;
  SystemAct act{.kind = SystemActKind::kRecommend};
  for (const MovieId movie : {3, 5, 8}) act.candidates.push_back({movie, 0, {}});
  const std::string name(catalog.display_name(5));
  EXPECT_EQ(named_candidate("Try " + name + ", it is good.", act, catalog), 5);
  EXPECT_EQ(named_candidate("Try " + name.substr(0, name.size() - 1), act, catalog), -1);
  EXPECT_EQ(named_candidate(std::string(catalog.display_name(4)), act, catalog), -1) << "no candidate";
}

}  // namespace
}  // namespace matinee
