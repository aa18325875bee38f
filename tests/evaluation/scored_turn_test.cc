#include "lib/evaluation/scored_turn.h"

#include <gtest/gtest.h>

#include "lib/evaluation/rule_reading.h"
#include "lib/evaluation/turn_scores.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::small_system;

const MovieCatalog& catalog() { return small_system().catalog; }
const GoldNames& names() {
  static const GoldNames names(catalog());
  return names;
}
std::string movie(MovieId id) { return std::string(catalog().display_name(id)); }

TurnScore scored(const std::string& gold, const std::string& found, const std::string& more = "", MovieId it = -1) {
  TurnScore score;
  score.add(parse_scored_turn(R"({"id":"t1","state":"rec","user":"x","gold":)" + gold + more + "}"),
            parse_preference_update(found, catalog()), it, names());
  return score;
}

std::string counts(const TurnScore& score) {
  const TurnScore::Slots slots = score.slots();
  return std::to_string(slots.right) + " right, " + std::to_string(slots.wrong) + " wrong, " +
         std::to_string(slots.missing) + " missing";
}

TEST(TurnScore, CountsPairsThatAreRightWrongAndMissing) {
  const TurnScore score = scored(R"({"act":"inform","genres":["Comedy","Drama"]})",
                                 R"({"act":"inform","genres":["Comedy"],"not_genres":["Horror"]})");
  EXPECT_EQ(counts(score), "1 right, 1 wrong, 1 missing");
  EXPECT_EQ(score.acts.right, 1);
  EXPECT_EQ(score.exact.right, 0);
  EXPECT_DOUBLE_EQ(score.slots().f1(), 0.5);
}

TEST(TurnScore, TheOtherActsOfTheLabelAreRightToo) {
  const std::string gold = R"({"act":"accept"})";
  EXPECT_EQ(scored(gold, R"({"act":"leave"})", R"(,"also_acts":["leave"])").exact.right, 1);
  EXPECT_EQ(scored(gold, R"({"act":"reject"})", R"(,"also_acts":["leave"])").acts.right, 0);
}

TEST(TurnScore, OptionalPairsAreNeitherRequiredNorWrong) {
  const std::string optional = R"(,"optional":[["genres","Comedy"]])";
  EXPECT_EQ(counts(scored(R"({"act":"inform"})", R"({"act":"inform"})", optional)), "0 right, 0 wrong, 0 missing");
  EXPECT_EQ(scored(R"({"act":"inform"})", R"({"act":"inform","genres":["Comedy"]})", optional).exact.right, 1);
}

TEST(TurnScore, AnAtSignIsTheMovieThatStands) {
  const std::string gold = R"({"act":"like","liked":["@"]})", liked = R"({"act":"like","liked":[")" + movie(5) + "\"]}";
  EXPECT_EQ(counts(scored(gold, liked, "", 5)), "1 right, 0 wrong, 0 missing");
  EXPECT_EQ(counts(scored(gold, liked, "", 6)), "0 right, 1 wrong, 1 missing");
}

TEST(TurnScore, MoviesAreComparedByTitleAndNearlyByYear) {
  const std::string found = R"({"act":"inform","liked":[")" + movie(7) + "\"]}";
  const std::string title(catalog().title(7));
  const auto labelled = [&](const std::string& name) { return R"({"act":"inform","liked":[")" + name + "\"]}"; };
  const auto year = catalog().year(7);
  for (const std::string& name : {title, movie(7), title + " (" + std::to_string(year + 1) + ")"})
    EXPECT_EQ(counts(scored(labelled(name), found)), "1 right, 0 wrong, 0 missing") << name;
  // What the catalog lacks is not counted.
  EXPECT_EQ(counts(scored(labelled(title + " (" + std::to_string(year + 9) + ")"), R"({"act":"inform"})")),
            "0 right, 0 wrong, 0 missing");
  EXPECT_EQ(counts(scored(labelled("No Such Movie (1950)"), R"({"act":"inform"})")), "0 right, 0 wrong, 0 missing");
}

