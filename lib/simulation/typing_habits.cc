#include "lib/simulation/typing_habits.h"

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/simulation/typing_errors.h"

namespace matinee {
namespace {

constexpr std::array<const char*, 12> kEmoji{"😂", "😊", "🍿", "😅", "👍", "❤️", "🙏", "😭", "🙄", "🎬", "😍", "🤔"};

bool ends_sentence(std::string_view text) {
  return text.ends_with('.') || text.ends_with('!') || text.ends_with('?') || text.ends_with(':');
}

std::string first_word(std::string_view text) { return to_lower(text.substr(0, text.find(' '))); }
std::string last_word(std::string_view text) { return to_lower(text.substr(text.rfind(' ') + 1)); }

// "Thanks!, bye" is "Thanks! bye".
std::string without_commas_behind_ends(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ',' || !(out.ends_with('!') || out.ends_with('?'))) out += c;
  }
  return out;
}

// "i'm" is "I'm" for those who use capitals.
std::string with_capitals(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool alone = (i == 0 || text[i - 1] == ' ') &&
                       (i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\'' || text[i + 1] == ',');
    if (text[i] == 'i' && alone) text[i] = 'I';
  }
  return text;
}

// Leaves out the apostrophes of "don't" and "I'm", but not those of names ("O'Brien").
std::string without_apostrophes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between = i > 0 && i + 1 < text.size() && is_letter(text[i - 1]) && is_lower(text[i + 1]);
    if (text[i] != '\'' || !between) out += text[i];
  }
  return out;
}

}  // namespace

const char* running_on(std::string_view text, std::string_view more) {
  return last_word(text) == first_word(more) ? ", " : " ";
}

std::string join_sentences(std::span<const std::string> sentences, const TypingHabits& habits, Random& random) {
  std::string all;
  const bool runs_on = random.chance(habits.run_on);
  for (const std::string& sentence : sentences) {
    if (all.empty()) {
      all = sentence;
      continue;
    }
    if (ends_sentence(all)) {
      all += ' ';
    } else if (runs_on) {
      all += random.chance(0.5) ? running_on(all, sentence) : ", ";
    } else {
      const double choice = random.uniform();
      all += choice < habits.exclamation ? "! "
             : choice < 0.74             ? ". "
             : choice < 0.88             ? ", "
             : choice < 0.94             ? "... "
                                         : " - ";
    }
    const std::size_t begin = all.size();
    all += sentence;
    if (begin > 1 && ends_sentence(std::string_view(all).substr(0, begin - 1))) all[begin] = to_upper(all[begin]);
  }
  return all;
}

std::string type_text(std::string_view text, const TypingHabits& habits, bool plain, Random& random) {
  std::string out = without_commas_behind_ends(text);
  const bool lower = random.chance(habits.lower_case), upper = random.chance(habits.upper_case);
  if (lower && !plain) {
    out = to_lower(out);
  } else {
    out = with_capitals(std::move(out));
    if (!random.chance(habits.lower_start)) out[0] = to_upper(out[0]);
  }
  if (upper && !plain) std::transform(out.begin(), out.end(), out.begin(), [](char c) { return to_upper(c); });
  if (random.chance(habits.no_apostrophe) && !plain) out = without_apostrophes(out);
  if (random.chance(habits.typing_error) && !plain) out = mistype(out, random);
  if (!ends_sentence(out) && !random.chance(habits.open_end)) {
    const bool loud = random.chance(habits.exclamation);
    out += loud ? (random.chance(0.3) ? "!!" : "!") : ".";
  } else if (out.ends_with('?') && random.chance(0.15)) {
    out.pop_back();
  }
  if (random.chance(habits.emoji)) out += std::string(" ") + random.pick(kEmoji);
  return out;
}

}  // namespace matinee
