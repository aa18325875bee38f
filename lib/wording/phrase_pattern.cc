#include "lib/wording/phrase_pattern.h"

#include <fmt/format.h>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

class Parser {
 public:
  Parser(std::string_view line, const std::string& place) : line_(line), place_(place) {}

  PhraseSequence parse() {
    PhraseSequence sequence = sequence_until("");
    if (at_ < line_.size()) throw error(fmt::format("unexpected \"{}\"", line_[at_]));
    return sequence;
  }

 private:
  Error error(const std::string& what) const { return bad_data("{}:{}: {}", place_, at_ + 1, what); }

  PhraseSequence sequence_until(std::string_view ends) {
    PhraseSequence sequence;
    std::string text;
    const auto flush = [&] {
      if (!text.empty()) sequence.push_back({PhrasePiece::Kind::kText, text, {}});
      text.clear();
    };
    while (at_ < line_.size() && (ends.find(line_[at_]) == std::string_view::npos)) {
      const char c = line_[at_];
      if (c == '\\' && at_ + 1 < line_.size()) {
        text += line_[at_ + 1];
        at_ += 2;
      } else if (c == '{' || c == '<') {
        flush();
        sequence.push_back(
            {c == '{' ? PhrasePiece::Kind::kSlot : PhrasePiece::Kind::kPart, name_until(c == '{' ? '}' : '>'), {}});
      } else if (c == '(') {
        flush();
        ++at_;
        PhrasePiece group{PhrasePiece::Kind::kGroup, "", {}};
        for (;;) {
          group.alternatives.push_back(sequence_until("|)"));
          if (at_ == line_.size()) throw error("\"(\" without its \")\"");
          if (line_[at_++] == ')') break;
        }
        sequence.push_back(std::move(group));
      } else if (c == ')' || c == '|' || c == '}' || c == '>') {
        throw error(fmt::format("\"{}\" without its beginning", c));
      } else {
        text += c;
        ++at_;
      }
    }
    flush();
    return sequence;
  }

  std::string name_until(char end) {
    const std::size_t close = line_.find(end, at_);
    if (close == std::string_view::npos) throw error(fmt::format("\"{}\" without its \"{}\"", line_[at_], end));
    std::string name(line_.substr(at_ + 1, close - at_ - 1));
    const bool good =
        !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos;
    if (!good) throw error(fmt::format("\"{}\" is no name; names have lower-case letters, digits, _ and .", name));
    at_ = close + 1;
    return name;
  }

  std::string_view line_;
  const std::string& place_;
  std::size_t at_ = 0;
};

}  // namespace

PhraseSequence parse_phrase(std::string_view line, const std::string& place) { return Parser(line, place).parse(); }

}  // namespace matinee
