#include "lib/text/split_families.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>

#include "lib/base/format_error.h"
#include "lib/text/utf8.h"

namespace matinee {
namespace {

// Letters of ASCII in a row from p on, of which 16 bytes may be read; 16 where there may be more.
std::size_t letters_at(const char* p) {
  const __m128i lower = _mm_or_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_set1_epi8(0x20));
  const __m128i place = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
  const __m128i letters = _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8('z' - 'a')), place);
  return static_cast<std::size_t>(std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(letters))));
}

// How a byte may begin a piece that ends with the letters behind it.
enum class BeforeLetters : std::uint8_t { kStaysApart, kIsLetter, kGoesWithThem };
using BeforeLettersTable = std::array<BeforeLetters, 256>;

// GPT-2's pattern lets a space go with a word, that of Llama 3 and Qwen 2 one character of many.
constexpr BeforeLettersTable before_letters(bool only_space) {
  BeforeLettersTable table{};
  for (std::size_t c = 0; c < 128; ++c) {
    const CharacterClass kind = kAsciiClasses[c];
    const bool goes = only_space ? c == ' ' : c != '\r' && c != '\n' && c != '\'' && kind != CharacterClass::kNumber;
    table[c] = kind == CharacterClass::kLetter ? BeforeLetters::kIsLetter
               : goes                          ? BeforeLetters::kGoesWithThem
                                               : BeforeLetters::kStaysApart;
  }
  return table;
}

// Words of up to 16 ASCII letters, with what goes with them, are most of a text and are cut at once; the rest is left
// to the pattern's own function.
template <bool kOnlySpace>
std::size_t cut_words(std::string_view text, std::size_t readable, std::size_t begin, std::span<std::size_t> ends,
                      std::size_t (*piece_end)(std::string_view, std::size_t)) {
  static constexpr BeforeLettersTable kBefore = before_letters(kOnlySpace);
  std::size_t count = 0;
  while (begin < text.size() && count < ends.size()) {
    const BeforeLetters before = kBefore[static_cast<unsigned char>(text[begin])];
    const std::size_t first = begin + (before == BeforeLetters::kGoesWithThem ? 1 : 0);
    if (before != BeforeLetters::kStaysApart && first + 16 < readable) {
      const std::size_t letters = letters_at(text.data() + first);
      const std::size_t end = first + letters;
      if (letters > 0 && letters < 16 && first < text.size() && static_cast<unsigned char>(text.data()[end]) < 0x80) {
        begin = std::min(end, text.size());
        ends[count++] = begin;
        continue;
      }
    }
    begin = piece_end(text, begin);
    ends[count++] = begin;
  }
  return count;
}

// Behind the last character of the class from `position` on; `last` is where that character begins.
std::size_t run_end(std::string_view text, std::size_t position, CharacterClass kind, std::size_t& last) {
  const CharacterTable& table = CharacterTable::instance();
  for (;;) {
    const std::size_t begin = position;
    while (position < text.size() && static_cast<unsigned char>(text[position]) < 0x80 &&
           kAsciiClasses[static_cast<unsigned char>(text[position])] == kind)
      ++position;
    if (position > begin) last = position - 1;
    if (position == text.size() || static_cast<unsigned char>(text[position]) < 0x80) return position;
    std::size_t after = position;
    if (table.class_of(decode_utf8(text, after)) != kind) return position;
    last = position;
    position = after;
  }
}

bool is_newline(char c) { return c == '\r' || c == '\n'; }

