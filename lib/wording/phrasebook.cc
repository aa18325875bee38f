#include "lib/wording/phrasebook.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_map>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"
#include "lib/io/text_reader.h"

extern "C" {
// The files of lib/wording/phrases, one after another (mk/tools.mk).
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

}  // namespace

struct Phrasebook::Impl {
  std::map<std::string, PhraseChoices, std::less<>> sections;
  CompiledPhrases::Parts parts;
  std::unordered_map<std::string_view, CompiledPhrases> compiled;  // by the names of `sections`

  // A sequence fits if all its slots are given. A group needs one alternative that fits.
  bool fits(const PhraseSequence& sequence, const PhraseSlots& slots) const {
    return std::all_of(sequence.begin(), sequence.end(), [&](const PhrasePiece& piece) {
      switch (piece.kind) {
        case PhrasePiece::Kind::kText: return true;
        case PhrasePiece::Kind::kSlot: return slots.find(piece.text) != slots.end();
        case PhrasePiece::Kind::kPart: return any_fits(parts.at(piece.text), slots);
        case PhrasePiece::Kind::kGroup: return any_fits(piece.alternatives, slots);
      }
      return false;
    });
  }
  bool any_fits(const PhraseChoices& choices, const PhraseSlots& slots) const {
    return std::any_of(choices.begin(), choices.end(), [&](const PhraseSequence& s) { return fits(s, slots); });
  }

  void compile() {
    compiled.clear();
    for (const auto& [name, phrases] : sections) compiled.emplace(name, CompiledPhrases(phrases, parts));
  }

  std::uint64_t count(const PhraseChoices& choices) const {
    std::uint64_t sum = 0;
    for (const PhraseSequence& sequence : choices) {
      std::uint64_t product = 1;
      for (const PhrasePiece& piece : sequence) {
        if (piece.kind == PhrasePiece::Kind::kPart) product = times(product, count(parts.at(piece.text)));
        if (piece.kind == PhrasePiece::Kind::kGroup) product = times(product, count(piece.alternatives));
      }
      sum = plus(sum, product);
    }
    return sum;
  }

  void collect_words(const PhraseChoices& choices, std::set<std::string>& words) const {
    for (const PhraseSequence& sequence : choices) {
      for (const PhrasePiece& piece : sequence) {
        if (piece.kind == PhrasePiece::Kind::kPart) collect_words(parts.at(piece.text), words);
        if (piece.kind == PhrasePiece::Kind::kGroup) collect_words(piece.alternatives, words);
        if (piece.kind != PhrasePiece::Kind::kText) continue;
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

  void collect_slots(const PhraseChoices& choices, std::set<std::string>& names) const {
    for (const PhraseSequence& sequence : choices) {
      for (const PhrasePiece& piece : sequence) {
        if (piece.kind == PhrasePiece::Kind::kSlot) names.insert(piece.text);
        if (piece.kind == PhrasePiece::Kind::kGroup) collect_slots(piece.alternatives, names);
        if (piece.kind != PhrasePiece::Kind::kPart) continue;
        if (const auto part = parts.find(piece.text); part != parts.end()) collect_slots(part->second, names);
      }
    }
  }

  // Parts must exist and may not contain themselves.
  void check(const std::string& name) const {
    std::set<std::string> open;
    const auto visit = [&](const auto& self, const PhraseChoices& choices, const std::string& where) -> void {
      for (const PhraseSequence& sequence : choices) {
        for (const PhrasePiece& piece : sequence) {
          if (piece.kind == PhrasePiece::Kind::kGroup) self(self, piece.alternatives, where);
          if (piece.kind != PhrasePiece::Kind::kPart) continue;
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
  PhraseChoices* section = nullptr;
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
      if (extends && !part && !is_genre_section(title) && !impl_->sections.contains(title))
        throw bad_data("{}: no act is called [{}]; the sections are listed in docs/phrases.md", place, title);
      section = &(part ? impl_->parts : impl_->sections)[title];
      slots.clear();
      if (extends) impl_->collect_slots(*section, slots);
      check_slots = extends && !part && !section->empty();
      continue;
    }
    if (section == nullptr) throw bad_data("{}: a phrase before the first [section]", place);
    PhraseSequence phrase = parse_phrase(line, place);
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
  impl_->compile();
}

const PhraseChoices& Phrasebook::phrases(std::string_view section) const {
  static const PhraseChoices none;
  const auto found = impl_->sections.find(section);
  return found == impl_->sections.end() ? none : found->second;
}

const PhraseChoices& Phrasebook::part(std::string_view name) const { return impl_->parts.find(name)->second; }

bool Phrasebook::fits(const PhraseSequence& phrase, const PhraseSlots& slots) const {
  return impl_->fits(phrase, slots);
}

bool Phrasebook::has(std::string_view section) const { return impl_->compiled.contains(section); }

std::vector<std::string> Phrasebook::sections() const {
  std::vector<std::string> names;
  for (const auto& [name, phrases] : impl_->sections) names.push_back(name);
  return names;
}

std::string Phrasebook::expand(std::string_view section, const PhraseSlots& slots, Random& random) const {
  const auto found = impl_->compiled.find(section);
  std::string out;
  if (found == impl_->compiled.end() || !found->second.expand(slots, random, out)) {
    throw missing("phrasebook: section [{}] has no phrase for these slots", section);
  }
  return out;
}

std::uint64_t Phrasebook::count(std::string_view section) const {
  const auto found = impl_->sections.find(section);
  return found == impl_->sections.end() ? 0 : impl_->count(found->second);
}

std::size_t Phrasebook::lines(std::string_view section) const {
  const auto found = impl_->sections.find(section);
  return found == impl_->sections.end() ? 0 : found->second.size();
}

std::vector<std::string> Phrasebook::section_words(std::string_view section) const {
  std::set<std::string> words;
  if (const auto found = impl_->sections.find(section); found != impl_->sections.end())
    impl_->collect_words(found->second, words);
  return {words.begin(), words.end()};
}

}  // namespace matinee
