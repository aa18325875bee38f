#include "lib/serve/text_limit.h"

#include <gtest/gtest.h>

#include "lib/base/utf8.h"
#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::mini_tokenizer;

struct Shown {
  std::string text;
  bool reached;
  Finish reason;
};

// Gives the text in pieces of `piece` bytes.
Shown limited(std::string_view text, std::size_t piece, std::int64_t max_tokens, std::vector<std::string> stop = {}) {
  TextLimit limit(mini_tokenizer(), max_tokens, stop);
  std::string shown;
  for (std::size_t at = 0; at < text.size() && !limit.reached(); at += piece)
    shown += limit.push(text.substr(at, piece));
  shown += limit.finish();
  EXPECT_EQ(shown, limit.shown());
  return {shown, limit.reached(), limit.reason()};
}

const std::string kText = "I'd try Bridesmaids (2011), a comedy by Paul Feig. It's from 2011 \u2014 f\u00fcr alle!";

TEST(TextLimit, WithoutLimitsEverythingIsShownAtOnce) {
  const std::vector<std::string> none;
  TextLimit limit(mini_tokenizer(), -1, none);
  EXPECT_EQ(limit.push("I'd tr"), "I'd tr");
  EXPECT_EQ(limit.push("y"), "y");
  EXPECT_EQ(limit.finish(), "");
  EXPECT_FALSE(limit.reached());
}

TEST(TextLimit, ANumberOfTokensGivesTheSameTextForAllPieces) {
  const auto ids = mini_tokenizer().encode(kText);
  for (std::size_t most = 0; most <= ids.size() + 1; ++most) {
    const std::string whole = mini_tokenizer().decode(std::span(ids).first(std::min(most, ids.size())));
    for (const std::size_t piece : {1u, 3u, 7u, 1000u}) {
      const Shown shown = limited(kText, piece, static_cast<std::int64_t>(most));
      EXPECT_TRUE(whole.starts_with(shown.text) && whole.size() - shown.text.size() < 4) << most << ": " << shown.text;
      EXPECT_TRUE(is_utf8(shown.text));
      EXPECT_EQ(shown.reached, most < ids.size()) << most;
      EXPECT_EQ(shown.reason, most < ids.size() ? Finish::kLength : Finish::kStop);
    }
  }
}

TEST(TextLimit, AStopEndsTheTextBeforeIt) {
  for (const std::size_t piece : {1u, 2u, 5u, 1000u}) {
    EXPECT_EQ(limited(kText, piece, -1, {"comedy"}).text, "I'd try Bridesmaids (2011), a ");
    EXPECT_EQ(limited(kText, piece, -1, {"nothing", "(20", "(2011)"}).text, "I'd try Bridesmaids ");
    EXPECT_EQ(limited(kText, piece, -1, {"I'd"}).text, "");
    EXPECT_EQ(limited(kText, piece, -1, {"alle!!"}).text, kText) << "the beginning of a stop is shown in the end";
    EXPECT_EQ(limited(kText, piece, -1, {""}).text, kText);
    EXPECT_EQ(limited(kText, piece, -1, {"comedy"}).reason, Finish::kStop);
    EXPECT_EQ(limited(kText, piece, 3, {"comedy"}).reason, Finish::kLength);
    EXPECT_EQ(limited(kText, piece, 1000, {"comedy"}).text, "I'd try Bridesmaids (2011), a ");
  }
}

}  // namespace
}  // namespace matinee