// 's 't 're 've 'm 'll 'd behind an apostrophe at `begin`; 0 where none. Without case also ſ, which folds to s.
std::size_t contraction_end(std::string_view text, std::size_t begin, bool ignore_case) {
  const auto at = [&](std::size_t i) {
    const char c = begin + i < text.size() ? text[begin + i] : '\0';
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = at(1), second = at(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return begin + 2;
  if (ignore_case && text.substr(begin + 1, 2) == "\xC5\xBF") return begin + 3;
  const bool pair =
      (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
  return pair ? begin + 3 : 0;
}

// \s+(?!\S)|\s+: a run of spaces before something else leaves its last one to it, unless it is the only one.
std::size_t spaces_end(std::string_view text, std::size_t begin) {
  std::size_t last = begin;
  const std::size_t end = run_end(text, begin, CharacterClass::kSpace, last);
  return end < text.size() && last > begin ? last : end;
}

// What Llama 3 and Qwen 2 share; they differ in how many digits make a piece.
template <int kDigits>
std::size_t case_folding_piece_end(std::string_view text, std::size_t begin) {
  const char first = text[begin];
  if (first == '\'') {
    if (const std::size_t end = contraction_end(text, begin, true)) return end;
  }
  std::size_t after = 0, last = begin;
  const CharacterClass kind = character_class_at(text, begin, after);
  if (kind == CharacterClass::kLetter) return run_end(text, after, kind, last);
  if (kind == CharacterClass::kNumber) {
    for (int digits = 1; digits < kDigits && after < text.size(); ++digits) {
      std::size_t next = 0;
      if (character_class_at(text, after, next) != CharacterClass::kNumber) break;
      after = next;
    }
    return after;
  }
  // One character before a word goes with it, unless it ends a line.
  std::size_t behind = after;
  const CharacterClass next = after < text.size() ? character_class_at(text, after, behind) : CharacterClass::kSpace;
  if (!is_newline(first) && next == CharacterClass::kLetter) return run_end(text, behind, next, last);
  if (kind == CharacterClass::kOther || (first == ' ' && after < text.size() && next == CharacterClass::kOther)) {
    std::size_t end = run_end(text, after, CharacterClass::kOther, last);
    while (end < text.size() && is_newline(text[end])) ++end;
    return end;
  }
  // \s*[\r\n]+ reaches behind the last line end of the run.
  const std::size_t end = run_end(text, begin, CharacterClass::kSpace, last);
  for (std::size_t position = end; position > begin; --position)
    if (is_newline(text[position - 1])) return position;
  return end < text.size() && last > begin ? last : end;
}

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::size_t gpt2_cut(std::string_view text, std::size_t readable, std::size_t begin, std::span<std::size_t> ends) {
  return cut_words<true>(text, readable, begin, ends, gpt2_piece_end);
}
template <int kDigits>
std::size_t case_folding_cut(std::string_view text, std::size_t readable, std::size_t begin,
                             std::span<std::size_t> ends) {
  return cut_words<false>(text, readable, begin, ends, case_folding_piece_end<kDigits>);
}

constexpr std::array<SplitFamily, 3> kFamilies{{
    {"gpt2", kGpt2Pattern, gpt2_piece_end, gpt2_cut},
    {"llama3", kLlama3Pattern, case_folding_piece_end<3>, case_folding_cut<3>},
    {"qwen2", kQwen2Pattern, case_folding_piece_end<1>, case_folding_cut<1>},
}};

}  // namespace

std::size_t gpt2_piece_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'') {
    if (const std::size_t end = contraction_end(text, begin, false)) return end;
  }
  std::size_t after = 0;
  CharacterClass run = character_class_at(text, begin, after);
  if (text[begin] == ' ' && after < text.size()) {
    std::size_t behind = 0;
    const CharacterClass next = character_class_at(text, after, behind);
    if (next != CharacterClass::kSpace) {
      run = next;
      after = behind;
    }
  }
  if (run == CharacterClass::kSpace) return spaces_end(text, begin);
  std::size_t last = begin;
  return run_end(text, after, run, last);
}

std::span<const SplitFamily> split_families() { return kFamilies; }

const SplitFamily* family_of_pattern(std::string_view pattern) {
  for (const SplitFamily& family : kFamilies)
    if (family.pattern == pattern) return &family;
  return nullptr;
}

const SplitFamily* only_family_of(const std::vector<PreTokenizerStep>& steps) {
  using Kind = PreTokenizerStep::Kind;
  if (steps.empty() || steps.back().kind != Kind::kByteLevel || steps.back().add_prefix_space) return nullptr;
  if (steps.size() == 1) return steps[0].use_regex ? family_of_pattern(kGpt2Pattern) : nullptr;
  const bool isolates = steps[0].kind == Kind::kSplit && steps[0].behavior == PreTokenizerStep::Behavior::kIsolated;
  return steps.size() == 2 && isolates && !steps[1].use_regex ? family_of_pattern(steps[0].pattern) : nullptr;
}

std::vector<PreTokenizerStep> split_steps_of(std::string_view name) {
  using Kind = PreTokenizerStep::Kind;
  if (name == "gpt2") return {{.kind = Kind::kByteLevel, .use_regex = true}};
  for (const SplitFamily& family : kFamilies) {
    if (family.name != name) continue;
    return {{.kind = Kind::kSplit, .pattern = std::string(family.pattern)},
            {.kind = Kind::kByteLevel, .use_regex = false}};
  }
  throw internal_error("split_steps_of: no family \"{}\"", name);
}

}  // namespace matinee
