#include "lib/dialogue/phrasebook.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"
#include "lib/io/text_reader.h"

extern "C" {
// The files of lib/dialogue/phrases, one after another (mk/tools.mk).
extern const char matinee_phrases_begin[];
extern const char matinee_phrases_end[];
}

namespace matinee {
namespace {

constexpr std::uint64_t kMany = std::numeric_limits<std::uint64_t>::max();

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMany : product;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return a > kMany - b ? kMany : a + b; }

// A part of a phrase.
struct Piece {
  enum class Kind { kText, kSlot, kPart, kGroup } kind;
  std::string text;                              // the text, or the name of the slot or part
  std::vector<std::vector<Piece>> alternatives;  // of a group
};
using Sequence = std::vector<Piece>;

class Parser {
 public:
  Parser(std::string_view line, const std::string& place) : line_(line), place_(place) {}

  Sequence parse() {
    Sequence sequence = sequence_until("");
    if (at_ < line_.size()) throw error(fmt::format("unexpected \"{}\"", line_[at_]));
    return sequence;
  }

 private:
  Error error(const std::string& what) const { return bad_data("{}:{}: {}", place_, at_ + 1, what); }

  Sequence sequence_until(std::string_view ends) {
    Sequence sequence;
    std::string text;
    const auto flush = [&] {
      if (!text.empty()) sequence.push_back({Piece::Kind::kText, text, {}});
      text.clear();
    };
    while (at_ < line_.size() && (ends.find(line_[at_]) == std::string_view::npos)) {
      const char c = line_[at_];
      if (c == '\\' && at_ + 1 < line_.size()) {
        text += line_[at_ + 1];
        at_ += 2;
      } else if (c == '{' || c == '<') {
        flush();
        sequence.push_back({c == '{' ? Piece::Kind::kSlot : Piece::Kind::kPart, name_until(c == '{' ? '}' : '>'), {}});
      } else if (c == '(') {
        flush();
        ++at_;
        Piece group{Piece::Kind::kGroup, "", {}};
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

struct Phrasebook::Impl {
  std::map<std::string, std::vector<Sequence>, std::less<>> sections, parts;

  // A sequence fits if all its slots are given. A group needs one alternative that fits.
  bool fits(const Sequence& sequence, const PhraseSlots& slots) const {
    return std::all_of(sequence.begin(), sequence.end(), [&](const Piece& piece) {
      switch (piece.kind) {
        case Piece::Kind::kText: return true;
        case Piece::Kind::kSlot: return slots.find(piece.text) != slots.end();
        case Piece::Kind::kPart: return any_fits(parts.at(piece.text), slots);
        case Piece::Kind::kGroup: return any_fits(piece.alternatives, slots);
      }
      return false;
    });
  }
  bool any_fits(const std::vector<Sequence>& choices, const PhraseSlots& slots) const {
    return std::any_of(choices.begin(), choices.end(), [&](const Sequence& s) { return fits(s, slots); });
  }

  void choose(const std::vector<Sequence>& choices, const PhraseSlots& slots, Random& random, std::string& out) const {
    std::vector<const Sequence*> fitting;
    for (const Sequence& sequence : choices) {
      if (fits(sequence, slots)) fitting.push_back(&sequence);
    }
    const Sequence& chosen = *random.pick(fitting);
    for (const Piece& piece : chosen) {
      switch (piece.kind) {
        case Piece::Kind::kText:
          out += piece.text.substr(out.ends_with('.') && piece.text.starts_with('.') ? 1 : 0);
          break;
        case Piece::Kind::kSlot: out += slots.find(piece.text)->second; break;
        case Piece::Kind::kPart: choose(parts.at(piece.text), slots, random, out); break;
        case Piece::Kind::kGroup: choose(piece.alternatives, slots, random, out); break;
      }
    }
  }

  // The positions of `text` where the sequence can end if it begins at one of `starts`.
  std::set<std::size_t> ends(const Sequence& sequence, const PhraseSlots& slots, std::string_view text,
                             std::set<std::size_t> starts) const {
    for (const Piece& piece : sequence) {
      if (starts.empty()) return starts;
      std::set<std::size_t> next;
      const auto literal = [&](std::string_view wanted) {
        for (const std::size_t start : starts) {
          if (text.substr(start, wanted.size()) == wanted) next.insert(start + wanted.size());
          // `choose` leaves out a period after a name that ends with one.
          if (wanted.starts_with('.') && text.substr(0, start).ends_with('.') &&
              text.substr(start, wanted.size() - 1) == wanted.substr(1))
            next.insert(start + wanted.size() - 1);
        }
      };
      const auto any_of = [&](const std::vector<Sequence>& choices) {
        for (const Sequence& choice : choices) next.merge(ends(choice, slots, text, starts));
      };
      switch (piece.kind) {
        case Piece::Kind::kText: literal(piece.text); break;
        case Piece::Kind::kSlot:
          if (const auto slot = slots.find(piece.text); slot != slots.end()) literal(slot->second);
          break;
        case Piece::Kind::kPart: any_of(parts.at(piece.text)); break;
        case Piece::Kind::kGroup: any_of(piece.alternatives); break;
      }
      starts = std::move(next);
    }
    return starts;
  }

  std::uint64_t count(const std::vector<Sequence>& choices) const {
    std::uint64_t sum = 0;
    for (const Sequence& sequence : choices) {
      std::uint64_t product = 1;
      for (const Piece& piece : sequence) {
        if (piece.kind == Piece::Kind::kPart) product = times(product, count(parts.at(piece.text)));
        if (piece.kind == Piece::Kind::kGroup) product = times(product, count(piece.alternatives));
      }
      sum = plus(sum, product);
    }
    return sum;
  }

  void collect_words(const std::vector<Sequence>& choices, std::set<std::string>& words) const {
    for (const Sequence& sequence : choices) {
      for (const Piece& piece : sequence) {
        if (piece.kind == Piece::Kind::kPart) collect_words(parts.at(piece.text), words);
        if (piece.kind == Piece::Kind::kGroup) collect_words(piece.alternatives, words);
        if (piece.kind != Piece::Kind::kText) continue;
        const std::string& text = piece.text;
        const auto letter = [](char c) { return is_lower(c) || is_upper(c); };
        for (std::size_t i = 0; i < text.size();) {
          std::size_t end = i;
          while (end < text.size() &&
                 (letter(text[end]) || (end > i && end + 1 < text.size() && letter(text[end + 1]) &&
                                        (text[end] == '\'' || text[end] == '-'))))
            ++end;
          if (end > i) words.insert(text.substr(i, end - i));
          i = std::max(end, i + 1);
        }
      }
    }
  }

  void collect_slots(const std::vector<Sequence>& choices, std::set<std::string>& names) const {
    for (const Sequence& sequence : choices) {
      for (const Piece& piece : sequence) {
        if (piece.kind == Piece::Kind::kSlot) names.insert(piece.text);
        if (piece.kind == Piece::Kind::kGroup) collect_slots(piece.alternatives, names);
        if (piece.kind != Piece::Kind::kPart) continue;
        if (const auto part = parts.find(piece.text); part != parts.end()) collect_slots(part->second, names);
      }
    }
  }

  // Parts must exist and may not contain themselves.
  void check(const std::string& name) const {
    std::set<std::string> open;
    const auto visit = [&](const auto& self, const std::vector<Sequence>& choices, const std::string& where) -> void {
      for (const Sequence& sequence : choices) {
        for (const Piece& piece : sequence) {
          if (piece.kind == Piece::Kind::kGroup) self(self, piece.alternatives, where);
          if (piece.kind != Piece::Kind::kPart) continue;
          const auto part = parts.find(piece.text);
          if (part == parts.end())
            throw bad_data("{}: [{}] uses <{}>, which no section [={}] defines", name, where, piece.text, piece.text);
          if (!open.insert(piece.text).second) throw bad_data("{}: <{}> contains itself", name, piece.text);
          self(self, part->second, piece.text);
          open.erase(piece.text);
        }
      }
    };
    for (const auto& [section, phrases] : sections) visit(visit, phrases, section);
  }
};

bool is_genre_section(std::string_view section) {
  const std::string_view form = section.substr(0, section.find('.'));
  return form.size() < section.size() && std::find(kGenreForms.begin(), kGenreForms.end(), form) != kGenreForms.end();
}

Phrasebook::Phrasebook() : impl_(std::make_unique<Impl>()) {}
Phrasebook::Phrasebook(Phrasebook&&) noexcept = default;
Phrasebook& Phrasebook::operator=(Phrasebook&&) noexcept = default;
Phrasebook::~Phrasebook() = default;

Phrasebook Phrasebook::built_in() {
  Phrasebook book;
  book.add_text({matinee_phrases_begin, static_cast<std::size_t>(matinee_phrases_end - matinee_phrases_begin)},
                "built-in phrases");
  return book;
}

void Phrasebook::add_file(const std::string& path) { add_text(read_text(path), path); }

void Phrasebook::add_text(std::string_view text, const std::string& name) {
  // A new section or slot in a book with sections is a mistake: nothing would use it.
  const bool extends = !impl_->sections.empty();
  std::set<std::string> slots;
  std::vector<Sequence>* section = nullptr;
  bool check_slots = false;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::string place = fmt::format("{}:{}", name, number);
    if (line.front() == '[') {
      if (line.back() != ']' || line.size() < 3)
        throw bad_data("{}: expected [section] or [=part], found \"{}\"", place, line);
      const bool part = line[1] == '=';
      const std::string title(line.substr(part ? 2 : 1, line.size() - (part ? 3 : 2)));
      // Catalogs may have genres that the book lacks.
      if (extends && !part && !is_genre_section(title) && !has(title))
        throw bad_data("{}: no act is called [{}]; the sections are listed in docs/phrases.md", place, title);
      section = &(part ? impl_->parts : impl_->sections)[title];
      slots.clear();
      if (extends) impl_->collect_slots(*section, slots);
      check_slots = extends && !part && !section->empty();
      continue;
    }
    if (section == nullptr) throw bad_data("{}: a phrase before the first [section]", place);
    Sequence phrase = Parser(line, place).parse();
    std::set<std::string> used;
    if (check_slots) impl_->collect_slots({phrase}, used);
    for (const std::string& slot : used) {
      if (!slots.contains(slot))
        throw bad_data("{}: the phrases of this section have no {{{}}}, but {}", place, slot,
                       slots.empty() ? "no slots" : "{" + fmt::format("{}", fmt::join(slots, "}, {")) + "}");
    }
    section->push_back(std::move(phrase));
  }
  impl_->check(name);
}

bool Phrasebook::has(std::string_view section) const { return impl_->sections.find(section) != impl_->sections.end(); }

std::vector<std::string> Phrasebook::sections() const {
  std::vector<std::string> names;
  for (const auto& [name, phrases] : impl_->sections) names.push_back(name);
  return names;
}

std::string Phrasebook::expand(std::string_view section, const PhraseSlots& slots, Random& random) const {
  const auto found = impl_->sections.find(section);
  if (found == impl_->sections.end() || !impl_->any_fits(found->second, slots)) {
    throw missing("phrasebook: section [{}] has no phrase for these slots", section);
  }
  std::string out;
  impl_->choose(found->second, slots, random, out);
  return out;
}

bool Phrasebook::lists(std::string_view section, const PhraseSlots& slots, std::string_view text) const {
  const auto found = impl_->sections.find(section);
  if (found == impl_->sections.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Sequence& sequence) {
    return impl_->ends(sequence, slots, text, {0}).contains(text.size());
  });
}

std::uint64_t Phrasebook::count(std::string_view section) const {
  const auto found = impl_->sections.find(section);
  return found == impl_->sections.end() ? 0 : impl_->count(found->second);
}

std::size_t Phrasebook::lines(std::string_view section) const {
  const auto found = impl_->sections.find(section);
  return found == impl_->sections.end() ? 0 : found->second.size();
}

std::vector<std::string> Phrasebook::words(std::string_view prefix) const {
  std::set<std::string> words;
  for (const auto& [name, phrases] : impl_->sections) {
    if (name.starts_with(prefix)) impl_->collect_words(phrases, words);
  }
  return {words.begin(), words.end()};
}

std::vector<std::string> Phrasebook::section_words(std::string_view section) const {
  std::set<std::string> words;
  if (const auto found = impl_->sections.find(section); found != impl_->sections.end())
    impl_->collect_words(found->second, words);
  return {words.begin(), words.end()};
}

}  // namespace matinee
