#include "lib/simulation/turn_variation.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

constexpr const char* kLine =
    R"({"id":"a","state":"rec","act":"seen","standing":"liked","either":["genre"],)"
    R"("marked":"Loved it. {Funny|genre want Comedy} or {scary|genre want Horror}, not {the old|years not OLD} ones, like {Some Film|movie liked}"})";

TEST(TurnVariation, KeepsTheLabels) {
  const LabelledTurn turn = parse_labelled_turn(kLine);
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random(1, "variation", i);
    const LabelledTurn other = varied(turn, random);
    ASSERT_EQ(other.labels.size(), turn.labels.size());
    EXPECT_EQ(other.text.substr(other.labels[3].begin, other.labels[3].end - other.labels[3].begin), "Some Film");
    for (std::size_t l = 0; l < other.labels.size(); ++l) {
      EXPECT_EQ(other.labels[l].role, turn.labels[l].role);
      EXPECT_LE(other.labels[l].end, other.text.size());
    }
  }
}

}  // namespace
}  // namespace matinee