TEST(TurnScore, OldAndNewAreOpenSpans) {
  const auto years = [](const char* gold, const char* found) {
    return scored(std::string(R"({"act":"inform","years":")") + gold + "\"}",
                  std::string(R"({"act":"inform","years":")") + found + "\"}")
        .exact.right;
  };
  EXPECT_EQ(years("OLD", "until 1980"), 1);
  EXPECT_EQ(years("OLD", "1950s"), 0);
  EXPECT_EQ(years("NEW", "since 2015"), 1);
  EXPECT_EQ(years("NEW", "until 1980"), 0);
  EXPECT_EQ(years("1990s", "1990 to 1999"), 1);
  EXPECT_EQ(years("1990s", "since 1990"), 0);
}

// The labels say "beyond" where they have no fact for the question.
TEST(TurnScore, QuestionsBeyondTheLabelsAreNotScored) {
  EXPECT_EQ(scored(R"({"act":"ask"})", R"({"act":"ask","asks":"where"})", R"(,"beyond":["where"])").exact.right, 1);
  EXPECT_EQ(scored(R"({"act":"ask"})", R"({"act":"ask","asks":"cast"})", R"(,"beyond":["where"])").exact.right, 0);
}

TEST(ScoredTurn, MistakesInTheFileAreNamed) {
  EXPECT_NE(error_of([] { parse_scored_turn(R"({"id":"t","state":"rec","user":"x"})"); }).find("gold"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              parse_scored_turn(R"({"id":"t","state":"rec","user":"x","gold":{"act":"sing"}})");
            }).find("an act of the user"),
            std::string::npos);
}

TEST(RuleReading, WantsWhatItFinds) {
  RuleReading rule(small_system());
  const SystemAct greet{.kind = SystemActKind::kGreet}, offer{.kind = SystemActKind::kRecommend, .movie = 9};
  const auto read = [&](const SystemAct& act, const std::string& text) {
    return to_json(rule.understand({&act, 1}, text).update, catalog());
  };
  EXPECT_EQ(read(greet, "no comedies please"), R"({"act":"inform","genres":["Comedy"]})") << "it does not listen";
  EXPECT_EQ(read(offer, "I'll check it out, thanks"), R"({"act":"accept"})");
  EXPECT_EQ(read(offer, "who directed it?"), R"({"act":"ask","asks":"director"})");
  EXPECT_EQ(read(greet, "hello there"), R"({"act":"other"})");
}

TEST(TurnScores, AReaderThatKnowsTheTruthIsExactAndTheTableHasAColumnForEach) {
  struct Silent final : Understanding {
    UnderstoodTurn understand(std::span<const SystemAct>, std::string_view) override {
      UnderstoodTurn turn;
      turn.update.act = UserAct::kOther;
      return turn;
    }
  } silent;
  const std::vector<ScoredTurn> turns{
      parse_scored_turn(R"({"id":"a","state":"open","user":"hello","gold":{"act":"other"}})"),
      parse_scored_turn(R"({"id":"b","state":"open","user":"a comedy","gold":{"act":"inform","genres":["Comedy"]}})")};
  RuleReading rule(small_system());
  ThreadPool pool(1);
  const auto score = [&](Understanding& reader) {
    return score_turns(small_system(), turns, 1, pool, [&](int) -> Understanding& { return reader; });
  };
  const TurnScore by_rule = score(rule), by_silence = score(silent);
  EXPECT_EQ(by_rule.exact.right, 2);
  EXPECT_EQ(by_silence.exact.right, 1);
  EXPECT_TRUE(is_below(by_silence, by_rule));
  EXPECT_FALSE(is_below(by_rule, by_silence));
  const std::string table = score_table({{"model", by_silence}, {"rule", by_rule}});
  EXPECT_NE(table.find("act                            0.500     1.000\n"), std::string::npos) << table;
  EXPECT_NE(table.find("F1 of genres                   0.000     1.000\n"), std::string::npos) << table;
}

}  // namespace
}  // namespace matinee
