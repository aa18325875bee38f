// What the simulated users write, over whole conversations.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/simulation/sample_talks.h"

namespace matinee {
namespace {

using testing::SampleTalks;

TEST(UserTexts, HaveNoStraySpaces) {
  const SampleTalks& world = SampleTalks::get();
  for (std::uint64_t index = 0; index < 200; ++index) {
    for (const Exchange& exchange : world.talk(5, index).exchanges) {
      const std::string& text = exchange.user_text;
      if (text.empty()) continue;
      EXPECT_NE(text.front(), ' ') << text;
      EXPECT_NE(text.back(), ' ') << text;
      EXPECT_EQ(text.find("  "), std::string::npos) << text;
    }
  }
}

double distinct_2(const std::vector<std::string>& texts, std::size_t tokens_wanted) {
  std::set<std::pair<std::string, std::string>> pairs;
  std::size_t total = 0;
  for (const std::string& text : texts) {
    std::string before, word;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      const char c = i < text.size() ? text[i] : ' ';
      if (c != ' ') {
        word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        continue;
      }
      if (word.empty()) continue;
      if (!before.empty()) {
        pairs.emplace(before, word);
        ++total;
      }
      before = word;
      word.clear();
    }
    if (total >= tokens_wanted) break;
  }
  return static_cast<double>(pairs.size()) / static_cast<double>(std::max<std::size_t>(total, 1));
}

TEST(UserTexts, VaryTheirWords) {
  const SampleTalks& world = SampleTalks::get();
  std::vector<std::string> texts;
  for (std::uint64_t index = 0; index < 400; ++index) {
    for (const Exchange& exchange : world.talk(6, index).exchanges) texts.push_back(exchange.user_text);
  }
  const double share = distinct_2(texts, 8000);
  RecordProperty("distinct_2_of_8000", std::to_string(share));
  EXPECT_GT(share, 0.35);
}

// The genres of simulated users are nearly always found.
TEST(UserTexts, NameGenresThatAreFound) {
  const SampleTalks& world = SampleTalks::get();
  int said = 0, missed = 0;
  for (std::uint64_t index = 0; index < 400; ++index) {
    for (const Exchange& exchange : world.talk(3, index).exchanges) {
      auto genres = exchange.update.said.genres;
      genres.insert(genres.end(), exchange.update.said.not_genres.begin(), exchange.update.said.not_genres.end());
      const auto mentions = world.genres.find(exchange.user_text);
      for (const GenreId genre : genres) {
        ++said;
        missed += std::none_of(mentions.begin(), mentions.end(),
                               [&](const GenreMention& mention) { return mention.genre == genre; });
      }
    }
  }
  EXPECT_GT(said, 400);
  EXPECT_LT(missed, said / 20) << missed << " of " << said;
}

}  // namespace
}  // namespace matinee
