#include "lib/understanding/labelled_turn.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/io/text_reader.h"
#include "lib/understanding/reading_grammar.h"
#include "tests/support/temporary_folder.h"
#include "tests/understanding/sample_evidence.h"

namespace matinee {
namespace {

using testing::sample_evidence;

constexpr const char* kLine =
    R"({"id":"a","state":"rec","act":"seen","standing":"liked","either":["genre"],)"
    R"("marked":"Loved it. {Funny|genre want Comedy} or {scary|genre want Horror}, not {the old|years not OLD} ones, like {Some Film|movie liked}"})";

TEST(LabelledTurn, LabelsBecomeRoles) {
  const LabelledTurn turn = parse_labelled_turn(kLine);
  EXPECT_EQ(turn.text, "Loved it. Funny or scary, not the old ones, like Some Film");
  Random random(1, "state");
  const auto acts = acts_of_state(turn.state, 3, random);
  const MarkedTurn marked = marked_turn(turn, sample_evidence(), acts);
  EXPECT_EQ(to_text(marked.reading, true), "seen 0 liked 1 want 2 or 3 not 4 liked");
}

TEST(LabelledTurn, MistakesAreNamed) {
  const auto error = [](const char* line) { return testing::error_of([&] { (void)parse_labelled_turn(line); }); };
  EXPECT_EQ(error(R"({"id":"a","state":"open","act":"sing","marked":"la"})"),
            "labelled turn: act: unknown word \"sing\"");
  EXPECT_NE(error(R"({"id":"a","state":"open","act":"inform","marked":"{comedy"})").find("WORDS|KIND ROLE VALUE"),
            std::string::npos);
  EXPECT_NE(error(R"({"id":"a","state":"open","marked":"la"})").find("act"), std::string::npos);
}

// Nearly every labelled turn can be read: the grammar has its reading.
TEST(LabelledTurn, TheTurnsOfPeopleCanBeRead) {
  int turns = 0, unreadable = 0;
  for (const char* path : {"testdata/turns/work.jsonl", "testdata/turns/train.jsonl"}) {
    LineReader lines(path);
    std::string_view line;
    while (lines.next(line)) {
      const LabelledTurn turn = parse_labelled_turn(line);
      Random random(1, "state", static_cast<std::uint64_t>(turns));
      const auto acts = acts_of_state(turn.state, 3, random);
      const MarkedTurn marked = marked_turn(turn, sample_evidence(), acts);
      const TurnContext context(acts);
      ++turns;
      unreadable +=
          ReadingGrammar(turn.text, marked.marks, context).accepts(to_text(marked.reading, context.standing >= 0)) ? 0
                                                                                                                   : 1;
    }
  }
  EXPECT_GT(turns, 4000);
  EXPECT_LT(unreadable, turns / 25);
}

}  // namespace
}  // namespace matinee
