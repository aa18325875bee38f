#include "lib/constraint/margin_language.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace matinee {
namespace {

// A finite list of texts. State: a bit for each that fits so far, and how many bytes came.
class Texts final : public ByteAutomaton {
 public:
  explicit Texts(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  State start() const override { return {{(1u << texts_.size()) - 1, 0}}; }
  bool advance(State& state, std::uint8_t byte) const override {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const std::size_t at = state.words[1];
      if (at >= texts_[i].size() || static_cast<std::uint8_t>(texts_[i][at]) != byte) state.words[0] &= ~(1u << i);
    }
    ++state.words[1];
    return state.words[0] != 0;
  }
  bool may_end(const State& state) const override {
    for (std::size_t i = 0; i < texts_.size(); ++i)
      if ((state.words[0] >> i & 1) != 0 && texts_[i].size() == state.words[1]) return true;
    return false;
  }

 private:
  std::vector<std::string> texts_;
};

// All texts over 'a', 'b' and the space of up to six bytes.
std::vector<std::string> short_texts() {
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (texts[i].size() < 6)
      for (const char c : {'a', 'b', ' '}) texts.push_back(texts[i] + c);
  return texts;
}

TEST(MarginLanguage, IsTheInnerLanguageWithItsMargins) {
  const std::vector<std::string> inner = {"a", "a b", "ab", " b", "a  "};
  const Texts language(inner);
  for (const std::string prefix : {"", " ", "ba"}) {
    for (const std::string suffix : {"", " ", "b"}) {
      const MarginLanguage with_margins(language, prefix, suffix);
      for (const std::string& text : short_texts()) {
        const bool wanted = std::any_of(inner.begin(), inner.end(), [&](const std::string& each) {
          return text == prefix + each || text == prefix + each + suffix;
        });
        EXPECT_EQ(with_margins.accepts(text), wanted) << '"' << prefix << "\" \"" << text << "\" \"" << suffix << '"';
      }
    }
  }
}

TEST(MarginLanguage, EveryStateLeadsToAnEnd) {
  const Texts language({"a", "a b", " b"});
  const MarginLanguage with_margins(language, " ", " ");
  const auto texts = short_texts();
  for (const std::string& text : texts) {
    ByteAutomaton::State state = with_margins.start();
    if (!std::all_of(text.begin(), text.end(),
                     [&](char c) { return with_margins.advance(state, static_cast<std::uint8_t>(c)); }))
      continue;
    EXPECT_TRUE(std::any_of(texts.begin(), texts.end(), [&](const std::string& whole) {
      return whole.starts_with(text) && with_margins.accepts(whole);
    })) << text;
  }
}

}  // namespace
}  // namespace matinee
