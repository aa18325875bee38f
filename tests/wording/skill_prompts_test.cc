#include "lib/wording/skill_prompts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "lib/dialogue/spoken_text.h"
#include "lib/wording/wording.h"
#include "tests/dialogue/sample_world.h"
#include "tests/wording/random_acts.h"

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

// Words of letters, digits and bytes of other characters.
std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// The words of a prompt, and the numbers of every length of time in it, in both spellings.
std::set<std::string> derivable(const SkillPrompt& prompt) {
  const std::vector<std::string> words = words_in(prompt.instruction + " " + prompt.input);
  std::set<std::string> all(words.begin(), words.end());
  const auto number = [](const std::string& word) {
    int value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() ? value : -1;
  };
  std::set<int> lengths;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const int first = number(words[i]);
    if (first < 0) continue;
    lengths.insert(first);
    const bool hours = i + 1 < words.size() && words[i + 1] == "h" && first < 10;
    if (hours) lengths.insert(60 * first + (i + 3 < words.size() && words[i + 3] == "min" ? number(words[i + 2]) : 0));
  }
  for (const int minutes : lengths) {
    if (minutes > 600) continue;
    for (const std::string& word : words_in(short_length(minutes) + " " + spoken_length(minutes))) all.insert(word);
  }
  return all;
}

// A reply names nobody and nothing that its prompt does not: no name, title, year, rating or length is left to
// invention.
TEST(SkillPrompts, GiveEveryNameAndNumberOfTheReplies) {
  const SampleWorld& world = SampleWorld::get();
  const Phrasebook book = Phrasebook::built_in();
  Random random(5, "given");
  int names = 0;
  for (int kind = 0; kind < kSystemActKinds; ++kind) {
    for (int repeat = 0; repeat < 150; ++repeat) {
      const testing::RandomAct made = testing::random_act(static_cast<SystemActKind>(kind), world.catalog, random);
      const SkillPrompt prompt = act_prompt(made.act, made.preferences, world.catalog);
      const std::set<std::string> given = derivable(prompt);
      for (const PhraseRequest& request : possible_wordings(made.act, made.preferences, world.catalog)) {
        std::set<std::string> own{"10"};  // "out of 10"
        for (const std::string& word : book.section_words(request.section)) {
          for (const std::string& part : words_in(word)) own.insert(part);
        }
        for (int phrase = 0; phrase < 12; ++phrase) {
          const std::string text = book.expand(request.section, request.slots, random);
          for (const std::string& word : words_in(text)) {
            const auto first = static_cast<unsigned char>(word[0]);
            if (std::isupper(first) == 0 && std::isdigit(first) == 0) continue;
            ++names;
            ASSERT_TRUE(given.contains(word) || own.contains(word) || (word == "TV" && given.contains("tv")))
                << word << " of: " << text << "\nis not in: " << prompt.instruction << "\n"
                << prompt.input;
          }
        }
      }
    }
  }
  EXPECT_GT(names, 20'000);
}

}  // namespace
}  // namespace matinee
