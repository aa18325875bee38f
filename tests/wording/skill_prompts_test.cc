#include "lib/wording/skill_prompts.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

TEST(SkillPrompts, AreTheSameForTheSameActAndOneLineEach) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  EXPECT_EQ(act_prompt({.kind = SystemActKind::kAsk, .slot = Slot::kYears}, {}, catalog).instruction,
            "Ask the user about the years.");
  const MovieId heat = catalog.find_display_name("Heat (1995)").value();
  std::set<std::string> all;
  for (int slot = 0; slot < kSlots; ++slot)
    all.insert(act_prompt({.kind = SystemActKind::kAsk, .slot = static_cast<Slot>(slot)}, {}, catalog).instruction);
  for (int fact = 0; fact < kFacts; ++fact) {
    all.insert(act_prompt({.kind = SystemActKind::kAnswer, .movie = heat, .fact = static_cast<Fact>(fact)}, {}, catalog)
                   .instruction);
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kSlots + kFacts));
}

}  // namespace
}  // namespace matinee
